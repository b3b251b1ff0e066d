/**
 * Rows of a benchmark: a kernel with arguments, timed under configs that were picked by hand and under its
 * default, caches warm, in turns after 300 ms of load. Each config's answer is compared with float64 on a
 * sample of elements first.
 */
import {
  type Config,
  type ConfigInput,
  doBenchTogether,
  getDevice,
  hl,
  type Kernel,
  kernel,
  type StorageType,
  sync,
  type Tensor,
} from '../src/index.ts'

// biome-ignore lint/suspicious/noExplicitAny: kernels of several signatures
export type AnyKernel = Kernel<(...args: any[]) => Tensor>

/** The elements of a tensor, or what stands for them. */
export type Elements = ArrayLike<number>

export interface Row {
  readonly name: string
  readonly kernel: AnyKernel
  readonly args: readonly (Tensor | number)[]
  /** What a call does, of which the rate is printed: operations, or bytes of weights. */
  readonly work: number
  readonly unit: 'TFLOP/s' | 'TB/s'
  /** Calls in one sample: of short ones many, since the pass around them takes its time. */
  readonly calls: number
  readonly configs: readonly ConfigInput[]
  /** An element of the result in float64, from the elements of the arguments. */
  readonly element: (args: readonly Elements[], index: number) => number
}

export interface HowToMeasure {
  /** For adapters that are no GPU: hardly any load and repetition. */
  readonly tiny: boolean
  /** So many of the best configs are printed. */
  readonly best: number
  /** Also what a search of this effort finds. */
  readonly tune?: 'quick' | 'full' | undefined
}

const LOAD_MS = 300
const LOAD_REPEATS = 20
/** So long each config is measured, in turns with the others. */
const SAMPLE_MS = 30
/** Elements of a result that are checked. */
const SAMPLE = 48
/** The largest error that counts as right, relative to the length of the sample. */
const MAX_ERROR = 0.01

interface Measured extends Omit<Ready, 'call'> {
  readonly us: number
}

/** The kernel of an example. */
export async function exampleOf(file: string, name: string): Promise<AnyKernel> {
  const module = (await import(new URL(`../examples/${file}.ts`, import.meta.url).href)) as object
  return (module as Record<string, AnyKernel>)[name] as AnyKernel
}

/** Integers from `least` on, `count` different ones, that look like noise. */
export function codes(shape: readonly [number, number], dtype: StorageType, count: number): Tensor {
  const least = dtype.startsWith('i') ? -count / 2 : 0
  return kernel({ autotuneEffort: 'none', autotuneLogLevel: 'error' }, function codes() {
    const out = hl.empty([...shape], dtype)
    for (const [i, j] of hl.tile([...shape])) {
      const number = i.index.unsqueeze(1).mul(40_503).add(j.index.mul(30_011)).bitXor(j.index.shr(3))
      out.at(i, j).set(
        number
          .shr(5)
          .bitAnd(count - 1)
          .add(least),
      )
    }
    return out
  })()
}

/** A config that was compiled and checked. */
interface Ready {
  readonly call: Call
  readonly error: number
  readonly what: string
  readonly isDefault: boolean
}

type Call = (...args: unknown[]) => Tensor

/** Prints the row's table; true if all answers are right. */
export async function measureRow(row: Row, how: HowToMeasure): Promise<boolean> {
  const device = await getDevice()
  const binding = row.kernel.bind(...row.args)
  const isRight = await checkOf(row)
  const ready: Ready[] = []
  const seen = new Set<string>()
  let refused = 0
  const add = async (complete: Config, what: string, isDefault: boolean): Promise<void> => {
    if (seen.has(complete.hash)) return
    seen.add(complete.hash)
    const call = binding.compileConfig(complete) as Call
    ready.push({ call, error: await isRight(call), what, isDefault })
  }
  await add(binding.defaultConfig(), `default ${JSON.stringify(binding.defaultConfig().data)}`, true)
  for (const config of row.configs) {
    try {
      await add(binding.bound.spec(device).normalize(config, 'repair'), JSON.stringify(config), false)
    } catch (error) {
      refused++
      if (!(error instanceof Error) || error.name !== 'ConfigError')
        console.log(`  ${String(error).slice(0, 300)}`)
    }
  }
  if (how.tune) {
    const begin = performance.now()
    const config = await row.kernel.autotune(row.args as never, { effort: how.tune } as never)
    const seconds = ((performance.now() - begin) / 1000).toFixed(1)
    await add(config, `tuned in ${seconds} s ${JSON.stringify(config.data)}`, false)
  }
  const measured = await inTurns(row, ready, how)
  print(row, measured, refused, how)
  return measured.every(({ error }) => error <= MAX_ERROR)
}

/** All are compiled by now: the clock of a GPU that waits for a compiler is low. */
async function inTurns(
  { args, calls }: Row,
  ready: readonly Ready[],
  { tiny }: HowToMeasure,
): Promise<readonly Measured[]> {
  const many = tiny ? 1 : calls
  const repeated = ready.map(({ call }) => () => {
    for (let i = 0; i < many; i++) call(...args).dispose()
  })
  // A GPU that waits for the host every time keeps its clock low, too.
  for (const end = performance.now() + (tiny ? 0 : LOAD_MS); performance.now() < end; ) {
    for (let i = 0; i < LOAD_REPEATS; i++) repeated[0]?.()
    await sync()
  }
  const ms = tiny ? 1 : SAMPLE_MS
  const timings = await doBenchTogether(repeated, { flushCache: false, warmupMs: ms, targetMs: ms })
  return ready.map((one, i) => ({ ...one, us: ((timings[i]?.medianMs ?? Number.NaN) * 1000) / many }))
}

/** Runs a call, and gives the error of its answer. */
async function checkOf({ args, element }: Row): Promise<(call: Call) => Promise<number>> {
  const data: Elements[] = []
  for (const arg of args) data.push(typeof arg === 'number' ? [arg] : ((await arg.data()) as Elements))
  const wanted = new Map<number, number>()
  return async (call) => {
    const out = call(...args)
    const got = (await out.data()) as Elements
    out.dispose()
    let [distance, length] = [0, 0]
    for (let i = 0; i < SAMPLE; i++) {
      const index = (i * 15_485_863) % got.length
      const want = wanted.get(index) ?? element(data, index)
      wanted.set(index, want)
      distance += ((got[index] ?? Number.NaN) - want) ** 2
      length += want ** 2
    }
    return Math.sqrt(distance / (length || 1))
  }
}

function print(
  { name, work, unit }: Row,
  measured: readonly Measured[],
  refused: number,
  how: HowToMeasure,
): void {
  console.log(`\n${name}: ${measured.length} configs, ${refused} refused`)
  const sorted = measured.toSorted((a, b) => a.us - b.us)
  const best = sorted.filter(
    ({ isDefault, error, what }, i) =>
      i < how.best || isDefault || error > MAX_ERROR || what.startsWith('tuned'),
  )
  for (const { us, error, what } of best) {
    const columns = [
      `${us.toFixed(1).padStart(9)} us`,
      `${(work / us / 1e6).toPrecision(3).padStart(6)} ${unit}`,
      error <= MAX_ERROR ? `error ${error.toExponential(0)}` : `WRONG, error ${error.toPrecision(2)}`,
      what.replaceAll('"', ''),
    ]
    console.log(columns.join('  '))
  }
}
