/**
 * Measures the configs of a part of a kernel's search space and writes them as a recorded space, on which
 * `replaySpace` can run any search: the fields named are free, all others stand at the default. Of a space
 * with more configs than `--limit` it is a random sample; what is measured when `--seconds` are over is
 * written. With `--add` what the file holds stays, and others are measured until it has so many.
 * Usage: npx tsx benchmarks/record_space.ts [--limit 1600] [--seconds 60] [--add] out.csv[.gz]
 *   block_sizes,num_warps matmul:f32:1024x1024x1024
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { gunzipSync, gzipSync } from 'node:zlib'
import { tuneInDetail } from '../src/autotuner/kernel_tuner.ts'
import type { Candidate } from '../src/autotuner/search/history.ts'
import type { ConfigData, ConfigValue } from '../src/config/value.ts'
import { type Config, getDevice, kernel, sync } from '../src/index.ts'
import { readArguments } from '../src/kernel/call_arguments.ts'
import { Stream } from '../src/runtime/stream.ts'
import { median, quantile } from '../src/support/maths.ts'
import { subjectNamed } from './subjects.ts'

/** More configs than any space that is worth recording has. */
const ALL = 20_000
/**
 * Of so many known configs that are drawn one is measured again, which tells whether times of then and now
 * may stand in one file.
 */
const AGAIN = 64

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    limit: { type: 'string', default: String(ALL) },
    seconds: { type: 'string', default: '600' },
    add: { type: 'boolean', default: false },
  },
})
const [file = '', fields = '', name = ''] = positionals
const device = await getDevice()
const { fn, args } = subjectNamed(name)
await sync()
const settings = { autotuner: 'RandomSearch', autotuneLogLevel: 30, autotuneFinalTopK: 1, skipCache: true }
const example = readArguments(args)
const { bound: probe } = kernel(settings, fn).bind(...(args as never[]))
const { data } = probe.specFor(example, device).defaultConfig()
const free = fields.split(',')
const fixed = Object.fromEntries(Object.entries(data).filter(([field]) => !free.includes(field)))

/** Lines of the file by the values that they begin with, and how often one was drawn again. */
const known = new Map(options.add ? linesOf(file).map((text) => [valuesIn(text), text]) : [])
let drawn = 0
const configFilter = (config: Config) => {
  const isKnown = known.has(valuesOf(config).join())
  return isKnown && drawn++ % AGAIN !== 0 ? null : config
}
const own = { ...settings, autotuneConfigOverrides: fixed, configFilter }
const { bound } = kernel(own, fn).bind(...(args as never[]))
const begin = performance.now()
const enough = new AbortController()
const { candidates } = await tuneInDetail({
  bound,
  call: readArguments(args),
  stream: new Stream(device),
  options: { count: ALL, finishingRounds: 0, signal: enough.signal },
  onProgress: ({ trials, counts, elapsedMs }) => {
    const compiled = trials - counts.invalid - counts.filtered
    if (known.size + compiled >= Number(options.limit) || elapsedMs > 1000 * Number(options.seconds))
      enough.abort()
  },
})
const rows = candidates.filter(({ status }) => status !== 'invalid' && status !== 'filtered')
const header = free.flatMap((field) => columns(field, data[field] ?? null).map(([column]) => column))
const lines = rows.map(line)
const again = lines.filter((text) => known.has(valuesIn(text)))
const ratios = again
  .map((text) => timeIn(text) / timeIn(known.get(valuesIn(text)) ?? ''))
  .filter(Number.isFinite)
const all = [...known.values(), ...lines.filter((text) => !known.has(valuesIn(text)))]
const csv = `${[header.concat('time_ms', 'compile_ms').join(','), ...all].join('\n')}\n`
writeFileSync(file, file.endsWith('.gz') ? gzipSync(csv, { level: 9 }) : csv)
const seconds = (performance.now() - begin) / 1000
console.log(
  `${file}: ${rows.length} of ${candidates.length} configs in ${seconds.toFixed(0)} s, ` +
    `${(rows.length / seconds).toFixed(1)} a second that compile, ` +
    `${(candidates.length / seconds).toFixed(1)} in all`,
)
if (options.add)
  console.log(
    `${all.length} configs now; ${ratios.length} measured again took ${median(ratios).toFixed(3)} ` +
      `(${quantile(ratios, 0.1).toFixed(3)} to ${quantile(ratios, 0.9).toFixed(3)}) of their times`,
  )
process.exit(0)

/**
 * A line of the file: the free fields, a column for each place of a list, the time in milliseconds or the
 * name of the failure, and the milliseconds that it took to compile.
 */
function line({ config, ms, status, compileMs }: Candidate): string {
  const time = Number.isFinite(ms) ? ms.toPrecision(5) : status
  return [...valuesOf(config), time, (compileMs ?? 0).toFixed(0)].join(',')
}

function valuesOf({ data: own }: Config): readonly string[] {
  return free
    .flatMap((field) => columns(field, (own as ConfigData)[field] ?? null))
    .map(([, value]) => String(value))
}

function linesOf(path: string): readonly string[] {
  const bytes = readFileSync(path)
  const text = String(path.endsWith('.gz') ? gunzipSync(bytes) : bytes)
  return text.trim().split('\n').slice(1)
}

/** Cells before the last two of a line; the first of those two. */
function valuesIn(text: string): string {
  return text.split(',').slice(0, -2).join()
}

function timeIn(text: string): number {
  return Number(text.split(',').at(-2))
}

/** A column for each place of a list. */
function columns(
  field: string,
  value: ConfigValue,
): readonly (readonly [column: string, value: ConfigValue])[] {
  if (!Array.isArray(value)) return [[field, value]]
  return value.flatMap((item: ConfigValue, place) => columns(`${field}_${place}`, item))
}
