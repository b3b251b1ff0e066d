/**
 * Random whole kernels: one to three grids after each other, of one to three dimensions, in which values are
 * loaded, computed, reduced, rearranged, multiplied as matrices, gathered, counted and stored, in every
 * dtype, for sizes that are ragged, one or zero. Their results are whole numbers that every dtype holds, or
 * smooth functions of such, and the same whatever the config. A kernel is text, so that a test can be made
 * of it.
 */
import fc from 'fast-check'
import { type Hl, hl } from '../../src/language/index.ts'
import type { KernelFunction } from '../../src/language/trace/trace_kernel.ts'
import type { HostArgument } from '../language/harness.ts'
import { KernelSource } from './kernel_source.ts'
import { type Cut, DIMS, type DimName } from './kernel_values.ts'

const STEPS = [
  'load',
  'index',
  'unary',
  'binary',
  'compare',
  'where',
  'cast',
  'reduce',
  'scan',
  'rearrange',
  'loop',
  'dot',
  'gather',
  'atomic',
  'store',
  'update',
] as const

/** What happens next; `a`, `b` and `c` choose among what there is then. */
export interface StepPlan {
  readonly kind: (typeof STEPS)[number]
  readonly a: number
  readonly b: number
  readonly c: number
}

export interface GridPlan {
  readonly dims: readonly DimName[]
  /**
   * Tiles of an extent that the config chooses, of a fixed one, of one that is fixed along the first
   * dimension only, a power of two or not, of one that all such grids share, or single positions.
   */
  readonly over: Cut
  /** The last dimension is not in the grid, but taken as a whole. */
  readonly whole: boolean
  readonly steps: readonly StepPlan[]
}

export interface KernelPlan {
  readonly sizes: Readonly<Record<DimName, number>>
  readonly grids: readonly GridPlan[]
}

const choice = fc.nat({ max: 11 })
const step = fc.record({ kind: fc.constantFrom(...STEPS), a: choice, b: choice, c: choice })
const grid: fc.Arbitrary<GridPlan> = fc.record({
  dims: fc.shuffledSubarray([...DIMS], { minLength: 1, maxLength: 3 }),
  over: fc.constantFrom('tile', 'tile', 'tile', 'tile', 'fixed', 'odd', 'open', 'shared', 'grid'),
  whole: fc.boolean(),
  steps: fc.array(step, { maxLength: 8, size: 'max' }),
})
const size = fc.constantFrom(3, 8, 13, 16, 4, 20, 5, 2, 1, 0)

export const kernelPlans: fc.Arbitrary<KernelPlan> = fc.record({
  sizes: fc.record({ m: size, n: size, k: size }),
  // One at least is made of them. Only what may be empty is shrunk from both ends.
  grids: fc.array(grid, { maxLength: 3, size: 'max' }),
})

/** A kernel that can be called, with its arguments and its text. */
export interface RandomKernel {
  readonly fn: KernelFunction
  readonly args: readonly HostArgument[]
  /** From `function` to the closing brace, in TypeScript. */
  readonly text: string
}

/** `withF16`: on devices that have it. */
export function kernelOf(plan: KernelPlan, withF16 = true): RandomKernel {
  const { parameters, args, body } = new KernelSource(plan, withF16).finish()
  const make = new Function('hl', `return function randomKernel(${parameters.join(', ')}) {\n${body}\n}`) as (
    language: Hl,
  ) => KernelFunction
  const typed = parameters.map((name) => `${name}: Tensor`)
  return { fn: make(hl), args, text: `function randomKernel(${typed.join(', ')}) {\n${body}\n}` }
}

/** The source of a test that runs the kernel under these configs. */
export function testOf({ text, args }: RandomKernel, options: object, configs: readonly object[]): string {
  const inputs = args.map(
    ({ shape, data, dtype }) => `host(${JSON.stringify(shape)}, ${JSON.stringify(data)}, '${dtype}')`,
  )
  return [
    "it('a random kernel', () => {",
    `  const kernel = new OnCpu(${text.replace(/\n/g, '\n  ')}, [`,
    ...inputs.map((input) => `    ${input},`),
    `  ], ${JSON.stringify(options)})`,
    ...configs.map((config) => `  kernel.expectRight(${JSON.stringify(config)})`),
    '})',
  ].join('\n')
}
