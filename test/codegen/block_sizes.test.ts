/** Block sizes that the author registers or leaves open: shared by loops, and used as sizes. */
import { describe, expect, it } from 'vitest'
import { hl, type Tensor } from '../../src/language/index.ts'
import { host, ramp } from '../language/harness.ts'
import { Compiled } from './compiling.ts'
import { OnCpu } from './on_cpu.ts'

/** One dimension is fixed, the other left to the config. */
function fixedAndOpen(x: Tensor): Tensor {
  const out = hl.emptyLike(x)
  const [m = 0, n = 0] = x.shape
  for (const [i, j] of hl.tile([m, n], { blockSize: [1, null] })) out.at(i, j).set(x.at(i, j).mul(2))
  return out
}

/** The gradient of a weight: partial sums of blocks of rows, added up by a second loop. */
function partialSums(x: Tensor): Tensor {
  const [m = 0, n = 0] = x.shape
  const block = hl.registerBlockSize(m)
  const partial = hl.empty([hl.cdiv(m, block), n])
  const out = hl.empty([n])
  for (const rows of hl.tile(m, { blockSize: block })) {
    const acc = hl.zeros([n])
    for (const r of hl.tile(rows.begin, rows.end)) acc.addAssign(x.at(r, ':').sum(0))
    partial.at(rows.id, ':').set(acc)
  }
  for (const t of hl.tile(n)) out.at(t).set(partial.at(':', t).sum(0))
  return out
}

/** A grid of blocks by number, and loops within them. */
function blocksByNumber(x: Tensor): Tensor {
  const [m = 0] = x.shape
  const block = hl.registerBlockSize(4, m)
  const sums = hl.zeros([hl.cdiv(m, block)])
  const out = hl.zeros([1])
  for (const i of hl.grid(hl.cdiv(m, block))) {
    const first = i.mul(block)
    const acc = hl.zeros([])
    for (const t of hl.tile(first, hl.minimum(first.add(block), m))) acc.addAssign(x.at(t).sum())
    sums.at(i).set(acc)
  }
  for (const t of hl.tile(hl.cdiv(m, block))) out.at(0).atomicAdd(sums.at(t).sum())
  return out
}

/** A square of one size. */
function transposed(x: Tensor): Tensor {
  const [m = 0, n = 0] = x.shape
  const side = hl.registerBlockSize(hl.maximum(m, n))
  const out = hl.empty([n, m])
  for (const [i, j] of hl.tile([m, n], { blockSize: [side, side] })) out.at(j, i).set(x.at(i, j).transpose())
  return out
}

/** A product in tiles of lengths that are no powers of two. */
function oddProduct(x: Tensor, y: Tensor): Tensor {
  const [m = 0, n = 0] = [x.shape[0], y.shape[1]]
  const out = hl.empty([m, n])
  for (const [i, j] of hl.tile([m, n], { blockSize: [6, null] })) {
    const acc = hl.zeros([i, j])
    for (const k of hl.tile(x.shape[1], { blockSize: 12 })) acc.addDot(x.at(i, k), y.at(k, j))
    out.at(i, j).set(acc.relu())
  }
  return out
}

/** Parts of a sum, as long as the arguments and the config say. */
function splitK(x: Tensor, y: Tensor): Tensor {
  const [m = 0, k = 0] = x.shape
  const n = y.shape[1]
  const out = hl.zeros([m, n])
  const parts = hl.registerTunable('parts', hl.powerOf2(1, 8, 4))
  const length = hl.nextPowerOf2(hl.cdiv(k, parts))
  for (const [i, j, part] of hl.tile([m, n, k], { blockSize: [null, null, length] })) {
    const acc = hl.zeros([i, j])
    for (const t of hl.tile(part.begin, part.end)) acc.addDot(x.at(i, t), y.at(t, j))
    out.at(i, j).atomicAdd(hl.where(part.id.eq(0), acc.add(1), acc))
  }
  return out
}

const ROWS = 37
const PARTIAL_CONFIGS = [
  {},
  { block_sizes: [1, 8, 4] },
  { block_sizes: [64, 4, 16] },
  { block_sizes: [8, 8, 1] },
]

