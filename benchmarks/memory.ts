/**
 * Kernels that are bound by memory, under their default configs: GPU time of one call with warm caches, bytes
 * a second, and the time of a copy that moves as many bytes, measured in turns with it. Each kernel runs
 * after a copy, so that all find the same in the cache: after itself, a sum of 64 MB takes 4 us less on an
 * H200. Answers are checked: sums and scans of small integers exactly, others on some rows in double
 * precision.
 * Usage: npx tsx benchmarks/memory.ts [--small] [--tune quick|full] [part of a name ...]
 * `--small` takes small sizes, for processors; `--tune` adds a column with what a search finds.
 */
import { parseArgs } from 'node:util'
import {
  type Config,
  type DType,
  doBenchTogether,
  getDevice,
  hl,
  kernel,
  rand,
  randn,
  type Tensor,
  tensor,
} from '../src/index.ts'
import { describeAdapter } from '../src/runtime/adapter/adapter.ts'
import { columnSums, layerNorm, softmax } from '../test/gpu/kernels.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { small: { type: 'boolean', default: false }, tune: { type: 'string' } },
})
const WARMUP_MS = values.small ? 1 : 150
const SAMPLES_MS = values.small ? 1 : 40
const EPSILON = 1e-5
const device = await getDevice()

function copy(x: Tensor): Tensor {
  const out = hl.emptyLike(x)
  for (const t of hl.tile(x.shape[0])) out.at(t).set(x.at(t))
  return out
}

function rowSums(x: Tensor): Tensor {
  const out = hl.empty([x.shape[0]], x.dtype)
  for (const t of hl.tile(x.shape[0])) out.at(t).set(x.at(t, ':').sum(1))
  return out
}

const wholeColumnSums = (x: Tensor): Tensor => x.sum(0)
const flatCumsum = (x: Tensor): Tensor => x.cumsum(0)

function cumsum(x: Tensor): Tensor {
  const out = hl.emptyLike(x)
  for (const row of hl.tile(x.shape[0])) out.at(row, ':').set(x.at(row, ':').cumsum(1))
  return out
}

function sortRows(x: Tensor): Tensor {
  const out = hl.emptyLike(x)
  for (const row of hl.tile(x.shape[0])) out.at(row, ':').set(x.at(row, ':').sort(1).values)
  return out
}

function rmsNorm(x: Tensor, weight: Tensor, epsilon: number): Tensor {
  const out = hl.emptyLike(x)
  for (const row of hl.tile(x.shape[0])) {
    const v = x.at(row, ':').to('f32')
    const scale = v.square().mean(-1, { keepdim: true }).add(epsilon).rsqrt()
    out.at(row, ':').set(v.mul(scale).mul(weight.at(':')))
  }
  return out
}

type Numbers = ArrayLike<number>
type Arguments = readonly (Tensor | number)[]

interface Row {
  readonly name: string
  readonly fn: (...args: never[]) => Tensor
  readonly dtype: DType
  readonly shape: readonly [number, number]
  /** Bytes of the result for each byte of the matrix. */
  readonly written: 0 | 1
  readonly make: (row: Row) => Arguments
  /** How far the result is from what it should be, at most. */
  readonly error: (got: Numbers, data: readonly Numbers[], row: Row) => number
  readonly tolerance: number
  /** What is wanted on an H200, in words. */
  readonly mark: string
}

/** -1, 0 and 1: every sum of them is exact in whatever order. */
function steps([rows, columns]: readonly number[], dtype: DType, isFlat = false): Tensor {
  const count = (rows ?? 1) * (columns ?? 1)
  const data = new Float32Array(count)
  for (let i = 0, state = 12345; i < count; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    data[i] = ((state >>> 16) % 3) - 1
  }
  return tensor(data, { dtype, shape: isFlat ? [count] : [rows ?? 1, columns ?? 1] })
}

/** Some rows, the first and the last among them. */
function sampled(rows: number): readonly number[] {
  return [...new Set([0, 1, Math.floor(rows / 3), Math.floor(rows / 2), rows - 1])]
}

function worst(pairs: Iterable<readonly [got: number, want: number]>): number {
  let most = 0
  for (const [got, want] of pairs) {
    const apart = Math.abs(got - want)
    most = Math.max(most, Number.isNaN(apart) ? Number.POSITIVE_INFINITY : apart)
  }
  return most
}

