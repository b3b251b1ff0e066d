/**
 * Measures the configs of a part of a kernel's search space and writes them as a recorded space, on which
 * `replaySpace` can run any search: the fields named are free, all others stand at the default. One line a
 * config that compiles: the free fields, one column for each place of a list, the time in milliseconds or
 * the name of the failure, and the milliseconds that it took to compile. Of a space with more configs than
 * `--limit` it is a random sample; what is measured when `--seconds` are over is written.
 * Usage: npx tsx benchmarks/record_space.ts [--limit 1600] [--seconds 60] out.csv[.gz] block_sizes,num_warps
 *   matmul:f32:1024x1024x1024
 * The adapter is chosen as always, by HELION_ADAPTER.
 */
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { gzipSync } from 'node:zlib'
import { tuneInDetail } from '../src/autotuner/kernel_tuner.ts'
import type { Candidate } from '../src/autotuner/search/history.ts'
import type { ConfigData, ConfigValue } from '../src/config/value.ts'
import { getDevice, kernel, sync } from '../src/index.ts'
import { readArguments } from '../src/kernel/call_arguments.ts'
import { Stream } from '../src/runtime/stream.ts'
import { subjectNamed } from './subjects.ts'

/** More configs than any space that is worth recording has. */
const ALL = 20_000

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { limit: { type: 'string', default: String(ALL) }, seconds: { type: 'string', default: '600' } },
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

const { bound } = kernel({ ...settings, autotuneConfigOverrides: fixed }, fn).bind(...(args as never[]))
const begin = performance.now()
const enough = new AbortController()
const { candidates } = await tuneInDetail({
  bound,
  call: readArguments(args),
  stream: new Stream(device),
  options: { count: ALL, finishingRounds: 0, signal: enough.signal },
  onProgress: ({ trials, counts, elapsedMs }) => {
    const compiled = trials - counts.invalid - counts.filtered
    if (compiled >= Number(options.limit) || elapsedMs > 1000 * Number(options.seconds)) enough.abort()
  },
})
const rows = candidates.filter(({ status }) => status !== 'invalid' && status !== 'filtered')
const header = free.flatMap((field) => columns(field, data[field] ?? null).map(([column]) => column))
const csv = `${[header.concat('time_ms', 'compile_ms').join(','), ...rows.map(line)].join('\n')}\n`
writeFileSync(file, file.endsWith('.gz') ? gzipSync(csv, { level: 9 }) : csv)
const seconds = (performance.now() - begin) / 1000
console.log(
  `${file}: ${rows.length} of ${candidates.length} configs in ${seconds.toFixed(0)} s, ` +
    `${(rows.length / seconds).toFixed(1)} a second that compile, ` +
    `${(candidates.length / seconds).toFixed(1)} in all`,
)
process.exit(0)

function line({ config, ms, status, compileMs }: Candidate): string {
  const values = free.flatMap((field) => columns(field, (config.data as ConfigData)[field] ?? null))
  const time = Number.isFinite(ms) ? ms.toPrecision(5) : status
  return [...values.map(([, value]) => String(value)), time, (compileMs ?? 0).toFixed(0)].join(',')
}

/** A column for each place of a list. */
function columns(
  field: string,
  value: ConfigValue,
): readonly (readonly [column: string, value: ConfigValue])[] {
  if (!Array.isArray(value)) return [[field, value]]
  return value.flatMap((item: ConfigValue, place) => columns(`${field}_${place}`, item))
}
