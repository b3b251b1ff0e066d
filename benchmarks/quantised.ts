/**
 * Products of quantised weights and convolutions, under configs picked by hand: time on the GPU, rate, error.
 * Usage: npx tsx benchmarks/quantised.ts [--tiny] [--rows prefill] [--best 3] [--tune quick|full]
 * `--tiny` takes small sizes, for adapters that are no GPU; `--rows` the rows whose names contain a text;
 * `--tune` adds what a search finds.
 */
import { parseArgs } from 'node:util'
import { type ConfigInput, type DType, getDevice, rand, randn, sync, type Tensor } from '../src/index.ts'
import { describeAdapter } from '../src/runtime/adapter/adapter.ts'
import { codes, type Elements, exampleOf, measureRow, type Row } from './hand_configs.ts'

const { values } = parseArgs({
  options: {
    tiny: { type: 'boolean', default: false },
    rows: { type: 'string', default: '' },
    best: { type: 'string', default: '3' },
    tune: { type: 'string' },
  },
})

const GROUP = 32
const SHORT_CALLS = 20

const [int4Weights, int4Linear, int8Weights, int8Matmul, conv2d] = await Promise.all([
  exampleOf('int4_weights', 'int4Weights'),
  exampleOf('int4_linear', 'int4Linear'),
  exampleOf('int8_weights', 'int8Weights'),
  exampleOf('int8_weights', 'int8Matmul'),
  exampleOf('conv2d', 'conv2d'),
])

/** Rows, columns and depth of a tile, `num_warps`, `num_stages`; further fields. */
type Tile = readonly [
  m: number,
  n: number,
  k: number,
  num_warps: number,
  num_stages: number,
  more?: ConfigInput,
]

const onMatrices = (tiles: readonly Tile[]): readonly ConfigInput[] =>
  tiles.map(([m, n, k, num_warps, num_stages, more]) => {
    return {
      block_sizes: [m, n, k],
      num_warps,
      num_stages,
      l2_groupings: [8],
      mma: ['subgroup_matrix'],
      ...more,
    }
  })

const onFma = (tiles: readonly Tile[]): readonly ConfigInput[] =>
  onMatrices(tiles).map((config) => ({ ...config, mma: ['fma'] }))

const LARGE: readonly Tile[] = [
  [128, 128, 32, 4, 2],
  [128, 128, 64, 4, 2],
  [128, 128, 64, 8, 2],
  [128, 256, 32, 8, 2],
  [256, 128, 32, 8, 2],
  [128, 128, 128, 4, 2],
  [128, 128, 128, 8, 2],
  [128, 256, 64, 8, 2],
  [256, 128, 64, 8, 2],
]
const FEW_ROWS: readonly Tile[] = [
  [16, 32, 64, 2, 2, { split_sums: [4] }],
  [16, 32, 128, 2, 2, { split_sums: [4] }],
  [16, 64, 128, 4, 2, { split_sums: [4] }],
  [16, 64, 128, 4, 2, { split_sums: [8] }],
  [16, 64, 64, 4, 2, { split_sums: [8] }],
  [16, 128, 64, 4, 2, { split_sums: [8] }],
  [16, 128, 128, 4, 2, { split_sums: [8] }],
  [16, 64, 256, 4, 1, { split_sums: [4] }],
]
const DIRECT: readonly ConfigInput[] = (
  [
    [4, 512, 4, 1],
    [8, 256, 4, 1],
    [8, 512, 8, 1],
    [8, 1024, 8, 1],
    [16, 512, 8, 1],
    [16, 1024, 8, 1],
    [32, 256, 8, 1],
    [64, 128, 8, 2],
    [64, 128, 4, 4],
    [128, 64, 4, 8],
    [256, 64, 8, 8],
    [256, 64, 8, 16],
  ] as const
).flatMap(([n, k, num_warps, parts]) =>
  [1, 2].map((num_stages) => {
    return { block_sizes: [1, n, k], num_warps, num_stages, split_sums: [parts], mma: ['direct'], slice_k: 1 }
  }),
)
const FMA: readonly Tile[] = [
  [128, 128, 16, 4, 2],
  [128, 128, 16, 8, 2],
  [128, 64, 16, 4, 2],
  [128, 128, 8, 4, 2],
  [64, 128, 32, 8, 2],
]

