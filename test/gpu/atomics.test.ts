/** Atomic operations: of integers and floats, what they give back, and reads and writes beside them. */
import { describe, expect, it } from 'vitest'
import type { ConfigInput } from '../../src/config/config.ts'
import { hl, type Tensor } from '../../src/language/index.ts'
import { values, whole } from './inputs.ts'
import { expectRight, Subject } from './subject.ts'

/** Tiles with a thread for each element, with several, and with copies in idle threads. */
const CONFIGS: readonly ConfigInput[] = [
  { block_sizes: [64], num_warps: 1 },
  { block_sizes: [32], num_warps: 1 },
  { block_sizes: [4], num_warps: 2 },
]

const bins = whole([300], 'i32', [0, 8])

describe.each(['f32', 'i32', 'u32'] as const)('%s', (dtype) => {
  const x = whole([300], dtype)

  it('adds, and keeps the larger and the smaller, whoever comes first', async () => {
    await expectRight(
      function reduced(x: Tensor, bin: Tensor) {
        const sums = hl.zeros([9], x.dtype)
        const highest = hl.zeros([9], x.dtype)
        const lowest = hl.full([9], 100, x.dtype)
        for (const t of hl.tile(x.shape[0])) {
          sums.at(bin.at(t)).atomicAdd(x.at(t))
          hl.atomicMax(highest, [bin.at(t)], x.at(t))
          hl.atomicMin(lowest, [bin.at(t)], x.at(t))
        }
        return [sums, highest, lowest]
      },
      [x, bins],
      CONFIGS,
    )
  })

  it('gives back what was there, 0 beyond the ends', async () => {
    await expectRight(
      function before(x: Tensor, y: Tensor) {
        const [n] = x.shape
        const added = hl.empty([n], x.dtype)
        const exchanged = hl.empty([n], x.dtype)
        for (const t of hl.tile(n)) {
          added.at(t).set(x.at(t.index.add(2)).atomicAdd(y.at(t)))
          exchanged.at(t).set(y.at(t).atomicExchange(7))
        }
        return [added, exchanged]
      },
      [x, whole([300], dtype, [1, 5])],
      CONFIGS,
    )
  })

  it('compares and exchanges', async () => {
    await expectRight(
      function compared(x: Tensor) {
        const before = hl.emptyLike(x)
        for (const t of hl.tile(x.shape[0])) before.at(t).set(x.at(t).atomicCompareExchange(2, t.index))
        return before
      },
      [x],
      CONFIGS,
    )
  })

  it('reads and writes elements in the same loop', async () => {
    await expectRight(
      function mixed(x: Tensor) {
        const out = hl.emptyLike(x)
        for (const t of hl.tile(x.shape[0])) {
          x.at(t).set(x.at(t).mul(2))
          x.at(t).atomicAdd(1)
          out.at(t).set(x.at(t))
        }
        return out
      },
      [x],
      CONFIGS,
    )
  })
})

it('works on bits', async () => {
  await expectRight(
    function bits(x: Tensor, y: Tensor) {
      const outs = [0, 1, 2].map(() => hl.emptyLike(x))
      for (const t of hl.tile(x.shape[0])) {
        outs[0]?.at(t).set(x.at(t).atomicAnd(y.at(t)))
        outs[1]?.at(t).set(x.at(t).atomicOr(12))
        outs[2]?.at(t).set(x.at(t).atomicXor(y.at(t)))
      }
      return outs
    },
    [whole([100], 'u32', [0, 255]), whole([100], 'u32', [0, 255])],
    CONFIGS,
  )
})

it('of a scalar, in every thread', async () => {
  await expectRight(
    function total(x: Tensor) {
      const out = hl.empty([3])
      const sum = hl.full([3], 5)
      for (const i of hl.grid(3)) {
        const before = sum.at(i).atomicAdd(x.at(i, ':').sum())
        out.at(i).set(before.add(sum.at(i)))
      }
      return out
    },
    [whole([3, 40])],
    [{ num_warps: 1 }, { num_warps: 4 }],
  )
})

it('of rows in two dimensions, with values that some threads copy', async () => {
  await expectRight(
    function rows(x: Tensor, y: Tensor) {
      const out = hl.emptyLike(x)
      for (const [i, j] of hl.tile(x.shape)) out.at(i, j).set(x.at(i, j).atomicAdd(y.at(i, null)).add(1))
      return out
    },
    [whole([9, 10]), whole([9])],
    [
      { block_sizes: [4, 8], num_warps: 2 },
      { block_sizes: [1, 2], num_warps: 1 },
    ],
  )
})

it('gives every element a number of its own', async () => {
  const subject = await Subject.of(
    function numbers(x: Tensor) {
      const count = hl.zeros([1], 'u32')
      const taken = hl.zeros([200], 'u32')
      for (const t of hl.tile(x.shape[0])) taken.at(count.at(x.at(t)).atomicAdd(1).to('i32')).atomicAdd(1)
      return taken
    },
    [values([200], 'i32', () => 0)],
  )
  for (const config of CONFIGS) await subject.expectRight(config)
  expect(subject.wgsl()).toContain('atomicAdd')
})
