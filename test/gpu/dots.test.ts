/** Matrix products: every way the tile, the micro-tiles and the threads can fit or not fit each other. */
import { describe, it } from 'vitest'
import { hl, type Tensor } from '../../src/language/index.ts'
import { getDevice } from '../../src/runtime/default_device.ts'
import type { DType } from '../../src/support/dtypes.ts'
import * as batched from '../codegen/batched_kernels.ts'
import { spread, values, whole } from './inputs.ts'
import * as kernels from './kernels.ts'
import { CLOSE, expectRight, Subject } from './subject.ts'

const { shaderF16 } = (await getDevice()).limits
const DTYPES: readonly DType[] = ['f32', 'i32', ...(shaderF16 ? (['f16'] as const) : [])]

describe('extents', () => {
  it.each([
    [1, 8, 8],
    [8, 1, 8],
    [8, 8, 1],
    [1, 1, 1],
    [5, 7, 9],
    [16, 16, 16],
    [33, 17, 20],
  ])('%i x %i x %i', async (m, k, n) => {
    await expectRight(kernels.matmul, [whole([m, k]), whole([k, n])], [{}, { num_warps: 1 }])
  })

  it('tiles with fewer elements than there are threads', async () => {
    await expectRight(
      kernels.matmul,
      [whole([8, 8]), whole([8, 8])],
      [
        { block_sizes: [4, 4, 4], num_warps: 8 },
        { block_sizes: [1, 16, 2], num_warps: 4 },
        { block_sizes: [16, 1, 1], num_warps: 2 },
        { block_sizes: [1, 1, 16], num_warps: 1 },
      ],
    )
  })

  it('whole dimensions', async () => {
    await expectRight(
      function project(x: Tensor, y: Tensor) {
        const out = hl.empty([x.shape[0], y.shape[1]])
        for (const t of hl.tile(x.shape[0])) out.at(t, ':').set(x.at(t, ':').dot(y.at(':', ':')))
        return out
      },
      [whole([9, 11]), whole([11, 6])],
      [{}, { block_sizes: [1], num_warps: 4 }, { block_sizes: [8], num_warps: 1 }],
    )
  })
})

describe('batches', () => {
  it('of tiles, of whole dimensions, and of an operand that lacks them', async () => {
    const tiles = { block_sizes: [2, 8, 8, 4], num_warps: 1, slice_k: 2 }
    await expectRight(batched.bmm, [whole([3, 9, 10]), whole([3, 10, 7])], [tiles])
    await expectRight(batched.wholeBatch, [whole([3, 7, 5]), whole([3, 6, 5])], [{ num_warps: 1 }])
    const shared = { block_sizes: [4, 4, 8, 4], num_warps: 1, num_stages: 2 }
    await expectRight(batched.sharedWeights, [whole([3, 6, 8]), whole([8, 12]), whole([12])], [shared])
  })
})

describe('micro-tiles', () => {
  it.each([0, 1, 2, 4, 8, 16])('of %i rows', async (rows) => {
    const subject = await Subject.of(kernels.matmul, [whole([32, 12]), whole([12, 32])])
    await subject.expectAllRight([
      { block_sizes: [32, 32, 4], dot_rows: rows, num_warps: 1 },
      { block_sizes: [16, 32, 8], dot_rows: rows, num_warps: 4 },
    ])
  })
})

