/**
 * Products of few rows, and quantised weights: hand-picked configs of each kernel, timed on warm caches after
 * 300 ms of load. Prints the best five of each row, with the default config, in µs of GPU time a call and
 * GB/s of weights.
 * Usage: npx tsx benchmarks/thin.ts [--tiny] [--rows int4] [--best 5]
 * `--tiny` takes small sizes and few configs, for adapters that are no GPU; `--rows` the rows whose names
 * contain a text.
 */
import { parseArgs } from 'node:util'
import {
  type ConfigInput,
  type DType,
  doBench,
  getDevice,
  hl,
  type Kernel,
  kernel,
  rand,
  randn,
  sync,
  type Tensor,
} from '../src/index.ts'
import { matmul } from '../test/gpu/kernels.ts'

const { values } = parseArgs({
  options: {
    tiny: { type: 'boolean', default: false },
    rows: { type: 'string', default: '' },
    best: { type: 'string', default: '5' },
  },
})

/** Calls in one sample: one is too short for the pass around it. */
const CALLS = values.tiny ? 1 : 20
const GROUP = 32
const WARMUP_MS = values.tiny ? 1 : 300

type AnyKernel = Kernel<(...args: never[]) => unknown>

interface Row {
  readonly name: string
  readonly kernel: AnyKernel
  readonly args: readonly unknown[]
  /** Bytes of the weights. */
  readonly bytes: number
  readonly configs: readonly ConfigInput[]
}

/** An example's kernel. */
async function exampleOf(file: string, name: string): Promise<AnyKernel> {
  const module = (await import(new URL(`../examples/${file}.ts`, import.meta.url).href)) as object
  return (module as Record<string, AnyKernel>)[name] as AnyKernel
}

const int4Weights = await exampleOf('int4_weights', 'int4Weights')
const int4Linear = await exampleOf('int4_linear', 'int4Linear')

/** Integers of 4 bits that look like noise. */
function codes(rows: number, columns: number, dtype: 'i4' | 'u4'): Tensor {
  return kernel({ autotuneEffort: 'none' }, function codes() {
    const out = hl.empty([rows, columns], dtype)
    for (const [i, j] of hl.tile([rows, columns])) {
      const number = i.index.unsqueeze(1).mul(40_503).add(j.index.mul(30_011)).bitXor(j.index.shr(3))
      out.at(i, j).set(
        number
          .shr(5)
          .bitAnd(15)
          .sub(dtype === 'i4' ? 8 : 0),
      )
    }
    return out
  })()
}

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

function rowOf(name: string, made: AnyKernel, args: readonly unknown[], bytes: number, m: number): Row {
  const shapes = name.includes('[n, k]') ? ALONG_DEPTH : ALONG_COLUMNS
  return { name, kernel: made, args, bytes, configs: configsFor(m, shapes) }
}

function products(dtype: DType, m: number, n: number, k: number): readonly Row[] {
  const bytes = n * k * (dtype === 'f16' ? 2 : 4)
  const x = randn([m, k], { dtype })
  const size = `${m}x${k}x${n}`
  return [
    rowOf(`${dtype} ${size} [k, n]`, product, [x, randn([k, n], { dtype })], bytes, m),
    rowOf(`${dtype} ${size} [n, k]`, transposed, [x, randn([n, k], { dtype })], bytes, m),
  ]
}

/** Weights of 4 bits with scales and, the other way round, zero points of groups. */
function quantised(dtype: DType, m: number, n: number, k: number): readonly Row[] {
  const x = randn([m, k], { dtype })
  const groups = k / GROUP
  const bytes = (n * k) / 2
  const columns = [x, codes(k, n, 'i4'), rand([groups, n], { dtype }), GROUP]
  const linear = [
    x,
    codes(n, k, 'u4'),
    rand([n, groups], { dtype }),
    codes(n, groups, 'u4'),
    randn([n], { dtype }),
    GROUP,
  ]
  const size = `${m}x${k}x${n}`
  return [
    rowOf(`int4 ${dtype} ${size} [k, n]`, int4Weights, columns, bytes, m),
    rowOf(`int4 ${dtype} ${size} [n, k]`, int4Linear, linear, bytes, m),
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
for (const make of makers) {
  for (const row of make().filter(({ name }) => name.includes(values.rows))) await measure(row)
  await sync()
}

async function measure({ name, kernel: measured, args, bytes, configs }: Row): Promise<void> {
  const binding = measured.bind(...(args as never[]))
  const seen = new Set<string>()
  const times: { readonly us: number; readonly config: string }[] = []
  let refused = 0
  for (const config of [undefined, ...configs.filter((_, i) => !values.tiny || i % 16 === 1)]) {
    try {
      const complete = config
        ? binding.bound.spec(device).normalize(config, 'repair')
        : binding.defaultConfig()
      if (seen.has(complete.hash)) continue
      seen.add(complete.hash)
      const call = binding.compileConfig(complete)
      if (times.length === 0) await load(call, args)
      const options = { flushCache: false, warmupMs: values.tiny ? 1 : 20, targetMs: values.tiny ? 1 : 30 }
      const timing = await doBench(() => repeat(call, args), options)
      times.push({
        us: (timing.p10Ms * 1000) / CALLS,
        config: config ? JSON.stringify(config) : `default ${JSON.stringify(complete.data)}`,
      })
    } catch (error) {
      refused++
      if (!(error instanceof Error) || error.name !== 'ConfigError')
        console.log(`  ${String(error).slice(0, 300)}`)
    }
  }
  console.log(`\n${name}: ${times.length} configs, ${refused} refused`)
  const best = times.toSorted((a, b) => a.us - b.us).slice(0, Number(values.best))
  const standard = times.find(({ config }) => config.startsWith('default'))
  for (const { us, config } of [...best, ...(standard && !best.includes(standard) ? [standard] : [])])
    console.log(
      `${us.toFixed(1).padStart(9)} us ${(bytes / us / 1000).toFixed(0).padStart(6)} GB/s  ${config}`,
    )
}

/** Keeps the GPU busy until its clock is up. */
async function load(call: (...args: never[]) => unknown, args: readonly unknown[]): Promise<void> {
  for (const end = performance.now() + WARMUP_MS; performance.now() < end; ) {
    repeat(call, args)
    await sync()
  }
}

function repeat(call: (...args: never[]) => unknown, args: readonly unknown[]): void {
  for (let i = 0; i < CALLS; i++) (call(...(args as never[])) as Tensor).dispose()
}
