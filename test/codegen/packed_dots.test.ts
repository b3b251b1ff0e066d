/**
 * Products of integers of 8 bits, four at a time (`dot4I8Packed`): the words of memory where both operands
 * have them, and products one by one elsewhere, always with the same answer.
 */
import { expect, it } from 'vitest'
import type { ConfigInput } from '../../src/config/config.ts'
import type { HostArgument } from '../language/harness.ts'
import { bytes, productOf, SIDES, type Sides, shapesOf } from './byte_kernels.ts'
import { Compiled } from './compiling.ts'
import { OnCpu } from './on_cpu.ts'

const CONFIGS: readonly ConfigInput[] = [
  { block_sizes: [32, 32, 32], num_warps: 1, slice_k: 1 },
  { block_sizes: [32, 32, 32], num_warps: 1, slice_k: 1, num_stages: 2, indexing: 'tensor_descriptor' },
  { block_sizes: [32, 32, 32], num_warps: 2, slice_k: 2 },
  { block_sizes: [16, 16, 64], num_warps: 1, slice_k: 1, mma: 'direct', num_stages: 2 },
  { block_sizes: [1, 32, 64], num_warps: 1, slice_k: 1, mma: 'direct' },
]

function subjectOf(
  sides: Sides,
  dtype: 'i8' | 'u8',
  sizes: readonly [number, number, number],
  dynamic: boolean,
) {
  const args = shapesOf(sides, ...sizes).map((shape) => bytes(shape, dtype))
  return new OnCpu(productOf(sides, dtype === 'i8' ? 'i32' : 'u32') as never, args, {
    dynamic,
    registerBudget: 4096,
  })
}

// Tiles of whole words that end early, and rows that begin within words.
const SIZES = [
  [20, 36, 44],
  [5, 41, 19],
] as const

const CASES = [
  ...SIDES.flatMap((sides) =>
    SIZES.map((sizes) => ({ ...sides, sizes, dtype: 'i8', dynamic: false }) as const),
  ),
  ...SIDES.map((sides) => ({ ...sides, sizes: [32, 64, 32], dtype: 'u8', dynamic: true }) as const),
]

it.each(CASES)(
  '$left · $right of $dtype, $sizes, dynamic: $dynamic',
  ({ dtype, dynamic, sizes, ...sides }) => {
    const subject = subjectOf(sides, dtype, sizes, dynamic)
    for (const config of CONFIGS) {
      const { data } = subject.compiled.spec.normalize(config, 'repair')
      expect(subject.outcome(data)).toBe('right')
    }
  },
)

it.each(SIDES)('$left · $right multiplies four at a time', (sides) => {
  const { compiled } = subjectOf(sides, 'i8', [32, 64, 32], false)
  const direct = sides.left === 'plain' ? CONFIGS.slice(3) : []
  for (const config of [CONFIGS[0], CONFIGS[2], ...direct]) {
    const wgsl = compiled.wgsl(config)
    expect(wgsl).toContain('dot4I8Packed')
    // Nothing is taken apart: no element is shifted to the end of its word.
    expect(wgsl).not.toMatch(/vec4i\(.*>> vec4u\(24u\)/)
    expect(wgsl.includes('turned_')).toBe(sides.left === 'transposed' || sides.right === 'plain')
  }
})

it('products of other integers, and those of devices without the function, stay as they are', () => {
  const sides = { left: 'plain', right: 'plain' } as const
  const [x, w] = shapesOf(sides, 32, 64, 32).map((shape) => bytes(shape, 'i8'))
  const without = new OnCpu(productOf(sides, 'i32') as never, [x, w] as never, { packedDots: false })
  const short = [x, w].map((arg) => ({ ...arg, dtype: 'i16' }))
  const wide = new OnCpu(productOf(sides, 'i32') as never, short as never)
  for (const subject of [without, wide]) {
    expect(subject.compiled.wgsl(CONFIGS[0])).not.toContain('dot4')
    subject.expectRight(CONFIGS[0])
  }
})

it('by default a block has four times the depth of one of 32 bits', () => {
  const large: HostArgument = { shape: [4096, 4096], dtype: 'i8', data: [], dynamic: undefined }
  const args = [large, large]
  const fn = productOf({ left: 'plain', right: 'plain' }, 'i32') as never
  const [packed, plain] = [true, false].map((packedDots) => new Compiled(fn, args, { packedDots }))
  expect(packed?.spec.defaultConfig().data.block_sizes).toEqual([128, 128, 64])
  expect(plain?.spec.defaultConfig().data.block_sizes).toEqual([128, 128, 16])
  expect(packed?.wgsl()).toContain('dot4I8Packed')
})
