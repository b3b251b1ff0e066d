/** Loops on the device: what they carry, where they end, nested and written out. */
import { describe, expect, it } from 'vitest'
import { hl, type Tensor } from '../../src/language/index.ts'
import { values, whole } from './inputs.ts'
import * as kernels from './kernels.ts'
import { expectRight, Subject } from './subject.ts'

const WRITTEN_OUT = [
  {},
  { static_ranges: true },
  { range_unroll_factors: 2 },
  { range_unroll_factors: 3 },
] as const

describe('carried values', () => {
  it('that change places', async () => {
    await expectRight(
      function rotate(x: Tensor) {
        const out = hl.empty([3, x.shape[0]])
        for (const t of hl.tile(x.shape[0])) {
          const [a, b, c] = [x.at(t).clone(), x.at(t).add(10).clone(), x.at(t).sub(7).clone()]
          for (const _ of hl.grid(4)) {
            const first = a.add(0)
            a.assign(b)
            b.assign(c)
            c.assign(first)
          }
          out.at(0, t).set(a)
          out.at(1, t).set(b)
          out.at(2, t).set(c)
        }
        return out
      },
      [whole([100])],
      WRITTEN_OUT,
    )
  })

  it('of which one takes the place of another that is changed before', async () => {
    await expectRight(
      function fibonacci(x: Tensor) {
        const out = hl.empty([2, x.shape[0]])
        for (const t of hl.tile(x.shape[0])) {
          const [a, b] = [x.at(t).clone(), x.at(t).add(1).clone()]
          for (const _ of hl.grid(5)) {
            const next = a.add(b)
            b.assign(a)
            a.assign(next)
          }
          out.at(0, t).set(a)
          out.at(1, t).set(b)
        }
        return out
      },
      [whole([100])],
      WRITTEN_OUT,
    )
  })

  it('scalars, booleans and positions', async () => {
    await expectRight(
      function search(x: Tensor, wanted: number) {
        const out = hl.empty([2], 'i32')
        for (const _ of hl.grid(1)) {
          const place = hl.full([], -1, 'i32')
          const found = hl.full([], 0, 'bool')
          for (const i of hl.grid(x.shape[0])) {
            const here = x.at(i).eq(wanted)
            place.assign(hl.where(here, i, place))
            found.assign(found.or(here))
          }
          out.at(0).set(place)
          out.at(1).set(found)
        }
        return out
      },
      [values([20], 'f32', (i) => i % 7), 5],
    )
  })

  it('that a product adds to while its former value lives on', async () => {
    await expectRight(
      function twoSums(x: Tensor, y: Tensor) {
        const [m, k] = x.shape
        const out = hl.empty([2, m, y.shape[1]])
        for (const [i, j] of hl.tile([m, y.shape[1]])) {
          const [acc, before] = [hl.zeros([i, j]), hl.zeros([i, j])]
          for (const l of hl.tile(k, { blockSize: 8 })) {
            before.assign(acc)
            acc.addDot(x.at(i, l), y.at(l, j))
          }
          out.at(0, i, j).set(acc)
          out.at(1, i, j).set(before)
        }
        return out
      },
      [whole([10, 24]), whole([24, 12])],
      [{}, { num_stages: 2 }, { static_ranges: true, num_warps: 1 }],
    )
  })
})

describe('ranges', () => {
  it('over several dimensions, in any order, unrolled and written out', async () => {
    await expectRight(
      function total(x: Tensor) {
        const out = hl.empty([1])
        for (const _ of hl.grid(1)) {
          const acc = hl.zeros([])
          for (const [i, j] of hl.tile([x.shape[0], x.shape[1]])) acc.addAssign(x.at(i, j).sum())
          out.at(0).set(acc)
        }
        return out
      },
      [whole([19, 37])],
      [
        { block_sizes: [8, 8] },
        { block_sizes: [8, 8], loop_orders: [[1, 0]] },
        { block_sizes: [8, 8], range_unroll_factors: 3 },
        { block_sizes: [16, 16], static_ranges: true },
      ],
    )
  })

  it('keep their order when the carried values look at each other', async () => {
    const fn = function running(x: Tensor): Tensor {
      const out = hl.empty([1])
      for (const _ of hl.grid(1)) {
        const [a, b] = [hl.zeros([]), hl.zeros([])]
        for (const [i, j] of hl.tile([x.shape[0], x.shape[1]], { blockSize: 1 })) {
          b.addAssign(a)
          a.addAssign(x.at(i, j).sum())
        }
        out.at(0).set(b)
      }
      return out
    }
    const subject = await Subject.of(fn, [whole([4, 5])], { staticShapes: true })
    expect(subject.spec.input.loops[1]).toMatchObject({ kind: 'device', canReorder: false })
    await subject.expectRight({ loop_orders: [[1, 0]] })
  })

  it('inside others, one within the other', async () => {
    await expectRight(
      function triangle(x: Tensor) {
        const [n] = x.shape
        const out = hl.empty([n])
        for (const t of hl.tile(n, { blockSize: 8 })) {
          const acc = hl.zeros([t])
          for (const u of hl.tile(0, t.end, { blockSize: 4 })) {
            for (const v of hl.tile(u.begin, u.end)) {
              const earlier = v.index.unsqueeze(0).le(t.index.unsqueeze(1))
              acc.addAssign(hl.where(earlier, x.at(v).unsqueeze(0), 0).sum(1))
            }
          }
          out.at(t).set(acc)
        }
        return out
      },
      [whole([30])],
      [{}, { block_sizes: [2] }, { range_unroll_factors: 2, num_warps: 1 }],
    )
  })

  it('bounded by a reduction of positions', async () => {
    await expectRight(
      function upTo(x: Tensor) {
        const out = hl.empty(x.shape)
        for (const t of hl.tile(x.shape[0], { blockSize: 16 })) {
          const acc = hl.zeros([t])
          for (const u of hl.tile(0, t.index.amax(0).add(1))) acc.addAssign(x.at(u).sum(0))
          out.at(t).set(acc)
        }
        return out
      },
      [whole([70])],
      [{}, { block_sizes: [8] }],
    )
  })

  it('of a scan that workgroups share out', async () => {
    await expectRight(
      (x: Tensor) => x.cumsum(0),
      [whole([300])],
      [{}, { split_sums: 4, reduction_loops: 32 }, { split_sums: 32, reduction_loops: 8, num_warps: 1 }],
    )
  })

  it('of a causal kind, per tile', async () => {
    await expectRight(kernels.prefixSums, [whole([70])], [{ block_sizes: [8, 16] }, { block_sizes: [32, 8] }])
  })

  it('a row that is streamed, then read by a loop', async () => {
    await expectRight(
      function passes(x: Tensor) {
        const [m, n] = x.shape
        const centred = hl.empty([m, n])
        const out = hl.empty([m])
        for (const r of hl.tile(m)) {
          const v = x.at(r, ':')
          centred.at(r, ':').set(v.sub(v.amax(-1, { keepdim: true })))
          const acc = hl.zeros([r])
          for (const k of hl.tile(n)) acc.addAssign(centred.at(r, k).sum(-1))
          out.at(r).set(acc)
        }
        return [centred, out]
      },
      [whole([5, 100])],
      [{}, { reduction_loops: [16] }, { reduction_loops: [32], block_sizes: [4, 8], num_warps: 1 }],
    )
  })

  it('of which each may read what it stores, when they are streamed', async () => {
    await expectRight(
      function inPlace(x: Tensor) {
        for (const r of hl.tile(x.shape[0])) {
          const v = x.at(r, ':')
          x.at(r, ':').set(v.sub(v.amax(-1, { keepdim: true })))
        }
      },
      [whole([5, 100])],
      [{}, { reduction_loops: [16] }],
    )
  })
})

