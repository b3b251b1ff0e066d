/**
 * Runs a kernel over its sweep of calls. Under the AOT tool the calls are what gets tuned and measured;
 * otherwise every answer is checked against a reference in double precision and the tuned config is timed
 * against the default one.
 */
import { pathToFileURL } from 'node:url'
import { type DType, doBenchTogether, getDevice, type Kernel, sync, type Tensor } from 'helion-aot'

type AnyKernel = Kernel<(...args: never[]) => unknown>

/** What the sizes of a call mean is the kernel's business. */
export type Sizes = readonly number[]

/** Sizes that a model, or a kind of models, calls the kernel with. */
export interface ModelCalls {
  readonly model: string
  readonly dtypes: readonly DType[]
  readonly sizes: readonly Sizes[]
}

export interface SweepCall {
  readonly model: string
  readonly dtype: DType
  readonly sizes: Sizes
}

export interface Sweep {
  readonly kernel: AnyKernel
  readonly models: readonly ModelCalls[]
  /** For adapters that are no GPU, in f32: small enough to tune in minutes. */
  readonly softwareSizes: readonly Sizes[]
  /** Arguments for a call: fresh random tensors, numbers, and what else the kernel takes. */
  readonly makeArgs: (sizes: Sizes, dtype: DType) => readonly unknown[]
  /** Elements of the result at some positions, in double precision, from the contents of the tensors. */
  readonly reference: (
    sizes: Sizes,
    inputs: readonly ArrayLike<number>[],
    positions: readonly number[],
  ) => number[]
  /** Largest accepted difference in f32, relative to the magnitude of the results. */
  readonly tolerance: number
  /** Elements of the kernel's dtype that a call must move at least, or operations that it must do. */
  readonly work: (sizes: Sizes) => { readonly elements?: number; readonly flops?: number }
}

export interface SweepRow extends SweepCall {
  readonly tunedMs: number
  readonly defaultMs: number
  /** Default time over tuned time. */
  readonly speedup: number
  readonly rate: string
}

export interface SweepResult {
  readonly kernel: string
  readonly rows: readonly SweepRow[]
  /** Geometric mean of the speedups over the default config. */
  readonly geomean: number
}

/** The function of a kernel, for one that is tuned ahead of time. */
export function functionOf<F extends (...args: never[]) => unknown>({ definition }: Kernel<F>): F {
  return definition.fn as F
}

/** The calls of a sweep that this adapter can make. */
export async function callsOf({ models, softwareSizes }: Sweep): Promise<readonly SweepCall[]> {
  const { info, limits } = await getDevice()
  if (info.software) return softwareSizes.map((sizes) => ({ model: 'small', dtype: 'f32', sizes }))
  return models.flatMap(({ model, dtypes, sizes }) =>
    dtypes
      .filter((dtype) => dtype !== 'f16' || limits.shaderF16)
      .flatMap((dtype) => sizes.map((one) => ({ model, dtype, sizes: one }))),
  )
}

/** Runs `sweep` when its module is the program that Node was started with. */
export async function runIfMain(moduleUrl: string, sweep: Sweep): Promise<void> {
  const started = process.argv[1]
  if (started && pathToFileURL(started).href === moduleUrl) await main(sweep)
}

/** Checks and times every call; prints a table. Under the AOT tool the calls are only made. */
export async function main(sweep: Sweep): Promise<SweepResult> {
  const { info } = await getDevice()
  const { name } = sweep.kernel.definition
  const { HELION_AOT_DATA_DIR, HELION_AOT_TRACE } = process.env
  const underTool = Boolean(HELION_AOT_DATA_DIR ?? HELION_AOT_TRACE)
  const rows: SweepRow[] = []
  if (!underTool) console.log(`${name} on ${info.description || info.device}\n${header()}`)
  for (const call of await callsOf(sweep)) {
    const args = sweep.makeArgs(call.sizes, call.dtype)
    if (underTool) await callOnce(sweep, args)
    else {
      const problem = await problemOf(sweep, call, args)
      if (problem) throw new Error(problem)
      const row = await time(sweep, call, args)
      rows.push(row)
      console.log(line(row))
    }
    for (const arg of args) if (isTensor(arg)) arg.dispose()
  }
  const geomean = Math.exp(
    rows.reduce((sum, { speedup }) => sum + Math.log(speedup), 0) / Math.max(1, rows.length),
  )
  if (!underTool) console.log(`geometric mean: ${geomean.toFixed(2)} times the speed of the default config`)
  return { kernel: name, rows, geomean }
}

