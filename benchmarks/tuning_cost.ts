/**
 * What tuning costs: configs a second and seconds of one search, for kernels and sizes of one's choice; with
 * `--repeat n`, also how far the results of n searches with different seeds lie apart, timed in turns.
 * Usage: npx tsx benchmarks/tuning_cost.ts [--effort quick|full] [--budget seconds] [--repeat n]
 *   [softmax:f16:4096x4096] [matmul:f32:1024x1024x1024] …
 * The adapter is chosen as always, by HELION_ADAPTER.
 */
import { parseArgs } from 'node:util'
import { tuneInDetail } from '../src/autotuner/kernel_tuner.ts'
import type { TuningResult } from '../src/autotuner/tuning_task.ts'
import {
  type Config,
  doBenchTogether,
  getDevice,
  hardwareId,
  type Kernel,
  kernel,
  sync,
} from '../src/index.ts'
import { readArguments } from '../src/kernel/call_arguments.ts'
import { Stream } from '../src/runtime/stream.ts'
import { type Subject, subjectNamed } from './subjects.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    effort: { type: 'string', default: 'quick' },
    budget: { type: 'string' },
    repeat: { type: 'string', default: '1' },
  },
})

const device = await getDevice()
console.log(`${hardwareId(device)}, effort ${values.effort}${values.budget ? `, ${values.budget} s` : ''}\n`)
console.log(cells('work', 'seed', 'configs', 'seconds', 'configs/s', 'default', 'tuned', 'failed'))

for (const name of positionals.length > 0 ? positionals : ['softmax:f32:256x1000', 'matmul:f32:128x128x128'])
  await benchmark(name)

async function benchmark(name: string): Promise<void> {
  const { fn, args } = subjectNamed(name)
  await sync()
  const found: Config[] = []
  const tuned = kernel(fn)
  for (let seed = 1; seed <= Number(values.repeat); seed++) {
    const result = await tune(fn, args, seed)
    found.push(result.config)
    const { candidates, seconds, defaultMs = Number.NaN, ms } = result
    const failed = candidates.filter(({ status }) => status !== 'ok' && status !== 'duplicate').length
    const rate = (candidates.length / seconds).toFixed(1)
    const times = [defaultMs, ms].map((time) => `${(time * 1000).toFixed(1)} us`)
    console.log(cells(name, seed, candidates.length, seconds.toFixed(1), rate, ...times, failed))
  }
  if (found.length > 1) await compare(name, tuned, args, found)
}

async function tune(fn: Subject['fn'], args: Subject['args'], seed: number): Promise<TuningResult> {
  const own = kernel(
    {
      autotuneEffort: values.effort as 'quick' | 'full',
      autotuneBudgetSeconds: values.budget ? Number(values.budget) : null,
      autotuneRandomSeed: seed,
      autotuneLogLevel: 'warning',
      skipCache: true,
    },
    fn,
  )
  const { bound } = own.bind(...(args as never[]))
  const stream = new Stream(device)
  return await tuneInDetail({ bound, call: readArguments(args), stream, options: {} })
}

/** Times the results of all searches in turns. */
async function compare(
  name: string,
  tuned: Kernel<Subject['fn']>,
  args: Subject['args'],
  found: readonly Config[],
): Promise<void> {
  const binding = tuned.bind(...(args as never[]))
  const runs = found.map((config) => binding.compileConfig(config))
  const timings = await doBenchTogether(
    runs.map((run) => () => run(...(args as never[]))),
    { targetMs: 400, maxSamples: 1000 },
  )
  const times = timings.map(({ medianMs }) => medianMs)
  const best = Math.min(...times)
  const ratios = times.map((ms) => (ms / best).toFixed(3)).join(' ')
  console.log(`${name}: results over the best of them, timed in turns: ${ratios}`)
}

function cells(first: string, ...rest: readonly (string | number)[]): string {
  return first.padEnd(28) + rest.map((cell) => String(cell).padStart(11)).join('')
}