describe('dtypes', () => {
  it.each(DTYPES)('%s', async (dtype) => {
    const subject = await Subject.of(kernels.matmul, [
      whole([18, 20], dtype, [-3, 3]),
      whole([20, 12], dtype, [-3, 3]),
    ])
    await subject.expectAllRight([{ num_warps: 1 }, { num_stages: 2, block_sizes: [16, 16, 8] }])
  })

  it.each([
    ['i8', 'i32', -128],
    ['u8', 'u32', 0],
  ] as const)('%s in words', async (dtype, sums, least) => {
    const bytes = (shape: readonly number[]) => whole(shape, dtype, [least, least + 255])
    function product(x: Tensor, y: Tensor): Tensor {
      const out = hl.empty([x.shape[0], y.shape[1]], sums)
      for (const [i, j] of hl.tile(out.shape)) {
        const acc = hl.zeros([i, j], sums)
        for (const k of hl.tile(x.shape[1])) acc.addDot(x.at(i, k), y.at(k, j))
        out.at(i, j).set(acc)
      }
      return out
    }
    const subject = await Subject.of(product, [bytes([20, 36]), bytes([36, 20])], { staticShapes: false })
    const staged = { block_sizes: [16, 16, 32], num_warps: 1, slice_k: 1 }
    await subject.expectAllRight([staged, { ...staged, block_sizes: [2, 8, 32], mma: 'direct' }])
  })

  it('integers wrap', async () => {
    const large = values([6, 6], 'i32', (i) => (i * 2_654_435_761) % 2 ** 31)
    await expectRight(kernels.matmul, [large, large])
  })

  it('of booleans counts', async () => {
    await expectRight(
      function paths(x: Tensor) {
        const out = hl.empty(x.shape, 'i32')
        for (const [i, j] of hl.tile([x.shape[0], x.shape[1]])) {
          const acc = hl.zeros([i, j], 'i32')
          for (const k of hl.tile(x.shape[0])) acc.addDot(x.at(i, k).to('i32'), x.at(k, j).to('i32'))
          out.at(i, j).set(acc)
        }
        return out
      },
      [whole([10, 10], 'bool')],
    )
  })

  it('infinities beyond the end of the contracted dimension do not spoil the product', async () => {
    await expectRight(
      function reciprocals(x: Tensor, y: Tensor) {
        const [m, k] = x.shape
        const n = y.shape[1]
        const out = hl.empty([m, n])
        for (const [i, j] of hl.tile([m, n])) {
          const acc = hl.zeros([i, j])
          for (const l of hl.tile(k)) acc.addDot(x.at(i, l).reciprocal(), y.at(l, j).reciprocal())
          out.at(i, j).set(acc)
        }
        return out
      },
      [values([5, 9], 'f32', (i) => 1 + (i % 3)), values([9, 7], 'f32', (i) => 1 + (i % 4))],
      [{}, { block_sizes: [8, 8, 16] }],
      CLOSE,
    )
  })
})

describe('sliced along what they contract', () => {
  const SLICED = [
    { block_sizes: [16, 32, 8], num_warps: 4, slice_k: [4] },
    { block_sizes: [8, 8, 32], num_warps: 8, slice_k: [8], num_stages: 2 },
    { block_sizes: [4, 16, 16], num_warps: 8, slice_k: [2], range_unroll_factors: [2] },
    { block_sizes: [1, 16, 4], num_warps: 8, slice_k: [8], pid_type: 'persistent_interleaved' },
  ] as const

  it.each(DTYPES)('%s', async (dtype) => {
    await expectRight(
      kernels.matmul,
      [whole([18, 50], dtype, [-3, 3]), whole([50, 37], dtype, [-3, 3])],
      SLICED,
    )
  })

  it.each([0, 1, 3])('a depth of %i', async (k) => {
    await expectRight(kernels.matmul, [whole([6, k]), whole([k, 7])], SLICED)
  })

  it('begin with a value, once', async () => {
    await expectRight(
      function residual(x: Tensor, y: Tensor, r: Tensor) {
        const [m, k] = x.shape
        const n = y.shape[1]
        const out = hl.empty([m, n])
        for (const [i, j] of hl.tile([m, n])) {
          const acc = hl.full([i, j], 1)
          acc.addAssign(r.at(i, j))
          for (const l of hl.tile(k)) acc.addDot(x.at(i, l), y.at(l, j))
          out.at(i, j).set(acc.relu().add(r.at(i, j)))
        }
        return out
      },
      [whole([18, 50]), whole([50, 37]), whole([18, 37])],
      SLICED,
    )
  })

  it('loop within loop', async () => {
    await expectRight(
      function halves(x: Tensor, y: Tensor) {
        const [m, k] = x.shape
        const n = y.shape[1]
        const out = hl.empty([m, n])
        for (const [i, j] of hl.tile([m, n])) {
          const acc = hl.zeros([i, j])
          for (const l of hl.tile(k, { blockSize: 16 }))
            for (const u of hl.tile(l.begin, l.end)) acc.addDot(x.at(i, u), y.at(u, j))
          out.at(i, j).set(acc)
        }
        return out
      },
      [whole([18, 50]), whole([50, 37])],
      SLICED,
    )
  })

  it('but not what has a single position', async () => {
    await expectRight(
      function outer(x: Tensor, y: Tensor) {
        const [m, n] = [x.shape[0], y.shape[0]]
        const out = hl.empty([m, n])
        for (const [i, j] of hl.tile([m, n])) {
          const acc = hl.zeros([i, j])
          for (const _ of hl.tile(3, { blockSize: 1 })) acc.addDot(x.at(i).unsqueeze(1), y.at(j).unsqueeze(0))
          out.at(i, j).set(acc)
        }
        return out
      },
      [whole([18]), whole([37])],
      [{ block_sizes: [16, 16], num_warps: 4, slice_k: [4] }],
    )
  })

  it('several products, one of which is read on the way', async () => {
    const gated = function gated(x: Tensor, a: Tensor, b: Tensor) {
      const [m, k] = x.shape
      const n = a.shape[1]
      const out = hl.empty([m, n])
      for (const [i, j] of hl.tile([m, n])) {
        const [up, gate, seen] = [hl.zeros([i, j]), hl.zeros([i, j]), hl.zeros([i, j])]
        for (const l of hl.tile(k, { blockSize: 8 })) {
          up.addDot(x.at(i, l), a.at(l, j))
          gate.addDot(x.at(i, l), b.at(l, j))
          seen.addAssign(gate)
        }
        out.at(i, j).set(up.sub(gate.relu()).add(seen))
      }
      return out
    }
    const configs = [{ block_sizes: [8, 16], num_warps: 4, slice_k: [4, 4] }]
    await expectRight(gated, [whole([9, 20]), whole([20, 11]), whole([20, 11])], configs)
  })
})