const summed =
  (along: 'rows' | 'columns'): Row['error'] =>
  (got, [x = []], { shape: [m, n] }) => {
    const sums = new Float64Array(along === 'rows' ? m : n)
    for (let i = 0; i < m * n; i++) {
      const at = along === 'rows' ? Math.floor(i / n) : i % n
      sums[at] = (sums[at] ?? 0) + (x[i] ?? 0)
    }
    return worst(Array.from(sums, (want, i) => [got[i] ?? Number.NaN, want] as const))
  }

const scanned =
  (length: (shape: readonly [number, number]) => number): Row['error'] =>
  (got, [x = []], { shape }) => {
    let [running, most] = [0, 0]
    for (let i = 0; i < shape[0] * shape[1]; i++) {
      running = (i % length(shape) === 0 ? 0 : running) + (x[i] ?? 0)
      if (got[i] !== running) most = Math.max(most, Math.abs((got[i] ?? Number.NaN) - running) || 1)
    }
    return most
  }

/** Compares sampled rows with what `wanted` makes of them. */
const byRows =
  (wanted: (row: readonly number[], others: readonly Numbers[]) => readonly number[]): Row['error'] =>
  (got, [x = [], ...others], { shape: [m, n] }) =>
    worst(
      sampled(m).flatMap((row) => {
        const values = Array.from({ length: n }, (_, i) => x[row * n + i] ?? 0)
        return wanted(values, others).map((want, i) => [got[row * n + i] ?? Number.NaN, want] as const)
      }),
    )

const total = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0)

const softmaxed = byRows((row) => {
  const top = row.reduce((a, b) => Math.max(a, b))
  const exps = row.map((value) => Math.exp(value - top))
  const all = total(exps)
  return exps.map((value) => value / all)
})

const normed = byRows((row, [weight = [], bias = []]) => {
  const mean = bias.length > 0 ? total(row) / row.length : 0
  const variance = total(row.map((value) => (value - mean) ** 2)) / row.length
  const scale = 1 / Math.sqrt(variance + EPSILON)
  return row.map((value, i) => (value - mean) * scale * (weight[i] ?? 0) + (bias[i] ?? 0))
})

const sorted = byRows((row) => row.toSorted((a, b) => a - b))

const matrix = ({ shape, dtype }: Row): Arguments => [randn(shape, { dtype })]
const integers = ({ shape, dtype }: Row): Arguments => [steps(shape, dtype)]
const flatIntegers = ({ shape, dtype }: Row): Arguments => [steps(shape, dtype, true)]
const vectors =
  (count: number) =>
  ({ shape, dtype }: Row): Arguments => [
    randn(shape, { dtype }),
    ...Array.from({ length: count }, () => randn([shape[1]], { dtype })),
    EPSILON,
  ]

function keys({ shape }: Row): Arguments {
  const noise = rand([shape[0] * shape[1]])
  const scaled = kernel({ autotuneEffort: 'none' }, function keys(x: Tensor) {
    const out = hl.empty(shape, 'u32')
    for (const [i, j] of hl.tile([...shape]))
      out.at(i, j).set(
        x
          .at(i.index.unsqueeze(1).mul(shape[1]).add(j.index))
          .mul(2 ** 31)
          .to('u32'),
      )
    return out
  })
  return [scaled(noise)]
}

