/** docs/writing_kernels.md is true: its examples run and print what they say, its tables are complete. */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { transformSync } from 'esbuild'
import { describe, expect, it } from 'vitest'
import { hl } from '../../src/language/index.ts'
import type { IndexTerm, Tensor } from '../../src/language/tensors/tensor.ts'
import { VIEW_METHODS } from '../../src/language/tensors/view_methods.ts'
import type { KernelFunction } from '../../src/language/trace/trace_kernel.ts'
import { TILE_METHODS } from '../../src/language/values/methods.ts'
import type { Ref } from '../../src/language/values/value.ts'
import type { StorageType } from '../../src/support/storage_types.ts'
import { Compiled } from '../codegen/compiling.ts'
import { DEVICES } from '../codegen/devices.ts'
import { type Argument, type HostArgument, host, type Returned, run, traced } from './harness.ts'

const HERE = dirname(fileURLToPath(import.meta.url))
const TEXT = readFileSync(join(HERE, '../../docs/writing_kernels.md'), 'utf8')

/** A tensor as the examples see it: with elements that a kernel may change. */
class DocTensor {
  readonly shape: readonly number[]
  readonly dtype: StorageType
  elements: readonly number[]

  constructor(elements: readonly number[], shape: readonly number[], dtype: StorageType) {
    this.elements = elements
    this.shape = shape
    this.dtype = dtype
  }

  async data(): Promise<readonly number[]> {
    return this.elements
  }

  /** In a kernel that takes the tensor from around it. */
  at(...index: IndexTerm[]): Ref {
    const traced = around.get(this)
    if (traced) return traced.at(...index)
    around.set(this, undefined)
    throw new Error('the kernel takes a tensor from around it')
  }
}

/** Tensors from around the kernel that is being traced, once they are arguments of it. */
const around = new Map<DocTensor, Tensor | undefined>()

type DocValue =
  | DocTensor
  | number
  | boolean
  | string
  | ((...args: never[]) => unknown)
  | { readonly [key: string]: DocValue }

function tensor(
  data: readonly unknown[],
  options: { dtype?: StorageType; shape?: readonly number[] } = {},
): DocTensor {
  const shape: number[] = []
  for (let level: unknown = data; Array.isArray(level); level = level[0]) shape.push(level.length)
  return new DocTensor(data.flat(shape.length) as number[], options.shape ?? shape, options.dtype ?? 'f32')
}

/** `kernel(fn)` and `kernel(options, fn)`: a function that interprets, in every way that must not matter. */
function kernel(first: KernelFunction | object, second?: KernelFunction) {
  const given = (second ?? first) as KernelFunction
  return (...values: DocValue[]): unknown => {
    const fn = withoutFunctions(given, values)
    const args = () => [...values.filter(isNoFunction), ...around.keys()].map(toArgument)
    around.clear()
    try {
      traced(fn, args())
    } catch (error) {
      if (around.size === 0) throw error
    }
    return resultOf(fn, args(), values)
  }
}

/** Functions among the arguments are constants, and tensors from around the kernel come last. */
function withoutFunctions(fn: KernelFunction, values: readonly DocValue[]): KernelFunction {
  return (...given: Tensor[]) => {
    const args = values.map((value) => (isNoFunction(value) ? given.shift() : value))
    for (const tensor of around.keys()) around.set(tensor, given.shift())
    return fn.apply(undefined, args as never[])
  }
}

function isNoFunction(value: DocValue): boolean {
  return typeof value !== 'function'
}

function resultOf(fn: KernelFunction, args: readonly Argument[], values: readonly DocValue[]): unknown {
  const runs = [false, true].flatMap((dynamic) =>
    [1, 2, 16, undefined].map((extent) =>
      run(fn, args, extent === undefined ? { dynamic } : { dynamic, extent }),
    ),
  )
  const [one] = runs
  expectDefaults(fn, args)
  for (const other of runs) expectClose(other.tensors.flat(), one?.tensors.flat() ?? [])
  values.flatMap(tensorsIn).forEach((argument, id) => {
    argument.elements = one?.tensors[id] ?? []
  })
  return wrap(one?.returned)
}

/** What runs without a search can be built on every device. */
function expectDefaults(fn: KernelFunction, args: readonly Argument[]): void {
  for (const limits of Object.values(DEVICES))
    for (const dynamic of [false, true]) new Compiled(fn, args, { ...limits, dynamic }).program()
}

/** Additions in another order round differently. */
function expectClose(found: readonly number[], expected: readonly number[]): void {
  expect(found.length).toBe(expected.length)
  found.forEach((value, i) => {
    expect(value).toBeCloseTo(expected[i] ?? Number.NaN, 5)
  })
}