describe.each([true, false])('dynamic %s', (dynamic) => {
  it('one dimension fixed, one open', () => {
    const subject = new OnCpu(fixedAndOpen, [ramp([5, 70])], { dynamic })
    expect(subject.compiled.input.blocks.map(({ name }) => name)).toEqual(['tile1'])
    for (const size of [1, 16, 64]) subject.expectRight({ block_sizes: [size] })
  })

  it.each([
    [ROWS, 20],
    [1, 3],
    [0, 3],
    [64, 1],
  ])('partial sums of %i rows of %i', (m, n) => {
    const subject = new OnCpu(partialSums, [ramp([m, n])], { dynamic })
    for (const config of PARTIAL_CONFIGS) subject.expectRight(config)
  })

  it('blocks by number', () => {
    const subject = new OnCpu(blocksByNumber, [ramp([ROWS])], { dynamic })
    for (const size of [4, 8, 64]) subject.expectRight({ block_sizes: [size, 4, 8] })
  })

  it('lengths that are no powers of two', () => {
    const subject = new OnCpu(oddProduct, [ramp([20, 29]), ramp([29, 10])], { dynamic })
    for (const size of [1, 4, 16]) subject.expectRight({ block_sizes: size })
    subject.expectRight({ mma: ['direct'], num_warps: 4, slice_k: [1] })
    subject.expectRight({ num_stages: 2, num_warps: 4, slice_k: [2] })
  })

  it('lengths that are sizes of the launch', () => {
    const subject = new OnCpu(splitK, [ramp([5, 29]), ramp([29, 6])], { dynamic })
    subject.expectRight()
    for (const size of [1, 4, 16]) subject.expectRight({ block_sizes: [2, 4, size] })
  })

  it('a square of one size', () => {
    const subject = new OnCpu(transposed, [ramp([20, 33])], { dynamic })
    expect(subject.compiled.input.blocks).toHaveLength(1)
    for (const size of [1, 4, 16]) subject.expectRight({ block_sizes: size })
  })
})

it('loops that share a size have one entry, in the order of registration', () => {
  const { input, spec } = new Compiled(partialSums, [ramp([4096, 512])])
  expect(input.blocks.map(({ name, max }) => [name, max])).toEqual([
    ['size0', 4096],
    ['tile3', 16384],
    ['tile6', 512],
  ])
  expect(spec.defaultConfig().blockSizes).toHaveLength(3)
})

it('a size that nothing uses is no entry', () => {
  const { input } = new Compiled(
    (x: Tensor) => {
      hl.registerBlockSize(x.shape[0])
      const out = hl.emptyLike(x)
      for (const t of hl.tile(x.shape[0])) out.at(t).set(x.at(t))
      return out
    },
    [ramp([8])],
  )
  expect(input.blocks).toHaveLength(1)
})

it('two axes of one size count twice when tiles are shrunk', () => {
  const { spec } = new Compiled(transposed, [ramp([1024, 1024])])
  const [size = 0] = spec.shrink(
    spec.normalize({ block_sizes: [1024], num_warps: 1 }, 'strict'),
    32,
  ).blockSizes
  expect(size).toBe(32)
})

it('a condition on a size that the config decides refuses configs', () => {
  function few(x: Tensor): Tensor {
    const [m = 0] = x.shape
    const block = hl.registerBlockSize(m)
    const slots = hl.zeros([8])
    const out = hl.zeros([8])
    for (const i of hl.tile(hl.cdiv(m, block))) slots.at(i).set(1)
    for (const t of hl.tile(8)) out.at(t).set(slots.at(t))
    return out
  }
  const subject = new OnCpu(few, [host([64], (i) => i)])
  expect(() => subject.run({ block_sizes: [4, 1, 1] })).toThrow(
    "local1.at(…) reads dimension 0 of local1 up to the end of the tile's range: 16 must be at most 8",
  )
  expect(subject.run({ block_sizes: [8, 1, 1] }).reports).toEqual([])
})