describe('written out', () => {
  const nested = function nested(x: Tensor): Tensor {
    const out = hl.zeros(x.shape)
    for (const t of hl.tile(x.shape[0])) {
      const acc = hl.zeros([])
      for (const [i, j] of hl.tile([64, 64]))
        acc.addAssign(i.index.unsqueeze(1).add(j.index.unsqueeze(0)).sum())
      out.at(t).set(acc)
    }
    return out
  }

  const tooLong = (rounds: number): string =>
    `${rounds} rounds of a loop, written out, would be more than 1024 lines of WGSL`

  it('rounds of all dimensions count', async () => {
    const subject = await Subject.of(nested, [whole([10])])
    await subject.expectRight({ static_ranges: [true], block_sizes: [8, 32, 32] })
    expect(() => subject.compile({ static_ranges: [true], block_sizes: [8, 4, 4] })).toThrow(tooLong(16))
  })

  it('so do the lines of each', async () => {
    const subject = await Subject.of(kernels.columnSums, [whole([37, 50])])
    const config = { block_sizes: [64, 64], num_warps: 1 }
    await subject.expectRight({ ...config, range_unroll_factors: [0] })
    expect(() => subject.compile({ ...config, range_unroll_factors: [4] })).toThrow(tooLong(4))
  })
})

describe('with two stages', () => {
  it('what is computed from positions is not carried over from the next round', async () => {
    await expectRight(
      function shifted(x: Tensor, y: Tensor) {
        const [m, k] = x.shape
        const n = y.shape[1]
        const out = hl.empty([m, n])
        for (const [i, j] of hl.tile([m, n])) {
          const [acc, sums] = [hl.zeros([i, j]), hl.zeros([i])]
          for (const l of hl.tile(k, { blockSize: 16 })) {
            const at = l.index.add(l.begin.mul(2).add(1))
            acc.addDot(x.at(i, at), y.at(l, j))
            sums.addAssign(x.at(i, at).sum(1))
          }
          out.at(i, j).set(acc.add(sums.unsqueeze(1)))
        }
        return out
      },
      [whole([12, 40]), whole([40, 10])],
      [{ num_stages: 1 }, { num_stages: 2, block_sizes: [16, 16] }],
    )
  })

  it('operands that the loop itself stores are not loaded before', async () => {
    await expectRight(
      function storesFirst(x: Tensor, y: Tensor) {
        const [m, k] = x.shape
        const n = hl.specialize(y.shape[1])
        const doubled = hl.zeros([m, k])
        const out = hl.empty([m, n])
        for (const i of hl.tile(m)) {
          const acc = hl.zeros([i, n])
          for (const l of hl.tile(k, { blockSize: 8 })) {
            doubled.at(i, l).set(x.at(i, l).mul(2))
            acc.addDot(doubled.at(i, l), y.at(l, ':'))
          }
          out.at(i, ':').set(acc)
        }
        return out
      },
      [whole([12, 40]), whole([40, 8])],
      [{ num_stages: 1 }, { num_stages: 2 }],
    )
  })

  it('operands that pass through workgroup memory', async () => {
    await expectRight(
      kernels.matmul,
      [whole([18, 24]), whole([24, 20])],
      [
        { num_stages: 2, indexing: 'tensor_descriptor', block_sizes: [16, 16, 8], num_warps: 1 },
        {
          block_sizes: [32, 32, 8],
          num_warps: 1,
          static_ranges: true,
          indexing: ['tensor_descriptor', 'tensor_descriptor', 'pointer'],
        },
      ],
    )
  })
})
