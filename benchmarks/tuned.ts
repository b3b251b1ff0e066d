/**
 * The default config against what a search finds: GPU time of a call in turns, caches warm, after 300 ms of
 * load, with the seconds that the search took.
 * Usage: npx tsx benchmarks/tuned.ts [--effort quick|full] [matmul:f16:4096x4096x4096 ...]
 * The adapter is chosen as always, by HELION_ADAPTER.
 */
import { parseArgs } from 'node:util'
import { doBench, doBenchTogether, getDevice, kernel, sync, type Tensor } from '../src/index.ts'
import { describeAdapter } from '../src/runtime/adapter/adapter.ts'
import { subjectNamed } from './subjects.ts'

const LOAD_MS = 300

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { effort: { type: 'string', default: 'quick' } },
})
const names = positionals.length > 0 ? positionals : ['matmul:f32:256x256x256']
console.log(`${describeAdapter((await getDevice()).info)}, effort ${values.effort}`)
const ratios: number[] = []
for (const name of names) ratios.push(await measure(name))
const mean = Math.exp(ratios.reduce((sum, ratio) => sum + Math.log(ratio), 0) / ratios.length)
console.log(`tuned / default, geomean: ${mean.toFixed(3)}`)
process.exit(0)

/** Time of the tuned config by that of the default. */
async function measure(name: string): Promise<number> {
  const { fn, args } = subjectNamed(name)
  await sync()
  const own = { autotuneLogLevel: 30, skipCache: true, autotuneEffort: values.effort as 'quick' | 'full' }
  const tuned = kernel(own, fn)
  const begin = performance.now()
  const config = await tuned.autotune(args as never)
  const seconds = (performance.now() - begin) / 1000
  const runs = [kernel({ ...own, autotuneEffort: 'none' }, fn), kernel({ ...own, config }, fn)].map(
    (one) => (): Tensor => one(...(args as never[])),
  )
  const [, ours = runs[0] as () => Tensor] = runs
  await doBench(ours, { targetMs: LOAD_MS, flushCache: false })
  const [standard = Number.NaN, best = Number.NaN] = (
    await doBenchTogether(runs, { targetMs: 60, flushCache: false })
  ).map(({ medianMs }) => medianMs * 1000)
  const columns = [
    name.padEnd(28),
    `${standard.toFixed(1).padStart(8)} us default`,
    `${best.toFixed(1).padStart(8)} us tuned`,
    `${seconds.toFixed(1).padStart(5)} s`,
    config.toString().replaceAll(/\s+/g, ' '),
  ]
  console.log(columns.join('  '))
  for (const arg of args) if (typeof arg === 'object') arg.dispose()
  return best / standard
}