describe('operands and results', () => {
  it('a transposed operand, a bias and an activation', async () => {
    await expectRight(
      kernels.linearRelu,
      [whole([10, 28]), whole([12, 28]), whole([12])],
      [
        { num_warps: 1 },
        { num_warps: 1, num_stages: 2 },
        { indexing: 'tensor_descriptor', block_sizes: [8, 8, 8] },
      ],
    )
  })

  it('a product without an accumulator, of computed tiles', async () => {
    await expectRight(
      function product(x: Tensor, y: Tensor) {
        const [m, n] = [x.shape[0], y.shape[1]]
        const out = hl.empty([m, n])
        for (const [i, j] of hl.tile([m, n])) {
          const left = x.at(i, ':').add(1)
          out.at(i, j).set(left.dot(y.at(':', j).mul(2)).sub(left.sum(1).unsqueeze(1)))
        }
        return out
      },
      [whole([10, 12]), whole([12, 9])],
      [{}, { block_sizes: [4, 4], num_warps: 1 }],
    )
  })

  it('attention whose keys workgroups share out', async () => {
    await expectRight(
      kernels.attention,
      [spread([6, 16]), spread([70, 16]), spread([70, 16])],
      [
        { block_sizes: [4, 8], split_sums: 4, num_warps: 1 },
        { block_sizes: [8, 16], split_sums: 8, num_warps: 2, pid_type: 'persistent_interleaved' },
      ],
      CLOSE,
    )
  })

  it('one product after the other, as in attention', async () => {
    await expectRight(
      kernels.attention,
      [spread([20, 16]), spread([30, 16]), spread([30, 16])],
      [
        { block_sizes: [16, 16], num_warps: 1 },
        { block_sizes: [8, 32], num_warps: 2 },
      ],
      { abs: 2e-5, rel: 2e-5 },
    )
  })

  it('two products in one round', async () => {
    await expectRight(
      function gated(x: Tensor, a: Tensor, b: Tensor) {
        const [m, k] = x.shape
        const n = a.shape[1]
        const out = hl.empty([m, n])
        for (const [i, j] of hl.tile([m, n])) {
          const [up, gate] = [hl.zeros([i, j]), hl.zeros([i, j])]
          for (const l of hl.tile(k)) {
            up.addDot(x.at(i, l), a.at(l, j))
            gate.addDot(x.at(i, l), b.at(l, j))
          }
          out.at(i, j).set(up.mul(gate.relu()))
        }
        return out
      },
      [whole([9, 20]), whole([20, 11]), whole([20, 11])],
      [{ num_warps: 1 }, { num_stages: 2, block_sizes: [16, 16, 8], num_warps: 1 }],
    )
  })
})
