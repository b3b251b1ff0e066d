/**
 * The kernels that speed is judged by, each under its default config and one that a quick search finds: GPU
 * time of a call in turns, caches warm, a pass to each call, beside the time that is wanted on an H200.
 * Answers of both are compared with double precision first. Ends with the geometric mean of tuned over
 * default. Usage: npx tsx benchmarks/marks.ts [--seconds 5] [--effort quick] [--tiny] [part of a name ...]
 * `--seconds` for the search of a row, which effort none leaves out; `--tiny` takes small sizes, for adapters
 * that are no GPU.
 */
import { parseArgs } from 'node:util'
import { type Config, doBenchTogether, getDevice, kernel, sync } from 'helion-aot'
import { isTensor, problemOf } from '../pretuned_kernels/sweep.ts'
import { describeAdapter } from '../src/runtime/adapter/adapter.ts'
import { type MarkedRow, markedRows } from './marked_rows.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seconds: { type: 'string', default: '5' },
    effort: { type: 'string', default: 'quick' },
    tiny: { type: 'boolean', default: false },
  },
})
const [LOAD_MS, SAMPLES_MS] = values.tiny ? [1, 1] : [400, 40]

/** Microseconds under the default config and the tuned one. */
interface Times {
  readonly standard: number
  readonly tuned: number
}

async function measure(row: MarkedRow): Promise<Times> {
  const { work, sizes, dtype } = row
  const args = work.makeArgs(sizes, dtype)
  const fn = work.kernel.definition.fn as (...given: unknown[]) => unknown
  const quiet = { autotuneEffort: 'none', autotuneLogLevel: 'error', skipCache: true } as const
  const under = (config?: Config) => kernel({ ...quiet, ...(config && { config }) }, fn)
  const begin = performance.now()
  const config = await kernel(
    {
      ...quiet,
      autotuneEffort: values.effort as 'none' | 'quick' | 'full',
      autotuneBudgetSeconds: Number(values.seconds),
      autotuneFlushCache: false,
    },
    fn,
  ).autotune(args as never)
  const seconds = (performance.now() - begin) / 1000
  const calls: (() => unknown)[] = []
  for (const one of [under(), under(config)]) {
    const problem = await problemOf({ ...work, kernel: one as never }, { dtype, sizes }, args)
    if (problem) throw new Error(`WRONG: ${problem}`)
    calls.push(() => one(...args))
  }
  const options = { warmupMs: LOAD_MS, targetMs: SAMPLES_MS, maxSamples: 5000, flushCache: false }
  const [standard = Number.NaN, tuned = Number.NaN] = (await doBenchTogether(calls, options)).map(
    ({ medianMs }) => 1000 * medianMs,
  )
  for (const arg of args) if (isTensor(arg)) arg.dispose()
  const columns = [
    row.name.padEnd(40),
    ...[standard, tuned, row.mark].map((us) => us.toFixed(1).padStart(9)),
    (tuned / standard).toFixed(2).padStart(6),
    `${seconds.toFixed(1).padStart(6)} s`,
    tuned <= row.mark ? '  reached' : '         ',
    JSON.stringify(config.data).replaceAll('"', ''),
  ]
  console.log(columns.join(' '))
  return { standard, tuned }
}

const device = await getDevice()
console.log(`${describeAdapter(device.info)}, warm caches`)
console.log(
  ''.padEnd(40),
  ...['default', 'tuned', 'mark', 'ratio'].map((head, i) => head.padStart(i < 3 ? 9 : 6)),
)
const ratios: number[] = []
for (const row of markedRows(values.tiny, device.limits.shaderF16)) {
  if (positionals.length > 0 && !positionals.some((part) => row.name.includes(part))) continue
  try {
    const { standard, tuned } = await measure(row)
    ratios.push(tuned / standard)
  } catch (error) {
    console.log(row.name.padEnd(40), error instanceof Error ? error.message : String(error))
  }
  await sync()
}
const mean = Math.exp(ratios.reduce((sum, ratio) => sum + Math.log(ratio), 0) / ratios.length)
console.log(`${ratios.length} rows, tuned / default, geometric mean: ${mean.toFixed(3)}`)
process.exit(0)