const large = values.tiny ? 64 : 4096

function sum(count: number, term: (k: number) => number): number {
  let total = 0
  for (let k = 0; k < count; k++) total += term(k)
  return total
}

const at = (elements: Elements | undefined, index: number): number => elements?.[index] ?? Number.NaN

type Product = Pick<Row, 'work' | 'unit' | 'calls'>

/** What a product of many rows is judged by, and one of few. */
const byOperations = (m: number, n: number, k: number): Product => {
  return { work: 2 * m * n * k, unit: 'TFLOP/s', calls: 1 }
}
const byWeights = (bytes: number): Product => ({ work: bytes, unit: 'TB/s', calls: SHORT_CALLS })

/** Weights `[k, n]` of i4 with scales. */
function weightsOfColumns(m: number, n: number, k: number, dtype: DType): Omit<Row, 'configs'> {
  return {
    name: `int4 [k, n] ${dtype} ${m} x ${k} x ${n}`,
    kernel: int4Weights,
    args: [randn([m, k], { dtype }), codes([k, n], 'i4', 16), rand([k / GROUP, n], { dtype }), GROUP],
    ...(m > 64 || values.tiny ? byOperations(m, n, k) : byWeights((n * k) / 2)),
    element([x, w, scale], index) {
      const [i, j] = [Math.floor(index / n), index % n]
      return sum(k, (p) => at(x, i * k + p) * at(w, p * n + j) * at(scale, Math.floor(p / GROUP) * n + j))
    },
  }
}

/** Weights `[n, k]` of u4 with scales and zero points. */
function weightsOfRows(m: number, n: number, k: number, dtype: DType): Omit<Row, 'configs'> {
  const groups = k / GROUP
  return {
    name: `int4 [n, k] ${dtype} ${m} x ${k} x ${n}`,
    kernel: int4Linear,
    args: [
      randn([m, k], { dtype }),
      codes([n, k], 'u4', 16),
      rand([n, groups], { dtype }),
      codes([n, groups], 'u4', 16),
      randn([n], { dtype }),
      GROUP,
    ],
    ...(m > 64 || values.tiny ? byOperations(m, n, k) : byWeights((n * k) / 2)),
    element([x, w, scale, zero, bias], index) {
      const [i, j] = [Math.floor(index / n), index % n]
      const weight = (p: number): number => {
        const g = j * groups + Math.floor(p / GROUP)
        return (at(w, j * k + p) - at(zero, g)) * at(scale, g)
      }
      return at(bias, j) + sum(k, (p) => at(x, i * k + p) * weight(p))
    },
  }
}

/** Weights of i8, and activations of f16 or i8. */
function bytes(m: number, n: number, k: number, activations: 'f16' | 'f32' | 'i8'): Omit<Row, 'configs'> {
  const w = codes([k, n], 'i8', 256)
  const scale = rand([n], { dtype: activations === 'f16' ? 'f16' : 'f32' })
  const whole = activations === 'i8'
  const args: readonly (Tensor | number)[] = whole
    ? [codes([m, k], 'i8', 256), rand([m]), w, scale]
    : [randn([m, k], { dtype: activations }), w, scale]
  return {
    name: `int8 ${activations} ${m} x ${k} x ${n}`,
    kernel: whole ? int8Matmul : int8Weights,
    args,
    ...byOperations(m, n, k),
    element(data, index) {
      const [i, j] = [Math.floor(index / n), index % n]
      const [x, right, own] = whole ? [data[0], data[2], data[3]] : data
      const factor = whole ? at(data[1], i) : 1
      return factor * at(own, j) * sum(k, (p) => at(x, i * k + p) * at(right, p * n + j))
    },
  }
}