async function callOnce({ kernel }: Sweep, args: readonly unknown[]): Promise<void> {
  dispose(kernel(...(args as never[])), args)
  await sync()
}

const CHECKED_ELEMENTS = 64
/** Of f16: its results have 11 bits, and what is below its normal numbers may be 0. */
const HALF_TOLERANCE = 0.01
const LEAST_HALF = 2 ** -14

/** What is wrong with the kernel's answer to a call, if anything is. */
export async function problemOf(
  { kernel, reference, tolerance }: Pick<Sweep, 'kernel' | 'reference' | 'tolerance'>,
  { sizes, dtype }: Pick<SweepCall, 'sizes' | 'dtype'>,
  args: readonly unknown[],
): Promise<string | undefined> {
  // Read first: some kernels change an argument.
  const inputs = await Promise.all(args.filter(isTensor).map((tensor) => tensor.data()))
  const returned = kernel(...(args as never[]))
  const values = await resultOf(returned).data()
  dispose(returned, args)
  // Neighbouring and far elements alike: a step that shares no factor with any size.
  const positions = Array.from({ length: CHECKED_ELEMENTS }, (_, i) => (i * 15485863) % values.length)
  const wanted = reference(sizes, inputs, positions)
  const magnitude = Math.sqrt(wanted.reduce((sum, value) => sum + value ** 2, 0) / wanted.length)
  const [relative, least] = dtype === 'f16' ? [HALF_TOLERANCE, LEAST_HALF] : [tolerance, 0]
  for (const [i, position] of positions.entries()) {
    const [got, want] = [values[position] ?? Number.NaN, wanted[i] ?? 0]
    if (Math.abs(got - want) <= relative * (magnitude + Math.abs(want)) + least) continue
    const name = `${kernel.definition.name} ${dtype} ${sizes.join('x')}`
    return `${name}, element ${position}: ${got} instead of ${want}`
  }
  return undefined
}

async function time(sweep: Sweep, call: SweepCall, args: readonly unknown[]): Promise<SweepRow> {
  const given = args as never[]
  const binding = sweep.kernel.bind(...given)
  const standard = binding.compileConfig(binding.defaultConfig())
  const [tuned, plain] = await doBenchTogether([() => sweep.kernel(...given), () => standard(...given)])
  const [tunedMs, defaultMs] = [tuned?.medianMs ?? Number.NaN, plain?.medianMs ?? Number.NaN]
  const { elements, flops = 0 } = sweep.work(call.sizes)
  const rate = elements
    ? `${((elements * (call.dtype === 'f16' ? 2 : 4)) / tunedMs / 1e6).toFixed(0)} GB/s`
    : `${(flops / tunedMs / 1e9).toFixed(2)} TFLOP/s`
  return { ...call, tunedMs, defaultMs, speedup: defaultMs / tunedMs, rate }
}

function header(): string {
  const columns = ['tuned', 'default', 'speedup', 'rate'].map((text) => text.padStart(14))
  return `${'call'.padEnd(48)}${columns.join('')}`
}

function line({ model, dtype, sizes, tunedMs, defaultMs, speedup, rate }: SweepRow): string {
  const micros = (ms: number): string => `${(ms * 1000).toFixed(1)} us`
  const columns = [micros(tunedMs), micros(defaultMs), `${speedup.toFixed(2)}x`, rate]
  const call = `${model} ${dtype} ${sizes.join('x')}`
  return `${call.padEnd(48)}${columns.map((text) => text.padStart(14)).join('')}`
}

/** Of several results, the one named `out`. */
function resultOf(returned: unknown): Tensor {
  return isTensor(returned) ? returned : (returned as { readonly out: Tensor }).out
}

function dispose(returned: unknown, args: readonly unknown[]): void {
  const results = isTensor(returned) ? [returned] : Object.values(returned as object)
  for (const result of results) if (isTensor(result) && !args.includes(result)) result.dispose()
}

export function isTensor(value: unknown): value is Tensor {
  return typeof value === 'object' && value !== null && 'dtype' in value && 'shape' in value
}
