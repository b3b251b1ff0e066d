/**
 * Products of f16 on matrix units, each under a list of configs: time on the GPU, rate, error against float64
 * on a sample of elements, and how long the config took to compile.
 * Usage: npx tsx benchmarks/matrix_units.ts [case ...]
 * The adapter is chosen as always, by HELION_ADAPTER; sizes are small on a software adapter.
 */

import type { ConfigInput } from '../src/config/config.ts'
import { doBench, getDevice, hl, kernel, type Tensor, tensor } from '../src/index.ts'
import { Random } from '../src/support/random.ts'
import { matmul } from '../test/gpu/kernels.ts'
import { halfSums, headAttention } from '../test/gpu/matrix_kernels.ts'

const device = await getDevice()
const { software } = device.limits
const chance = new Random(7)

/** Rows, columns, depth, num_warps, num_stages, l2_grouping; further fields. */
type Row = readonly [
  m: number,
  n: number,
  k: number,
  warps: number,
  stages: number,
  group: number,
  more?: ConfigInput,
]

const LARGE: readonly Row[] = [
  [128, 128, 32, 4, 2, 8],
  [128, 128, 32, 4, 1, 8],
  [128, 128, 64, 4, 2, 8],
  [128, 256, 32, 8, 2, 8],
  [256, 128, 32, 8, 2, 8],
  [128, 128, 64, 8, 2, 8],
  [128, 128, 32, 8, 2, 8],
  [256, 128, 32, 16, 2, 8],
  [256, 256, 32, 16, 2, 8],
  [128, 128, 32, 4, 2, 8, { mma: ['fma'] }],
]
const MIDDLE: readonly Row[] = [
  [64, 64, 64, 4, 2, 8],
  [64, 64, 32, 4, 2, 8],
  [64, 128, 32, 4, 2, 8],
  [128, 64, 64, 4, 2, 8],
  [128, 128, 32, 4, 2, 8],
  [128, 128, 32, 8, 2, 8],
  [64, 64, 64, 2, 2, 4],
  [64, 64, 128, 8, 2, 4],
]
const SMALL: readonly Row[] = [
  [32, 32, 64, 4, 2, 1],
  [32, 32, 128, 4, 2, 1],
  [32, 64, 64, 4, 2, 1],
  [64, 32, 128, 4, 2, 1],
  [64, 64, 64, 4, 2, 1],
  [32, 32, 64, 2, 2, 1],
]

function linearGelu(x: Tensor, weight: Tensor, bias: Tensor): Tensor {
  const [m, k] = x.shape
  const n = weight.shape[0]
  const out = hl.empty([m, n], x.dtype)
  for (const [tm, tn] of hl.tile([m, n])) {
    const acc = hl.zeros([tm, tn])
    for (const tk of hl.tile(k)) acc.addDot(x.at(tm, tk), weight.at(tn, tk).transpose())
    const z = acc.add(bias.at(tn))
    const inner = z.add(z.mul(z).mul(z).mul(0.044715)).mul(0.7978845608)
    out.at(tm, tn).set(z.mul(inner.tanh().add(1)).mul(0.5))
  }
  return out
}

interface Case {
  // biome-ignore lint/suspicious/noExplicitAny: kernels of several signatures
  readonly fn: (...args: any[]) => Tensor
  readonly shapes: readonly (readonly number[])[]
  readonly flops: number
  readonly configs: readonly ConfigInput[]
  /** An element of the result in float64, by its index. */
  readonly element?: (data: readonly Float32Array[], index: number) => number
}

const size = (n: number): number => (software ? Math.min(n, 64) : n)
const fields = (rows: readonly Row[]): readonly ConfigInput[] =>
  rows.map(([m, n, k, num_warps, num_stages, group, more]) => ({
    block_sizes: [m, n, k],
    num_warps,
    num_stages,
    l2_groupings: [group],
    mma: ['subgroup_matrix'],
    ...more,
  }))

function product(fn: Case['fn'], s: number, rows: readonly Row[]): Case {
  const n = size(s)
  return {
    fn,
    shapes: [
      [n, n],
      [n, n],
    ],
    flops: 2 * n ** 3,
    configs: fields(rows),
    element([x, y] = [], index) {
      const [i, j] = [Math.floor(index / n), index % n]
      let sum = 0
      for (let k = 0; k < n; k++) sum += (x?.[i * n + k] ?? 0) * (y?.[k * n + j] ?? 0)
      return sum
    },
  }
}

