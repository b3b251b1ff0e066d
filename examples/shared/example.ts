/**
 * What the examples share. An example is a kernel with arguments for any sizes and the same computation in
 * plain JavaScript. Running its file checks small sizes under the default config, then tunes for one large
 * size and times the result against the default. On adapters that are no GPU the large size is a small one.
 */
import { pathToFileURL } from 'node:url'
import { doBenchTogether, getDevice, type Kernel, type StorageType, type Tensor, tensor } from 'helion-aot'

export interface Example {
  readonly kernel: Kernel<(...args: never[]) => unknown>
  /** Fresh arguments for some sizes; what each size means is the example's business. */
  readonly args: (...sizes: number[]) => readonly unknown[]
  /** The result, with nested arrays in place of tensors, in arguments and result alike. */
  readonly reference: (...args: never[]) => unknown
  /** Sizes to check: small ones, which no tile divides. */
  readonly sizes: readonly (readonly number[])[]
  /** Sizes to time. */
  readonly bench: readonly number[]
  /** Largest difference from the reference, relative to its magnitude plus one; 1e-4 unless it is given. */
  readonly tolerance?: number
}

/** Checks and times the examples of a file when it is the program that Node was started with. */
export async function runIfMain(moduleUrl: string, examples: readonly Example[]): Promise<void> {
  const started = process.argv[1]
  if (!started || pathToFileURL(started).href !== moduleUrl) return
  const { info } = await getDevice()
  console.log(`on ${info.description || info.device}`)
  for (const example of examples) {
    for (const sizes of example.sizes) await check(example, sizes)
    const sizes = info.software ? (example.sizes[0] ?? []) : example.bench
    const { tunedMs, defaultMs } = await time(example, sizes)
    const times = `${(tunedMs * 1000).toFixed(1)} us, default ${(defaultMs * 1000).toFixed(1)} us`
    console.log(`${example.kernel.definition.name} is right; ${sizes.join(' x ')}: ${times}`)
  }
}

/** Throws unless the default config gives what the reference says. */
async function check(example: Example, sizes: readonly number[]): Promise<void> {
  const args = example.args(...sizes)
  const inputs = await Promise.all(args.map(nested))
  const result = withDefaultConfig(example, args)(...(args as never[]))
  const wrong = difference(example, await nested(result), inputs)
  if (wrong) throw new Error(`${example.kernel.definition.name} of ${sizes.join(' x ')}: ${wrong}`)
}

/** Where a result, in nested arrays as the inputs, is not as the reference has it. */
export function difference(
  example: Example,
  result: unknown,
  inputs: readonly unknown[],
): string | undefined {
  const { tolerance = 1e-4 } = example
  const [found, wanted] = [numbers(result), numbers(example.reference(...(inputs as never[])))]
  if (found.length !== wanted.length) return `${found.length} elements instead of ${wanted.length}`
  const near = (a: number, b: number): boolean =>
    Object.is(a, b) || Math.abs(a - b) <= tolerance * (1 + Math.abs(b))
  const place = wanted.findIndex((want, i) => !near(found[i] ?? Number.NaN, want))
  return place < 0 ? undefined : `element ${place} is ${found[place]} instead of ${wanted[place]}`
}

async function time(
  example: Example,
  sizes: readonly number[],
): Promise<{ tunedMs: number; defaultMs: number }> {
  const args = example.args(...sizes) as never[]
  const standard = withDefaultConfig(example, args)
  await example.kernel.autotune(args, {})
  const [tuned, plain] = await doBenchTogether([() => example.kernel(...args), () => standard(...args)])
  return { tunedMs: tuned?.medianMs ?? Number.NaN, defaultMs: plain?.medianMs ?? Number.NaN }
}

function withDefaultConfig({ kernel }: Example, args: readonly unknown[]): (...args: never[]) => unknown {
  const binding = kernel.bind(...(args as never[]))
  return binding.compileConfig(binding.defaultConfig())
}

/** The value with nested arrays in place of the tensors in it. */
export async function nested(value: unknown): Promise<unknown> {
  if (isTensor(value)) return nestedArrays(value.shape, await value.data())
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return await Promise.all(value.map(nested))
  const entries = Object.entries(value).map(async ([key, item]) => [key, await nested(item)] as const)
  return Object.fromEntries(await Promise.all(entries))
}

/** Elements in row-major order as nested arrays of this shape. */
function nestedArrays(shape: readonly number[], elements: ArrayLike<number>): unknown {
  const [count, ...inner] = shape
  if (count === undefined) return elements[0]
  const each = inner.reduce((a, b) => a * b, 1)
  const list = Array.from(elements)
  return Array.from({ length: count }, (_, i) => nestedArrays(inner, list.slice(i * each, (i + 1) * each)))
}

function numbers(value: unknown): number[] {
  if (typeof value === 'object' && value !== null) return Object.values(value).flatMap(numbers)
  return value === undefined ? [] : [Number(value)]
}

/** Whether an argument or a result is a tensor. */
export function isTensor(value: unknown): value is Tensor {
  return typeof value === 'object' && value !== null && 'dtype' in value && 'shape' in value
}

/** A tensor of whole numbers from `begin` up to, but not including, `end`: the same ones in every run. */
export function randomIntegers(
  shape: readonly number[],
  begin: number,
  end: number,
  dtype: StorageType = 'i32',
): Tensor {
  const numbers = randomNumbers(
    shape.reduce((a, b) => a * b, 1),
    end - begin,
  )
  return tensor(
    numbers.map((value) => begin + value),
    { shape, dtype },
  )
}

/** Where groups of random lengths below `longest` begin, one behind the other, and where the last ends. */
export function randomOffsets(groups: number, longest: number): readonly number[] {
  const offsets = [0]
  for (const length of randomNumbers(groups, longest)) offsets.push((offsets.at(-1) ?? 0) + length)
  return offsets
}

function randomNumbers(count: number, end: number): number[] {
  let state = 1
  return Array.from({ length: count }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * end)
  })
}
