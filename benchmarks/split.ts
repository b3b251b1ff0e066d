/**
 * What sharing out sums among workgroups (`split_sums`) gains: GPU time of one call in microseconds, by
 * config and number of parts, all parts of a config in turns after 300 ms of load. Answers are compared with
 * those of one part.
 * Usage: npx tsx benchmarks/split.ts [--cold] [--small] [part of a name ...]
 * `--cold` empties the cache before each sample; `--small` takes small sizes, for processors.
 */
import {
  type ConfigInput,
  type DType,
  doBenchTogether,
  getDevice,
  hl,
  kernel,
  randn,
  type Tensor,
} from '../src/index.ts'
import { describeAdapter } from '../src/runtime/adapter/adapter.ts'
import { columnSums, decodeAttention, matmul } from '../test/gpu/kernels.ts'

const PARTS = [1, 2, 4, 8, 16, 32, 64, 128]
const LOAD_MS = 300

function rowSums(x: Tensor): Tensor {
  const out = hl.empty([x.shape[0]], x.dtype)
  for (const t of hl.tile(x.shape[0])) out.at(t).set(x.at(t, ':').sum(1))
  return out
}

type Shapes = readonly (readonly number[])[]

interface Subject {
  readonly name: string
  readonly fn: (...args: never[]) => Tensor
  readonly shapes: Shapes
  readonly dtype: DType
  readonly configs: readonly ConfigInput[]
  /** Microseconds to be reached on an H200. */
  readonly mark: number | undefined
}

/** Rows, columns and depth, `num_warps`, `dot_rows`, `num_stages`, `slice_k`, `mma`. */
type Tile = readonly [number, number, number, number, number, number, number, 'fma' | 'direct']

const product = ([m, n, k, num_warps, dot_rows, num_stages, slice_k, mma]: Tile): ConfigInput => {
  return { block_sizes: [m, n, k], num_warps, dot_rows, num_stages, slice_k, mma }
}

const FLAT: readonly Tile[] = [
  [1, 64, 128, 4, 0, 1, 1, 'direct'],
  [1, 128, 64, 4, 0, 1, 1, 'direct'],
  [1, 256, 64, 4, 0, 1, 1, 'direct'],
  [1, 512, 32, 4, 0, 1, 1, 'direct'],
  [1, 128, 128, 8, 0, 1, 1, 'direct'],
  [4, 32, 256, 4, 0, 1, 1, 'fma'],
  [4, 64, 128, 4, 0, 2, 4, 'fma'],
  [4, 128, 64, 4, 0, 2, 4, 'fma'],
]
const THIN: readonly Tile[] = [
  [16, 64, 64, 4, 0, 1, 1, 'direct'],
  [16, 128, 32, 4, 0, 1, 1, 'direct'],
  [16, 64, 32, 2, 0, 2, 1, 'fma'],
  [16, 64, 32, 4, 0, 2, 1, 'fma'],
  [16, 128, 32, 4, 0, 2, 1, 'fma'],
  [16, 128, 32, 4, 0, 2, 2, 'fma'],
  [16, 256, 16, 4, 8, 2, 1, 'fma'],
  [16, 32, 128, 8, 0, 2, 8, 'fma'],
]
const SQUARE: readonly Tile[] = [
  [32, 32, 32, 2, 0, 2, 1, 'fma'],
  [64, 32, 32, 2, 8, 2, 1, 'fma'],
  [64, 64, 16, 4, 4, 2, 1, 'fma'],
  [64, 64, 16, 2, 8, 2, 1, 'fma'],
  [64, 128, 16, 4, 8, 2, 1, 'fma'],
  [32, 64, 32, 4, 0, 2, 2, 'fma'],
]
/** Columns and rows of a tile, `num_warps`. */
const COLUMNS = [
  [256, 4, 2],
  [256, 8, 2],
  [512, 4, 4],
  [128, 8, 1],
  [128, 16, 1],
  [64, 32, 4],
  [1024, 4, 8],
] as const
/** Rows of a tile, elements of a chunk, `num_warps`. */
const ROWS = [
  [1, null, 4],
  [1, null, 8],
  [1, null, 16],
  [2, null, 8],
  [4, null, 16],
  [1, 1024, 4],
  [4, 512, 4],
] as const

/** Keys of a tile, `num_warps`, `mma`. */
const DECODE = [
  [32, 4, 'direct'],
  [64, 4, 'direct'],
  [64, 8, 'direct'],
  [32, 4, 'fma'],
  [64, 4, 'fma'],
] as const

const products = (
  name: string,
  dtype: DType,
  shapes: Shapes,
  tiles: readonly Tile[],
  mark?: number,
): Subject => {
  return { name: `${name} ${dtype}`, fn: matmul, dtype, shapes, configs: tiles.map(product), mark }
}

