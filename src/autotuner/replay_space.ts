/**
 * Recorded spaces: every config of a kernel with the time that it took on some GPU, as something to search.
 * A search goes the whole way of a real one, but what it measures is looked up. A combination that was not
 * recorded breaks a constraint: it costs nothing. One that failed costs as much as any other.
 */

import { Config } from '../config/config.ts'
import { ALIASES, isFieldName } from '../config/fields.ts'
import { TunableSpace } from '../config/tunable_space.ts'
import type { ConfigData, ConfigValue } from '../config/value.ts'
import type { TuneOptions } from '../kernel/options.ts'
import { areEntryPoints, entryPoint } from '../support/call_site.ts'
import { DataError } from '../support/errors.ts'
import { requireNode } from '../support/node.ts'
import { resolveSettings } from '../support/resolve_settings.ts'
import type { Settings } from '../support/settings.ts'
import { takes } from '../support/signature.ts'
import { autotune } from './autotune.ts'
import { madeByHand } from './choose_search.ts'
import {
  type Benchmarker,
  failure,
  type Measurement,
  type MeasureOptions,
  type RemeasureOptions,
} from './trial/benchmarker.ts'

/** One config of a recorded space. */
export interface RecordedTrial {
  /** Its tunables. */
  readonly config: Config
  /** Time of a launch in milliseconds; Infinity for a config that failed. */
  readonly ms: number
  /** Why it failed. */
  readonly reason: string | undefined
}

/** How to search a recorded space. */
export interface ReplayOptions {
  /** Distinct configs that may be evaluated: the search ends when they are; all may when absent. */
  readonly evaluations?: number
  /** What is set for real tuning: `autotuner`, `autotuneEffort`, `autotuneRandomSeed`, … */
  readonly settings?: Partial<Settings>
  /** Configs that are chosen before they can be measured, as where they are built meanwhile. Default none. */
  readonly ahead?: number
}

const TIME_COLUMN = 'time_ms'

/**
 * A recorded space from its CSV, plain text or gzip: one line a config, first its tunables, then `time_ms`
 * (a number, or the name of a failure); columns after it are passed over. A tunable with the name of a config
 * field gets an underscore: `num_warps_`. Throws DataError for other text.
 */
export const replaySpace: (csv: string | Uint8Array, options?: ReplayOptions) => RecordedSpace = entryPoint(
  takes(
    'replaySpace',
    'csv: contents, options?: object',
    (csv, options) => new RecordedSpace(readRows(asText(csv)), options),
  ),
)

/** A space of which every config is known: `new LFBOTreeSearch(space, []).autotune()`. */
export class RecordedSpace {
  /** The tunables with their values; only recorded combinations are allowed. */
  readonly space: TunableSpace
  /** Every config of the file. */
  readonly recorded: readonly RecordedTrial[]
  readonly #byHash: ReadonlyMap<string, RecordedTrial>
  readonly #options: ReplayOptions
  #evaluated: readonly RecordedTrial[] = []

  constructor({ names, rows }: Rows, options: ReplayOptions = {}) {
    this.#options = options
    const combinations = rows.map(({ values }) => values)
    this.space = new TunableSpace(tunablesOf(names, combinations), {
      combinations,
      default: central(names, combinations),
    })
    this.recorded = rows.map(({ values, ms, reason }) => ({ config: new Config(values), ms, reason }))
    this.#byHash = new Map(this.recorded.map((trial) => [trial.config.hash, trial]))
  }

  /** The fastest config of all. */
  get best(): RecordedTrial {
    return this.recorded.reduce((best, trial) => (trial.ms < best.ms ? trial : best))
  }

  /** What the last search evaluated, in order, each config once. */
  get evaluated(): readonly RecordedTrial[] {
    return this.#evaluated
  }

  /** Searches this space, with the search that the settings name or the one in `options`. */
  async autotune(
    _args: readonly unknown[] = [],
    options: TuneOptions = {},
    replay: ReplayOptions = this.#options,
  ): Promise<Config> {
    const { force: _force, signal, search, ...searchOptions } = options
    const { evaluations = Number.POSITIVE_INFINITY, settings = {}, ahead } = replay
    const chosen = search && madeByHand(search, searchOptions)
    const evaluated: RecordedTrial[] = []
    this.#evaluated = evaluated
    const result = await autotune({
      kernel: 'a recorded space',
      spec: this.space,
      benchmarker: new ReplayBenchmarker((config) => this.#byHash.get(config.hash), evaluated, ahead),
      settings: resolveSettings({ autotuneLogLevel: 'silent', autotuneProgressBar: false, ...settings }),
      search: chosen,
      choices: chosen?.choicesAmong([]),
      searchOptions,
      signal: {
        get aborted() {
          return evaluated.length >= evaluations || (signal?.aborted ?? false)
        },
      },
    })
    return result.config
  }
}

areEntryPoints(RecordedSpace.prototype, ['autotune'])

/** Looks times up. */
class ReplayBenchmarker implements Benchmarker {
  readonly ahead: number | undefined
  readonly #find: (config: Config) => RecordedTrial | undefined
  readonly #evaluated: RecordedTrial[]