function convolution(dtype: DType, configs: readonly ConfigInput[]): Row {
  const [images, size, channels, outputs] = values.tiny ? [1, 8, 32, 32] : [8, 56, 256, 256]
  const taps = 3
  return {
    name: `conv 3 x 3 ${dtype} ${images} x ${channels} x ${size} x ${size} -> ${outputs}`,
    kernel: conv2d,
    args: [
      randn([images, size, size, channels], { dtype }),
      randn([taps, taps, channels, outputs], { dtype }),
      1,
    ],
    work: 2 * images * size * size * channels * outputs * taps * taps,
    unit: 'TFLOP/s',
    calls: 1,
    configs,
    element([x, w], index) {
      const [pixel, o] = [Math.floor(index / outputs), index % outputs]
      const [image, row, column] = [
        Math.floor(pixel / size / size),
        Math.floor(pixel / size) % size,
        pixel % size,
      ]
      return sum(taps * taps, (tap) => {
        const [i, j] = [row + Math.floor(tap / taps) - 1, column + (tap % taps) - 1]
        if (i < 0 || j < 0 || i >= size || j >= size) return 0
        const from = ((image * size + i) * size + j) * channels
        return sum(channels, (c) => at(x, from + c) * at(w, (tap * channels + c) * outputs + o))
      })
    },
  }
}

const device = await getDevice()
const half = device.limits.shaderF16 ? 'f16' : 'f32'
const [wide, long] = values.tiny ? [64, 128] : [8192, 16_384]
const manyRows = [...onMatrices(LARGE), ...onFma(FMA.slice(0, 1))]
const MAKERS: Readonly<Record<string, () => Row>> = {
  'prefill int4 [k, n]': () => ({ ...weightsOfColumns(large, large, large, half), configs: manyRows }),
  'prefill int4 [n, k]': () => ({ ...weightsOfRows(large, large, large, half), configs: manyRows }),
  'prefill int8': () => ({ ...bytes(large, large, large, half), configs: manyRows }),
  'int8 x int8': () => ({ ...bytes(large, large, large, 'i8'), configs: manyRows }),
  'few rows int4 [k, n]': () => ({
    ...weightsOfColumns(16, large, large, half),
    configs: [...onMatrices(FEW_ROWS), ...rowsOf(16)],
  }),
  'few rows int4 [n, k]': () => ({
    ...weightsOfRows(16, large, large, half),
    configs: [...onMatrices(FEW_ROWS), ...rowsOf(16)],
  }),
  'one row int4 [k, n]': () => ({ ...weightsOfColumns(1, large, large, half), configs: DIRECT }),
  'one row int4 [n, k]': () => ({ ...weightsOfRows(1, large, large, half), configs: DIRECT }),
  'gemv int4 [k, n]': () => ({ ...weightsOfColumns(1, wide, long, half), configs: DIRECT }),
  'gemv int4 [n, k]': () => ({ ...weightsOfRows(1, wide, long, half), configs: DIRECT }),
  'conv f32': () => convolution('f32', onFma(FMA)),
  ...(half === 'f16' && { 'conv f16': () => convolution('f16', [...onMatrices(LARGE), ...onFma(FMA)]) }),
}

/** The configs for one row, for several. */
function rowsOf(m: number): readonly ConfigInput[] {
  return DIRECT.filter((_, i) => i % 2 === 0).map((config) => {
    const [, n = 1, k = 1] = [config.block_sizes ?? []].flat()
    return { ...config, block_sizes: [m, n, k], dot_rows: 4 }
  })
}

console.log(describeAdapter(device.info))
let right = true
for (const [name, make] of Object.entries(MAKERS)) {
  if (!name.includes(values.rows)) continue
  const row = make()
  const configs = values.tiny ? row.configs.filter((_, i) => i % 4 === 0) : row.configs
  const tune = values.tune as 'quick' | 'full' | undefined
  const how = { tiny: values.tiny, best: Number(values.best), tune }
  right = (await measureRow({ ...row, name: `${name}: ${row.name}`, configs }, how)) && right
  for (const arg of row.args) if (typeof arg === 'object') arg.dispose()
  await sync()
}
console.log(right ? '\nall answers are right' : '\nSOME ANSWERS ARE WRONG')
process.exit(right ? 0 : 1)