function subjects(n: number, withF16: boolean): readonly Subject[] {
  const weights = [n, n]
  const columns = COLUMNS.map(([j, i, num_warps]) => ({ block_sizes: [j, i], num_warps }))
  const rows = ROWS.map(([i, chunk, num_warps]) => ({
    block_sizes: [i],
    reduction_loops: [chunk],
    num_warps,
  }))
  const [one, sixteen] = [
    [[1, n], weights],
    [[16, n], weights],
  ]
  const side = n / 8
  const square = [
    [side, side],
    [side, side],
  ]
  const all: Subject[] = [
    products('1xN', 'f32', one ?? [], FLAT, 20),
    products('16xN', 'f32', sixteen ?? [], THIN, 35),
    products('square', 'f32', square, SQUARE),
    products('1xN', 'f16', one ?? [], FLAT, 14),
    products('16xN', 'f16', sixteen ?? [], THIN, 16),
    products('square', 'f16', square, SQUARE, 7),
    { name: 'column sum', fn: columnSums, dtype: 'f32', shapes: [weights], configs: columns, mark: 21 },
    { name: 'row sum', fn: rowSums, dtype: 'f32', shapes: [weights], configs: rows, mark: 21 },
    {
      name: 'one long row',
      fn: rowSums,
      dtype: 'f32',
      shapes: [[1, n * n]],
      configs: rows.slice(5),
      mark: undefined,
    },
  ]
  const keys = [32, 2 * n, 128]
  const heads = [[32, 1, 128], keys, keys]
  const decoded = DECODE.map(([tk, num_warps, mma]) => ({ block_sizes: [1, 1, tk], num_warps, mma }))
  for (const dtype of ['f32', 'f16'] as const)
    all.push({
      name: `decode ${dtype}`,
      fn: decodeAttention,
      dtype,
      shapes: heads,
      configs: decoded,
      mark: undefined,
    })
  return all.filter(({ dtype }) => withF16 || dtype !== 'f16')
}

/** The text of a time, or what kept it from being measured. */
async function lineOf(
  { fn }: Subject,
  args: readonly Tensor[],
  config: ConfigInput,
  cold: boolean,
): Promise<{ readonly texts: readonly string[]; readonly best: number }> {
  const bound = kernel({ staticShapes: true }, fn as (...args: Tensor[]) => Tensor).bind(...args)
  const most = config.reduction_loops === undefined ? PARTS.at(-1) : 16
  const texts = PARTS.map(() => '')
  const runs: { readonly at: number; readonly run: () => Tensor }[] = []
  let wanted: ArrayLike<number> | undefined
  for (const [at, parts] of PARTS.entries()) {
    if (parts > (most ?? 1) && args[0]?.shape[0] !== 1) continue
    try {
      const run = bound.compileConfig({ ...config, split_sums: parts }) as (...args: Tensor[]) => Tensor
      const got = await (run(...args) as unknown as { data(): Promise<ArrayLike<number>> }).data()
      wanted ??= got
      if (!isClose(got, wanted)) texts[at] = 'WRONG'
      else runs.push({ at, run: () => run(...args) })
    } catch (error) {
      texts[at] = error instanceof Error && error.name === 'ConfigError' ? 'refused' : String(error)
    }
  }
  if (runs.length === 0) return { texts, best: Number.POSITIVE_INFINITY }
  const options = { warmupMs: LOAD_MS / runs.length, maxSamples: 5000, flushCache: cold, targetMs: 40 }
  const timings = await doBenchTogether(
    runs.map(({ run }) => run),
    options,
  )
  const times = timings.map(({ medianMs }) => 1000 * medianMs)
  for (const [i, { at }] of runs.entries()) texts[at] = (times[i] ?? 0).toFixed(1)
  return { texts, best: Math.min(...times) }
}

function isClose(got: ArrayLike<number>, wanted: ArrayLike<number>): boolean {
  const scale = Math.max(1, ...Array.from(wanted).slice(0, 4096).map(Math.abs))
  return Array.from(wanted).every((want, i) => Math.abs((got[i] ?? Number.NaN) - want) <= 5e-3 * scale)
}

const flags = process.argv.slice(2)
const names = flags.filter((flag) => !flag.startsWith('--'))
const device = await getDevice()
const n = flags.includes('--small') ? 512 : 4096
const cold = flags.includes('--cold')
console.log(`${describeAdapter(device.info)}, N = ${n}, caches ${cold ? 'cold' : 'warm'}, us by parts`)
const chosen = subjects(n, device.limits.shaderF16).filter(
  ({ name }) => names.length === 0 || names.some((part) => name.includes(part)),
)
for (const subject of chosen) {
  const args = subject.shapes.map((shape) => randn(shape, { dtype: subject.dtype }))
  console.log(`\n${subject.name}${subject.mark ? ` (mark ${subject.mark})` : ''}`)
  console.log(`${''.padEnd(44)}${PARTS.map((parts) => String(parts).padStart(9)).join('')}`)
  let best = { time: Number.POSITIVE_INFINITY, config: '' }
  for (const config of [...subject.configs, {}]) {
    const text = Object.values(config).join(' ') || 'default config'
    const line = await lineOf(subject, args, config, cold)
    console.log(`${text.padEnd(44)}${line.texts.map((time) => time.padStart(9)).join('')}`)
    if (line.best < best.time) best = { time: line.best, config: text }
  }
  console.log(`best ${best.time.toFixed(1)} with ${best.config}`)
  for (const arg of args) arg.dispose()
}
