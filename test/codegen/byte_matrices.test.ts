/**
 * Products of integers of 8 bits on subgroup matrices, on the workgroup interpreter: every shape of matrix
 * that adapters list, operands that lie either way, of whole words and of rows that begin within words.
 */
import { expect, it } from 'vitest'
import type { DeviceLimits, SubgroupMatrix } from '../../src/codegen/program.ts'
import type { ConfigInput } from '../../src/config/config.ts'
import { hl } from '../../src/language/hl.ts'
import type { Tensor } from '../../src/language/tensors/tensor.ts'
import { bytes, productOf, SIDES, type Sides, shapesOf } from './byte_kernels.ts'
import { OnCpu } from './on_cpu.ts'

type Byte = 'i8' | 'u8'

const sumsOf = (operand: Byte): 'i32' | 'u32' => (operand === 'i8' ? 'i32' : 'u32')

const SHAPES = [
  [16, 16, 32],
  [16, 8, 32],
  [8, 8, 32],
] as const

function matrix([m, n, k]: readonly [number, number, number], operand: Byte): SubgroupMatrix {
  return { m, n, k, operand, result: sumsOf(operand) }
}

function subjectOf(
  sides: Sides,
  dtype: Byte,
  sizes: readonly [number, number, number],
  limits: Partial<DeviceLimits> & { readonly dynamic?: boolean },
): OnCpu {
  const args = shapesOf(sides, ...sizes).map((shape) => bytes(shape, dtype))
  return new OnCpu(productOf(sides, sumsOf(dtype)) as never, args, { registerBudget: 4096, ...limits })
}

const PLAIN = { left: 'plain', right: 'plain' } as const

const CONFIGS: readonly ConfigInput[] = [
  { block_sizes: [32, 32, 64], num_warps: 1, num_stages: 2 },
  { block_sizes: [16, 32, 32], num_warps: 2, num_stages: 1, split_sums: [2] },
  { block_sizes: [32, 16, 32], num_warps: 1, num_stages: 2, indexing: 'tensor_descriptor' },
  { block_sizes: [16, 16, 64], num_warps: 2, slice_k: 2, num_stages: 2 },
]

const SIZES = [
  [32, 64, 32],
  [20, 68, 44],
  [5, 41, 19],
] as const

it.each(SIDES.flatMap((sides) => SIZES.map((sizes, i) => ({ ...sides, sizes, dynamic: i % 2 === 1 }))))(
  '$left · $right, $sizes, dynamic: $dynamic',
  ({ sizes, dynamic, ...sides }) => {
    CONFIGS.forEach((config, i) => {
      const shape = SHAPES[(i + sizes[0]) % SHAPES.length] ?? SHAPES[0]
      const dtype = i === 1 ? 'u8' : 'i8'
      const subject = subjectOf(sides, dtype, sizes, { dynamic, subgroupMatrices: [matrix(shape, dtype)] })
      const { data } = subject.compiled.spec.normalize({ ...config, mma: 'subgroup_matrix' }, 'repair')
      expect(subject.outcome(data)).toBe('right')
    })
  },
)

it.each([
  [1, 1, 1],
  [3, 0, 4],
  [16, 12, 16],
] as const)('by default %d x %d x %d has nothing to cut', (...sizes) => {
  for (const dynamic of [true, false]) {
    const subject = subjectOf(PLAIN, 'i8', sizes, { dynamic, subgroupMatrices: [matrix(SHAPES[0], 'i8')] })
    subject.expectRight()
    expect(subject.compiled.input.dots.map(({ matrix: cuts }) => cuts)).toEqual([undefined])
  }
})

it.each(SIDES)('$left · $right stages words of four neighbours along the depth', (sides) => {
  const { compiled } = subjectOf(sides, 'i8', [64, 64, 64], {
    subgroupMatrices: [matrix([16, 16, 32], 'i8')],
    packedDots: false,
  })
  const wgsl = compiled.wgsl({ block_sizes: [64, 64, 64], num_warps: 2, mma: 'subgroup_matrix' })
  expect(wgsl).toContain('subgroup_matrix_left<i8, 32, 16>, row_major')
  expect(wgsl).toContain('subgroup_matrix_right<i8, 16, 32>, col_major')
  expect(wgsl).toContain('subgroup_matrix_result<i32, 16, 16>')
  // Items of 16 bytes, and nothing is taken apart on its way into them.
  expect(wgsl).toMatch(/matrix_0: array<array<vec4u,/)
  expect(wgsl).not.toContain('<< vec4u')
  expect(wgsl.includes('turned_')).toBe(sides.left === 'transposed' || sides.right === 'plain')
})

it('sums wrap, and what follows is ordinary code', () => {
  const scaled = (x: Tensor, w: Tensor, scale: Tensor): Tensor => {
    const out = hl.empty([x.shape[0], w.shape[1]])
    for (const [tm, tn] of hl.tile([x.shape[0], w.shape[1]])) {
      const acc = hl.full([tm, tn], 2 ** 31 - 1, 'i32')
      const sums = hl.zeros([tm, tn], 'i32')
      sums.assign(acc)
      for (const tk of hl.tile(x.shape[1])) sums.addDot(x.at(tm, tk), w.at(tk, tn))
      out.at(tm, tn).set(sums.to('f32').mul(scale.at(tn)))
    }
    return out
  }
  const scale = {
    shape: [24],
    dtype: 'f32',
    data: Array.from({ length: 24 }, (_, i) => i),
    dynamic: undefined,
  }
  const args = [bytes([20, 40], 'i8'), bytes([40, 24], 'i8'), scale]
  const subject = new OnCpu(scaled as never, args as never, {
    subgroupMatrices: [matrix([16, 16, 32], 'i8')],
    tolerance: { abs: 1, rel: 1e-6 },
  })
  subject.expectRight({ block_sizes: [32, 32, 32], num_warps: 2, mma: 'subgroup_matrix' })
})

it('an operand that a loop does not change is staged before it', () => {
  const ofRows = (x: Tensor, w: Tensor): Tensor => {
    const [m, n] = [x.shape[0], w.shape[0]]
    const out = hl.empty([m, n], 'i32')
    for (const tm of hl.tile(m)) {
      const rows = x.at(tm, ':')
      for (const tn of hl.tile(n)) out.at(tm, tn).set(rows.dot(w.at(tn, ':').transpose()))
    }
    return out
  }
  const subject = new OnCpu(ofRows as never, [bytes([20, 64], 'i8'), bytes([40, 64], 'i8')], {
    registerBudget: 4096,
    subgroupMatrices: [matrix([16, 16, 32], 'i8')],
  })
  subject.expectRight({ block_sizes: [32, 16], num_warps: 1, mma: 'subgroup_matrix' })
})

it('a device without matrices for integers of 8 bits is named', () => {
  const subject = subjectOf(PLAIN, 'u8', [32, 64, 32], { subgroupMatrices: [matrix([16, 16, 32], 'i8')] })
  expect(() => subject.run({ mma: ['subgroup_matrix'] })).toThrow(
    'the device has no subgroup matrices for products of u8 with sums in u32',
  )
})
