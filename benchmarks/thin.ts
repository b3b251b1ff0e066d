/**
 * Products of few rows, and quantised weights: hand-picked configs of each kernel, timed on warm caches after
 * 300 ms of load. Prints the best five of each row, with the default config, in µs of GPU time a call and
 * TB/s of weights.
 * Usage: npx tsx benchmarks/thin.ts [--tiny] [--rows int4] [--best 5]
 * `--tiny` takes small sizes and few configs, for adapters that are no GPU; `--rows` the rows whose names
 * contain a text.
 */
import { parseArgs } from 'node:util'
import {
  type ConfigInput,
  type DType,
  getDevice,
  hl,
  kernel,
  rand,
  randn,
  sync,
  type Tensor,
} from '../src/index.ts'
import { matmul } from '../test/gpu/kernels.ts'
import { type AnyKernel, codes, type Elements, exampleOf, measureRow, type Row } from './hand_configs.ts'

const { values } = parseArgs({
  options: {
    tiny: { type: 'boolean', default: false },
    rows: { type: 'string', default: '' },
    best: { type: 'string', default: '5' },
  },
})

const CALLS = 20
const GROUP = 32

const int4Weights = await exampleOf('int4_weights', 'int4Weights')
const int4Linear = await exampleOf('int4_linear', 'int4Linear')

const product = kernel(matmul)
const transposed = kernel(function transposed(x: Tensor, w: Tensor) {
  const [m, k] = x.shape
  const [n] = w.shape
  const out = hl.empty([m, n], x.dtype)
  for (const [tm, tn] of hl.tile([m, n])) {
    const acc = hl.zeros([tm, tn])
    for (const tk of hl.tile(k)) acc.addDot(x.at(tm, tk), w.at(tn, tk).transpose())
    out.at(tm, tn).set(acc)
  }
  return out
})

/** Columns, depth, warps, parts; for weights `[k, n]`: threads that columns leave share out the depth. */
const ALONG_COLUMNS = [
  [32, 64, 4, 1],
  [32, 128, 4, 1],
  [32, 256, 8, 1],
  [32, 512, 16, 1],
  [64, 64, 4, 1],
  [64, 64, 8, 1],
  [64, 128, 8, 1],
  [64, 256, 8, 1],
  [64, 64, 4, 4],
  [64, 128, 8, 2],
  [64, 128, 8, 4],
  [128, 32, 4, 4],
  [128, 64, 8, 1],
  [128, 64, 8, 4],
  [128, 64, 8, 8],
  [128, 128, 8, 4],
  [256, 32, 4, 8],
  [256, 32, 8, 8],
  [256, 64, 8, 8],
  [256, 128, 8, 8],
  [256, 64, 8, 16],
  [512, 32, 8, 16],
] as const

/** The same with weights `[n, k]`, where a thread's vectors and lanes lie along the depth. */
const ALONG_DEPTH = [
  [4, 128, 4, 1],
  [4, 256, 4, 1],
  [8, 128, 4, 1],
  [8, 256, 4, 1],
  [8, 256, 8, 1],
  [8, 512, 8, 1],
  [8, 1024, 8, 1],
  [16, 128, 4, 1],
  [16, 256, 4, 1],
  [16, 256, 8, 1],
  [16, 512, 8, 1],
  [16, 1024, 4, 1],
  [16, 1024, 8, 1],
  [32, 256, 4, 1],
  [32, 256, 8, 1],
  [32, 256, 8, 4],
  [32, 1024, 8, 1],
  [32, 1024, 8, 2],
] as const

function configsFor(
  m: number,
  shapes: readonly (readonly [number, number, number, number])[],
): ConfigInput[] {
  return shapes.flatMap(([n, k, num_warps, split_sums]) => {
    const direct = {
      block_sizes: [m, n, k],
      num_warps,
      split_sums,
      mma: 'direct',
      num_stages: 1,
      slice_k: 1,
    } as const
    const rows = m > 8 ? [0, 8, 4] : [0]
    return rows.flatMap((dot_rows) => [
      { ...direct, dot_rows },
      { ...direct, dot_rows, range_unroll_factors: 2 },
      ...(dot_rows === 0 ? [{ ...direct, num_stages: 2 }] : []),
    ])
  })
}