function toArgument(value: DocValue): Argument {
  if (value instanceof DocTensor) return host(value.shape, value.elements, value.dtype) satisfies HostArgument
  if (typeof value === 'function') throw new Error('a function is no argument')
  if (typeof value !== 'object') return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, toArgument(item)]))
}

function tensorsIn(value: DocValue): readonly DocTensor[] {
  if (value instanceof DocTensor) return [value]
  return typeof value === 'object' ? Object.values(value).flatMap(tensorsIn) : []
}

function wrap(value: Returned): unknown {
  if (value === undefined) return undefined
  if (!Array.isArray(value))
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, wrap(item)]))
  if (value.some((item) => typeof item !== 'number'))
    return value.map((item): unknown => wrap(item as unknown as Returned))
  return new DocTensor(value as number[], [value.length], 'f32')
}

interface Example {
  readonly title: string
  readonly code: string
}

const EXAMPLES: readonly Example[] = [...TEXT.matchAll(/```ts\n(.*?)```/gs)].map(([, code = '']) => ({
  title: /function (\w+)/.exec(code)?.[1] ?? 'nothing',
  code,
}))

/** What the example prints, and what its comments say that it prints. */
async function printedBy(
  code: string,
): Promise<{ printed: readonly number[][]; promised: readonly number[][] }> {
  const promised = [...code.matchAll(/console\.log\(.*\) \/\/ (.*)/g)].map(([, list = '']) =>
    JSON.parse(list),
  )
  const body = transformSync(code.replace(/^import .*$/gm, ''), { loader: 'ts', target: 'es2022' }).code
  const AsyncFunction = (async () => undefined).constructor as FunctionConstructor
  const printed: number[][] = []
  const log = (value: readonly number[]): void => {
    printed.push([...value])
  }
  const example = new AsyncFunction('hl', 'kernel', 'tensor', 'console', body)
  await example(hl, kernel, tensor, { log })
  return { printed, promised }
}

describe('the examples', () => {
  it.each(EXAMPLES.map(({ title, code }) => [title, code] as const))('%s', async (_title, code) => {
    const { printed, promised } = await printedBy(code)
    expect(printed.length).toBeGreaterThan(0)
    expect(printed.map((list) => list.map((value) => Number(value.toFixed(4))))).toEqual(promised)
  })

  it('are all there', () => {
    expect(EXAMPLES.map(({ title }) => title)).toEqual([
      'add',
      'softmax',
      'moments',
      'linear',
      'longSoftmax',
      'bmm',
      'sparseRowSums',
      'running',
      'recurrence',
      'farthest',
      'route',
      'fromLast',
      'tables',
      'pairwise',
      'embedding',
      'geglu',
      'difference',
      'gather',
      'beside',
      'jaggedSoftmax',
      'rowMeans',
      'dropout',
      'halves',
      'columnSums',
      'longSum',
      'splitSum',
      'countBits',
      'roots',
      'swap',
      'histogram',
      'keepPositive',
      'shares',
      'crossEntropy',
      'int4Rows',
      'scale',
      'product',
      'pairs',
      'convolve',
      'attention',
      'rope',
      'packedProduct',
      'mixHeads',
    ])
  })
})

describe('the tables', () => {
  it('name every function of hl and every method', () => {
    const accumulator = ['assign', 'add', 'sub', 'mul', 'div', 'minimum', 'maximum']
    const names = [
      ...Object.keys(hl),
      ...Object.keys(TILE_METHODS),
      ...accumulator.map((name) => (name === 'assign' ? name : `${name}Assign`)),
      'addDot',
      'atomicAdd',
      'atomicMax',
      'atomicMin',
      ...VIEW_METHODS.map((name) => `x.${name}`),
    ]
    expect(names.filter((name) => !new RegExp(`\`(hl\\.|ref\\.)?${name}\\b`).test(TEXT))).toEqual([])
  })

  it('quote messages that are tested', () => {
    const table = TEXT.slice(TEXT.indexOf('## Mistakes'))
    const messages = [...table.matchAll(/^\| `(.*?)` \|/gm)].map(([, message = '']) => message)
    expect(messages.length).toBeGreaterThan(30)
    const tests = readdirSync(HERE).filter((name) => name.startsWith('mistakes_'))
    const texts = tests
      .map((name) => readFileSync(join(HERE, name), 'utf8').replace(/\n\s+/g, ' '))
      .join('\n')
    const pattern = (message: string): RegExp =>
      new RegExp(
        message
          .split('…')
          .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
          .join('[^\n]{1,120}?'),
      )
    expect(messages.filter((message) => !pattern(message).test(texts))).toEqual([])
  })
})