function rowsOf(small: boolean): readonly Row[] {
  const n = small ? 128 : 4096
  const square = [n, n] as const
  const long = small ? ([64, 1024] as const) : ([32768, 4096] as const)
  const norm = '3.4 TB/s'
  const sums = {
    dtype: 'f32',
    shape: square,
    written: 0,
    make: integers,
    tolerance: 0,
    mark: '21 us',
  } as const
  const rows: Row[] = [
    { name: 'row sum', fn: rowSums, ...sums, error: summed('rows') },
    { name: 'column sum', fn: columnSums, ...sums, error: summed('columns') },
    { name: 'column sum, x.sum(0)', fn: wholeColumnSums, ...sums, error: summed('columns') },
    { ...sums, name: 'cumsum', fn: cumsum, written: 1, error: scanned(([, w]) => w), mark: '42 us' },
    {
      ...sums,
      name: 'cumsum, flat',
      fn: flatCumsum,
      shape: long,
      written: 1,
      make: flatIntegers,
      error: scanned(([h, w]) => h * w),
      mark: '0.9 of a copy',
    },
    {
      ...sums,
      name: 'sort',
      fn: sortRows,
      dtype: 'u32',
      shape: small ? [16, 256] : [4096, 1024],
      written: 1,
      make: keys,
      error: sorted,
      mark: '10 G keys/s: 419 us',
    },
  ]
  for (const dtype of ['f32', 'f16'] as const) {
    const shape = dtype === 'f32' ? square : ([2 * n, n] as const)
    const tolerance = dtype === 'f32' ? 1e-4 : 5e-2
    const same = { dtype, shape, written: 1, tolerance, mark: norm } as const
    rows.push(
      { ...same, name: 'softmax', fn: softmax, make: matrix, error: softmaxed },
      { ...same, name: 'layer_norm', fn: layerNorm, make: vectors(2), error: normed },
      { ...same, name: 'rms_norm', fn: rmsNorm, make: vectors(1), error: normed },
    )
  }
  return rows.filter(({ dtype }) => dtype !== 'f16' || device.limits.shaderF16)
}

/** Medians in microseconds: of a copy, the default config, and a tuned one. */
async function measure(row: Row): Promise<string> {
  const { fn, shape, dtype, written } = row
  const args = row.make(row)
  const call = (config?: Config) => {
    const one = kernel({ autotuneEffort: 'none', ...(config && { config }) }, fn)
    return (): Tensor => one(...(args as never[]))
  }
  const bytes = shape[0] * shape[1] * (dtype === 'f16' ? 2 : 4) * (1 + written)
  const moved = randn([Math.ceil(bytes / 8)])
  const copyOf = kernel({ autotuneEffort: 'none' }, copy)
  const tensors = args.filter((arg) => typeof arg === 'object')
  const data = (await Promise.all(tensors.map((arg) => arg.data()))) as unknown as readonly Numbers[]
  const first = call()()
  const error = row.error((await first.data()) as Numbers, data, row)
  first.dispose()
  const tuned = values.tune ? await search(fn, args) : undefined
  const kernels = [call(), ...(tuned ? [call(tuned)] : [])]
  const runs = kernels.flatMap((one) => [(): Tensor => copyOf(moved), one])
  const options = { warmupMs: WARMUP_MS, targetMs: SAMPLES_MS, maxSamples: 5000 }
  const timings = await doBenchTogether(runs, { ...options, flushCache: false })
  const [copied = Number.NaN, time = Number.NaN, , best] = timings.map(({ medianMs }) => 1000 * medianMs)
  for (const one of [moved, ...tensors]) one.dispose()
  const columns = [
    `${row.name} ${dtype} ${shape.join('x')}`.padEnd(36),
    time.toFixed(1).padStart(9),
    (bytes / time / 1e6).toFixed(2).padStart(7),
    copied.toFixed(1).padStart(9),
    (copied / time).toFixed(2).padStart(6),
    ...(values.tune ? [(best ?? Number.NaN).toFixed(1).padStart(9)] : []),
    ...(error <= row.tolerance ? [] : [`WRONG by ${error}`]),
    `  mark ${row.mark}`,
    ...(tuned ? [tuned.toString().replaceAll(/\s+/g, ' ')] : []),
  ]
  return columns.join(' ')
}

function search(fn: Row['fn'], args: Arguments): Promise<Config> {
  const own = { autotuneLogLevel: 30, skipCache: true, autotuneEffort: values.tune as 'quick' | 'full' }
  return kernel(own, fn).autotune(args as never)
}

console.log(`${describeAdapter(device.info)}, warm caches`)
const heads = ['us', 'TB/s', 'copy us', 'ratio', ...(values.tune ? ['tuned us'] : [])]
console.log(''.padEnd(36), ...heads.map((head, i) => head.padStart([9, 7, 9, 6, 9][i] ?? 9)))
for (const row of rowsOf(values.small)) {
  if (positionals.length > 0 && !positionals.some((part) => row.name.includes(part))) continue
  try {
    console.log(await measure(row))
  } catch (error) {
    console.log(row.name.padEnd(36), error instanceof Error ? error.message : String(error))
  }
}
process.exit(0)
