/** Every reduction, for every dtype, along either axis, over whole rows, streamed rows and tiles. */
import { describe, it } from 'vitest'
import type { ConfigInput } from '../../src/config/config.ts'
import { hl, type Tensor, type TileValue } from '../../src/language/index.ts'
import { getDevice } from '../../src/runtime/default_device.ts'
import type { DType } from '../../src/support/dtypes.ts'
import { computeType } from '../../src/support/storage_types.ts'
import { spread, values, whole } from './inputs.ts'
import { CLOSE, EXACT, expectRight, Subject } from './subject.ts'

type Name = 'sum' | 'mean' | 'prod' | 'amax' | 'amin' | 'any' | 'all' | 'argmax' | 'argmin'
const NAMES: readonly Name[] = ['sum', 'mean', 'prod', 'amax', 'amin', 'any', 'all', 'argmax', 'argmin']

const { shaderF16 } = (await getDevice()).limits
const DTYPES: readonly DType[] = ['f32', 'i32', 'u32', 'bool', ...(shaderF16 ? (['f16'] as const) : [])]

/** Few and many threads along the row, streamed, as vectors and one by one. */
const CONFIGS: readonly ConfigInput[] = [
  {},
  { block_sizes: [4], num_warps: 1 },
  { block_sizes: [1], num_warps: 8 },
  { block_sizes: [16], num_warps: 2 },
  { block_sizes: [2], num_threads: [4], num_warps: 1 },
  { reduction_loops: [16], block_sizes: [2], num_warps: 2 },
  { reduction_loops: [32], block_sizes: [8], num_warps: 1, indexing: 'pointer' },
  { pid_type: 'persistent_interleaved', block_sizes: [1], num_warps: 4 },
]

/** The dtype of what the reduction gives. */
function resultOf(name: Name, dtype: DType): DType {
  if (name === 'any' || name === 'all') return 'bool'
  if (name.startsWith('arg')) return 'i32'
  if (name === 'mean') return dtype === 'f16' ? 'f16' : 'f32'
  return dtype === 'bool' ? 'i32' : dtype
}

function reduced(name: Name, axis: 0 | 1): (x: Tensor) => Tensor {
  return function rows(x) {
    const out = hl.empty([x.shape[1 - axis] ?? 1], resultOf(name, computeType(x.dtype)))
    for (const t of hl.tile(x.shape[1 - axis] ?? 1)) {
      const value = axis === 1 ? x.at(t, ':') : x.at(':', t)
      out.at(t).set(value[name](axis) as TileValue)
    }
    return out
  }
}

describe.each(NAMES)('%s', (name) => {
  it.each(DTYPES)('of whole rows of %s', async (dtype) => {
    const range = name === 'prod' ? ([1, 2] as const) : undefined
    const x = whole([5, 75], dtype, dtype === 'bool' ? [0, 1] : range)
    const subject = await Subject.of(reduced(name, 1), [x], { tolerance: name === 'mean' ? CLOSE : EXACT })
    await subject.expectAllRight(name === 'sum' || name === 'argmax' ? CONFIGS : CONFIGS.slice(0, 5))
  })

  it('along the first axis, and of rows of a power of two', async () => {
    const tolerance = name === 'mean' ? CLOSE : EXACT
    const small = whole([33, 6], 'f32', name === 'prod' ? [1, 1] : [-4, 4])
    await (await Subject.of(reduced(name, 0), [small], { tolerance })).expectAllRight(CONFIGS.slice(0, 3))
    const square = whole([4, 64], 'i32', name === 'prod' ? [1, 1] : [-4, 4])
    await (await Subject.of(reduced(name, 1), [square], { tolerance })).expectAllRight(CONFIGS.slice(0, 3))
  })
})

describe('a row of one element, of one more than a power of two, and of none', () => {
  it.each(NAMES)('%s', async (name) => {
    const tolerance = name === 'mean' ? CLOSE : EXACT
    for (const length of name === 'mean' ? [1, 17] : [0, 1, 17]) {
      await (await Subject.of(reduced(name, 1), [whole([3, length])], { tolerance })).expectRight()
    }
  })
})

describe('special values', () => {
  const odd = values(
    [5, 5],
    'f32',
    [
      [1, Number.NaN, 3, Number.NaN, 2],
      [-Infinity, -Infinity, -Infinity, -Infinity, -Infinity],
      [0, -0, 0, -0, 0],
      [Infinity, 5, Infinity, Number.NaN, 1],
      [-1e30, 1e30, 3e38, -3e38, 1e-30],
    ].flat(),
  )

  it('the first NaN is the largest and the smallest, the first of equals wins', async () => {
    for (const name of ['argmax', 'argmin'] as const) {
      await expectRight(reduced(name, 1), [odd], [{}, { block_sizes: [1], num_warps: 4, num_threads: [4] }])
    }
  })

  it('infinities', async () => {
    const numbers = { ...odd, data: odd.data.map((value) => (Number.isNaN(value) ? 7 : value)) }
    for (const name of ['amax', 'amin'] as const) await expectRight(reduced(name, 1), [numbers])
  })

  it('integers at the ends of their range', async () => {
    const edges = values([2, 4], 'i32', [-(2 ** 31), 2 ** 31 - 1, -1, 0, -(2 ** 31), -(2 ** 31), -2, -3])
    const large = values([2, 4], 'u32', [2 ** 32 - 1, 0, 2 ** 31, 1, 2 ** 32 - 2, 2 ** 32 - 1, 5, 6])
    for (const name of ['sum', 'prod', 'amax', 'amin', 'argmax', 'argmin'] as const) {
      await expectRight(reduced(name, 1), [edges])
      await expectRight(reduced(name, 1), [large])
    }
  })
})

describe('what is made of reductions', () => {
  it('softmax and logsumexp', async () => {
    await expectRight(
      function twice(x: Tensor) {
        const out = hl.empty([x.shape[0]])
        for (const t of hl.tile(x.shape[0])) out.at(t).set(x.at(t, ':').softmax(-1).logsumexp(-1))
        return out
      },
      [spread([6, 70])],
      [{}, { reduction_loops: [16] }, { block_sizes: [4], num_warps: 1 }],
      CLOSE,
    )
  })

  it('a sum of everything, of tiles and of products with a transposed tile', async () => {
    await expectRight(
      function mixed(x: Tensor, y: Tensor) {
        const [n] = x.shape
        const out = hl.empty([n])
        for (const i of hl.tile(n)) {
          const all = y.at(':', ':').sum()
          const other = x.at(i, ':').mul(x.at(':', i).transpose()).sum(1)
          out.at(i).set(other.add(all))
        }
        return out
      },
      [whole([18, 18]), whole([5, 9])],
      [{}, { block_sizes: [4], num_warps: 1 }, { block_sizes: [16], num_warps: 4 }],
    )
  })

  it('values of one row spread over threads that hold copies of others', async () => {
    await expectRight(
      function nested(x: Tensor, y: Tensor) {
        const out = hl.empty([x.shape[0], y.shape[0]])
        for (const [i, j] of hl.tile([x.shape[0], y.shape[0]])) {
          const sums = x.at(i, ':').sum(1)
          const tops = y.at(j, ':').amax(1)
          out.at(i, j).set(sums.unsqueeze(1).add(tops.unsqueeze(0)))
        }
        return out
      },
      [whole([10, 33]), whole([12, 20])],
      [{}, { block_sizes: [4, 4], num_warps: 8 }, { block_sizes: [2, 16], num_warps: 1 }],
    )
  })
})