const at = (elements: Elements | undefined, index: number): number => elements?.[index] ?? Number.NaN

/** A row whose weights, by position along the depth and column, `weight` knows. */
function rowOf(
  name: string,
  made: AnyKernel,
  args: Row['args'],
  bytes: number,
  [m, n, k]: readonly [number, number, number],
  weight: (args: readonly Elements[], p: number, j: number) => number,
  bias = (_args: readonly Elements[], _j: number): number => 0,
): Row {
  const shapes = name.includes('[n, k]') ? ALONG_DEPTH : ALONG_COLUMNS
  return {
    name,
    kernel: made,
    args,
    work: bytes,
    unit: 'TB/s',
    calls: CALLS,
    configs: configsFor(m, shapes).filter((_, i) => !values.tiny || i % 16 === 1),
    element(data, index) {
      const [i, j] = [Math.floor(index / n), index % n]
      let total = bias(data, j)
      for (let p = 0; p < k; p++) total += at(data[0], i * k + p) * weight(data, p, j)
      return total
    },
  }
}

function products(dtype: DType, m: number, n: number, k: number): readonly Row[] {
  const bytes = n * k * (dtype === 'f16' ? 2 : 4)
  const x = randn([m, k], { dtype })
  const size = `${m}x${k}x${n}`
  const columns = [x, randn([k, n], { dtype })]
  const rows = [x, randn([n, k], { dtype })]
  return [
    rowOf(`${dtype} ${size} [k, n]`, product, columns, bytes, [m, n, k], ([, w], p, j) => at(w, p * n + j)),
    rowOf(`${dtype} ${size} [n, k]`, transposed, rows, bytes, [m, n, k], ([, w], p, j) => at(w, j * k + p)),
  ]
}

/** Weights of 4 bits with scales and, the other way round, zero points of groups. */
function quantised(dtype: DType, m: number, n: number, k: number): readonly Row[] {
  const x = randn([m, k], { dtype })
  const groups = k / GROUP
  const bytes = (n * k) / 2
  const columns = [x, codes([k, n], 'i4', 16), rand([groups, n], { dtype }), GROUP]
  const linear = [
    x,
    codes([n, k], 'u4', 16),
    rand([n, groups], { dtype }),
    codes([n, groups], 'u4', 16),
    randn([n], { dtype }),
    GROUP,
  ]
  const size = `${m}x${k}x${n}`
  const ofColumn = ([, w, scale]: readonly Elements[], p: number, j: number): number =>
    at(w, p * n + j) * at(scale, Math.floor(p / GROUP) * n + j)
  const ofRow = ([, w, scale, zero]: readonly Elements[], p: number, j: number): number => {
    const group = j * groups + Math.floor(p / GROUP)
    return (at(w, j * k + p) - at(zero, group)) * at(scale, group)
  }
  return [
    rowOf(`int4 ${dtype} ${size} [k, n]`, int4Weights, columns, bytes, [m, n, k], ofColumn),
    rowOf(`int4 ${dtype} ${size} [n, k]`, int4Linear, linear, bytes, [m, n, k], ofRow, (data, j) =>
      at(data[4], j),
    ),
  ]
}

const device = await getDevice()
console.log(device.info.description || device.info.device)
const [side, long] = values.tiny ? [64, 128] : [4096, 16_384]
const makers = (['f32', 'f16'] as const)
  .filter((dtype) => dtype === 'f32' || device.limits.shaderF16)
  .flatMap((dtype) => [
    () => products(dtype, 1, side, side),
    () => products(dtype, 16, side, side),
    () => quantised(dtype, 1, side, side),
    () => quantised(dtype, 16, side, side),
    () => quantised(dtype, 1, long / 2, long),
  ])
let right = true
for (const make of makers) {
  const rows = make()
  for (const row of rows.filter(({ name }) => name.includes(values.rows)))
    right = (await measureRow(row, { tiny: values.tiny, best: Number(values.best) })) && right
  for (const arg of new Set(rows.flatMap(({ args }) => args))) if (typeof arg === 'object') arg.dispose()
  await sync()
}
console.log(right ? '\nall answers are right' : '\nSOME ANSWERS ARE WRONG')
process.exit(right ? 0 : 1)
