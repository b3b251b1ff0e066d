/**
 * Runs a kernel over its sweep of shapes. Under the AOT tool the calls are what gets tuned and measured;
 * otherwise every answer is checked against a reference in double precision and the tuned config is timed
 * against the default one.
 */
import { pathToFileURL } from 'node:url'
import { doBenchTogether, getDevice, type Kernel, type Tensor } from 'helion-aot'

type AnyKernel = Kernel<(...args: never[]) => Tensor>

/** One entry of a sweep; what it means is the kernel's business. */
export type SweepShape = readonly number[]

export interface Sweep {
  readonly kernel: AnyKernel
  readonly shapes: readonly SweepShape[]
  /** Shapes for adapters that are no GPU: small enough to tune in minutes. */
  readonly softwareShapes: readonly SweepShape[]
  /** Arguments for a shape: fresh random tensors and numbers. */
  readonly makeArgs: (shape: SweepShape) => readonly unknown[]
  /** The elements of the result at some positions, in double precision, from the arguments' contents. */
  readonly reference: (
    shape: SweepShape,
    inputs: readonly ArrayLike<number>[],
    positions: readonly number[],
  ) => number[]
  /** Largest accepted difference from the reference, relative to its magnitude plus one. */
  readonly tolerance: number
  /** Bytes that a call must move at least, or floating-point operations that it must do, for the table. */
  readonly work: (shape: SweepShape) => { readonly bytes?: number; readonly flops?: number }
}

export interface SweepRow {
  readonly shape: string
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

/** Runs `sweep` when its module is the program that Node was started with. */
export async function runIfMain(moduleUrl: string, sweep: Sweep): Promise<void> {
  const started = process.argv[1]
  if (started && pathToFileURL(started).href === moduleUrl) await main(sweep)
}

/** Checks and times every shape; prints a table. In the phases of the AOT tool the shapes are only called. */
export async function main(sweep: Sweep): Promise<SweepResult> {
  const { info } = await getDevice()
  const { name } = sweep.kernel.definition
  const shapes = info.software ? sweep.softwareShapes : sweep.shapes
  const tuning = ['collect', 'measure'].includes(process.env.HELION_AOT_MODE ?? '')
  const rows: SweepRow[] = []
  if (!tuning) console.log(`${name} on ${info.description || info.device}\n${header()}`)
  for (const shape of shapes) {
    const args = sweep.makeArgs(shape)
    await check(sweep, shape, args)
    if (!tuning) {
      const row = await time(sweep, shape, args)
      rows.push(row)
      console.log(line(row))
    }
    for (const arg of args) if (isTensor(arg)) arg.dispose()
  }
  const geomean = Math.exp(
    rows.reduce((sum, { speedup }) => sum + Math.log(speedup), 0) / Math.max(1, rows.length),
  )
  if (!tuning) console.log(`geometric mean: ${geomean.toFixed(2)} times the speed of the default config`)
  return { kernel: name, rows, geomean }
}

const CHECKED_ELEMENTS = 64

async function check(sweep: Sweep, shape: SweepShape, args: readonly unknown[]): Promise<void> {
  using result = sweep.kernel(...(args as never[]))
  const values = await result.data()
  const inputs = await Promise.all(args.filter(isTensor).map((tensor) => tensor.data()))
  // Neighbouring and far elements alike: a step that shares no factor with any size.
  const positions = Array.from({ length: CHECKED_ELEMENTS }, (_, i) => (i * 15485863) % values.length)
  const expected = sweep.reference(shape, inputs, positions)
  positions.forEach((position, i) => {
    const [got, want] = [values[position] ?? Number.NaN, expected[i] ?? 0]
    if (Math.abs(got - want) <= sweep.tolerance * (1 + Math.abs(want))) return
    const where = `${sweep.kernel.definition.name} ${shape.join('x')}, element ${position}`
    throw new Error(`${where}: ${got} instead of ${want}`)
  })
}

async function time(sweep: Sweep, shape: SweepShape, args: readonly unknown[]): Promise<SweepRow> {
  const given = args as never[]
  const binding = sweep.kernel.bind(...given)
  const standard = binding.compileConfig(binding.defaultConfig())
  const [tuned, plain] = await doBenchTogether([() => sweep.kernel(...given), () => standard(...given)])
  const [tunedMs, defaultMs] = [tuned?.medianMs ?? Number.NaN, plain?.medianMs ?? Number.NaN]
  const { bytes, flops } = sweep.work(shape)
  const rate = bytes
    ? `${(bytes / tunedMs / 1e6).toFixed(0)} GB/s`
    : `${((flops ?? 0) / tunedMs / 1e9).toFixed(2)} TFLOP/s`
  return { shape: shape.join('x'), tunedMs, defaultMs, speedup: defaultMs / tunedMs, rate }
}

function header(): string {
  return ['shape'.padEnd(20), 'tuned', 'default', 'speedup', 'rate'].map((text) => text.padStart(12)).join('')
}

function line({ shape, tunedMs, defaultMs, speedup, rate }: SweepRow): string {
  const micros = (ms: number): string => `${(ms * 1000).toFixed(1)} us`
  return [shape.padEnd(20), micros(tunedMs), micros(defaultMs), `${speedup.toFixed(2)}x`, rate]
    .map((text) => text.padStart(12))
    .join('')
}

function isTensor(value: unknown): value is Tensor {
  return typeof value === 'object' && value !== null && 'dtype' in value && 'shape' in value
}