function attentionCase(h: number, m: number, d: number): Case {
  const [heads, rows] = [software ? 2 : h, size(m)]
  const shape = [heads, rows, d]
  const tiles: readonly (readonly [number, number, number])[] = [
    [64, 64, 2],
    [64, 64, 4],
    [128, 64, 4],
    [128, 64, 8],
    [64, 32, 2],
    [64, 32, 4],
    [128, 32, 4],
    [128, 32, 8],
    [32, 64, 2],
    [64, 128, 4],
    [128, 128, 8],
  ]
  const ways = [{ mma: ['subgroup_matrix', 'subgroup_matrix'] as const }]
  return {
    fn: headAttention,
    shapes: [shape, shape, shape],
    flops: 4 * heads * rows * rows * d,
    configs: tiles.flatMap(([tm, tn, num_warps]) =>
      [1, 2].flatMap((num_stages) =>
        ways.map((way) => ({ block_sizes: [tm, tn], num_warps, num_stages, ...way })),
      ),
    ),
    element([q, k, v] = [], index) {
      const [head, row, column] = [Math.floor(index / rows / d), Math.floor(index / d) % rows, index % d]
      const at = (data: Float32Array | undefined, r: number, c: number): number =>
        data?.[(head * rows + r) * d + c] ?? 0
      let [total, sum] = [0, 0]
      for (let r = 0; r < rows; r++) {
        let score = 0
        for (let c = 0; c < d; c++) score += at(q, row, c) * at(k, r, c)
        const weight = Math.exp(score / Math.sqrt(d))
        total += weight
        sum += weight * at(v, r, column)
      }
      return sum / total
    },
  }
}

const CASES: Readonly<Record<string, () => Case>> = {
  'matmul 4096': () => product(matmul, 4096, LARGE),
  'matmul 1024': () => product(matmul, 1024, MIDDLE),
  'matmul 512': () => product(matmul, 512, SMALL),
  'half sums 4096': () => product(halfSums, 4096, LARGE),
  'half sums 1024': () => product(halfSums, 1024, MIDDLE),
  'linear gelu 4096': () => {
    const n = size(4096)
    const { element, ...plain } = product(linearGelu, 4096, LARGE)
    return { ...plain, shapes: [[n, n], [n, n], [n]] }
  },
  'attention 16 x 2048 x 64': () => attentionCase(16, 2048, 64),
  'attention 16 x 2048 x 128': () => attentionCase(16, 2048, 128),
}

async function warm(run: () => Tensor): Promise<void> {
  const begin = performance.now()
  while (performance.now() - begin < (software ? 1 : 350)) {
    for (let i = 0; i < 10; i++) run().dispose()
    await device.gpu.queue.onSubmittedWorkDone()
  }
}

async function measure(name: string, { fn, shapes, flops, configs, element }: Case): Promise<void> {
  console.log(`\n${name}`)
  const hosts = shapes.map((shape) => {
    const data = new Float32Array(shape.reduce((a, b) => a * b, 1))
    for (let i = 0; i < data.length; i++) data[i] = Math.round((chance.next() - 0.5) * 1024) / 1024
    return data
  })
  const args = hosts.map((data, i) => tensor(data, { shape: shapes[i] ?? [], dtype: 'f16' }))
  const bound = kernel({ autotuneLogLevel: 'error' }, fn).bind(...args)
  for (const config of configs) {
    const label = JSON.stringify(config).replaceAll('"', '')
    try {
      const begin = performance.now()
      const run = bound.compileConfig(config)
      const out = run(...args) as Tensor
      const got = (await out.data()) as ArrayLike<number>
      const compile = performance.now() - begin
      const [error, norm] = [0, 1, 17, 300, 700, 1201, 4000]
        .map((i) => (i * 7919) % got.length)
        .reduce(
          ([e = 0, s = 0], i) => {
            const want = element?.(hosts, i) ?? Number.NaN
            return [e + ((got[i] ?? 0) - want) ** 2, s + want ** 2]
          },
          [0, 0],
        )
      out.dispose()
      await warm(() => run(...args) as Tensor)
      const { medianMs } = await doBench(() => run(...args), {
        targetMs: software ? 1 : 40,
        flushCache: false,
      })
      const columns = [
        `${(medianMs * 1000).toFixed(1).padStart(9)} us`,
        `${(flops / medianMs / 1e9).toFixed(1).padStart(7)} TFLOP/s`,
        `error ${Math.sqrt((error ?? 0) / (norm || 1)).toExponential(1)}`,
        `${compile.toFixed(0).padStart(5)} ms`,
        label,
      ]
      console.log(columns.join('  '))
    } catch (error) {
      console.log(`  ${String(error).split('\n')[0]?.slice(0, 150)}  ${label}`)
    }
  }
  for (const arg of args) arg.dispose()
}

const wanted = process.argv.slice(2)
for (const [name, make] of Object.entries(CASES))
  if (wanted.length === 0 || wanted.some((part) => name.includes(part))) await measure(name, make())
process.exit(0)