  constructor(
    find: (config: Config) => RecordedTrial | undefined,
    evaluated: RecordedTrial[],
    ahead: number | undefined,
  ) {
    this.ahead = ahead
    this.#find = find
    this.#evaluated = evaluated
  }

  async measure(configs: readonly Config[], options: MeasureOptions): Promise<readonly Measurement[]> {
    const results: Measurement[] = []
    for (const config of configs) {
      if (options.budget.exhausted || options.enough?.()) break
      const trial = this.#find(config)
      if (trial) this.#evaluated.push(trial)
      const result = trial ? measurementOf(trial) : failure(config, 'filtered', 'it was not recorded')
      options.onMeasured?.(result)
      results.push(result)
    }
    return results
  }

  async remeasure(
    configs: readonly Config[],
    { warmCache }: RemeasureOptions,
  ): Promise<readonly Measurement[]> {
    if (warmCache) return []
    return configs.flatMap((config) => {
      const trial = this.#find(config)
      return trial ? [measurementOf(trial)] : []
    })
  }

  async leastLaunch(): Promise<undefined> {
    return undefined
  }
}

function measurementOf({ config, ms, reason }: RecordedTrial): Measurement {
  if (reason !== undefined) return failure(config, 'error', reason)
  const unknown = { compileMs: undefined, programHash: undefined, reason: undefined }
  return { config, status: 'ok', ms, spread: 0, samplesMs: [ms], ...unknown }
}

interface Row {
  readonly values: ConfigData
  readonly ms: number
  readonly reason: string | undefined
}

interface Rows {
  readonly names: readonly string[]
  readonly rows: readonly Row[]
}

const GZIP_MAGIC = 0x1f

function asText(csv: string | Uint8Array): string {
  if (typeof csv === 'string') return csv
  const bytes = csv[0] === GZIP_MAGIC ? requireNode('zlib', 'reading gzip').gunzipSync(csv) : csv
  return new TextDecoder().decode(bytes)
}

function readRows(text: string): Rows {
  const [header = '', ...lines] = text.trim().split(/\r?\n/)
  const names = header.split(',').map(tunableName)
  const time = names.indexOf(TIME_COLUMN)
  if (time < 1 || lines.length === 0)
    throw new DataError(
      `a recorded space has columns of tunables, then ${TIME_COLUMN}, and a line a config`,
      {
        remedy: `Its first line is ${JSON.stringify(header.slice(0, 80))}.`,
      },
    )
  const rows = lines.map((line, index) => readRow(line, names, time, index + 2))
  if (rows.some(({ ms }) => Number.isFinite(ms))) return { names: names.slice(0, time), rows }
  throw new DataError('no config of this recorded space has a time')
}

/** Columns may be called as fields of our own configs are, whose values have to be theirs. */
function tunableName(column: string): string {
  return isFieldName(column) || ALIASES.has(column) ? `${column}_` : column
}

function readRow(line: string, names: readonly string[], time: number, number: number): Row {
  const cells = line.split(',')
  const result = cells[time]
  if (cells.length !== names.length || !result)
    throw new DataError(`line ${number} of a recorded space has ${cells.length} cells, not ${names.length}`)
  const values = names.slice(0, time).map((name, column) => [name, cellValue(cells[column] ?? '')] as const)
  const ms = Number(result)
  return Number.isFinite(ms)
    ? { values: Object.fromEntries(values), ms, reason: undefined }
    : { values: Object.fromEntries(values), ms: Number.POSITIVE_INFINITY, reason: result }
}

function cellValue(cell: string): ConfigValue {
  const number = Number(cell)
  return cell !== '' && Number.isFinite(number) ? number : cell
}

/** The values of each tunable, numbers in order of size. */
function tunablesOf(
  names: readonly string[],
  rows: readonly ConfigData[],
): Readonly<Record<string, readonly ConfigValue[]>> {
  const entries = names.map((name) => {
    const values = [...new Set(rows.map((row) => row[name] ?? null))]
    return [name, values.sort((a, b) => Number(a) - Number(b))] as const
  })
  return Object.fromEntries(entries)
}

/** The config whose values are nearest to the middle of their ranges. */
function central(names: readonly string[], rows: readonly ConfigData[]): ConfigData {
  const ranks = Object.entries(tunablesOf(names, rows)).map(([name, values]) => ({
    name,
    rank: new Map(values.map((value, index) => [value, (index + 0.5) / values.length - 0.5])),
  }))
  const distance = (row: ConfigData) =>
    ranks.reduce((sum, { name, rank }) => sum + (rank.get(row[name] ?? null) ?? 0) ** 2, 0)
  return rows.reduce((best, row) => (distance(row) < distance(best) ? row : best), rows[0] ?? {})
}
