/**
 * The log of searches that the setting `autotuneLog` asks for: `<base>.csv` with a row when a trial starts
 * and one when it ends, `<base>.log` with every message, and with `autotuneLogDetails` `<base>.meta.jsonl`
 * with a line when a search begins and one when it ends. All only grow, line by line, and may be shared by
 * many searches and processes. A log that cannot be written costs one warning, never the search.
 */

import { AppendFile } from '../support/append_file.ts'
import { DataError, errorMessage, HelionError } from '../support/errors.ts'
import { fileError } from '../support/file_errors.ts'
import { readText } from '../support/files.ts'
import { type Log, warnOnce } from '../support/log.ts'
import { nodeProcess } from '../support/node.ts'
import { settingText } from '../support/resolve_settings.ts'
import { sha16 } from '../support/stable.ts'
import type { Phase, Progress } from './progress.ts'
import type { Proposal } from './search/session/proposal.ts'
import type { Measurement, Status } from './trial/benchmarker.ts'

/** The columns of the table. Those that Helion's log has come first and mean the same. */
export const LOG_COLUMNS = [
  'run_id',
  'timestamp_s',
  'config_id',
  'generation',
  'status',
  'perf_ms',
  'compile_time_s',
  'config',
  'kernel',
  'shape',
  'phase',
  'spread',
  'samples',
  'program_hash',
  'origin',
  'reason',
] as const
type Column = (typeof LOG_COLUMNS)[number]

/** `started`: about to be built and run; `retimed`: timed again in turns with others. */
export type RowStatus = Status | 'started' | 'retimed'

/** When in a search something happens. */
export interface Moment {
  readonly generation: number
  readonly phase: Phase
}

/** What a search tells of its trials. */
export interface TrialSink {
  started(proposals: readonly Proposal[], moment: Moment): void
  ended(measurement: Measurement, origin: string, moment: Moment): void
  retimed(measurements: readonly Measurement[], moment: Moment): void
}

interface Files {
  readonly csv: AppendFile
  readonly text: AppendFile
  readonly details: AppendFile | undefined
}

let runs = 0

export class TrialLog implements TrialSink {
  readonly #base: string
  readonly #subject: Pick<Progress, 'kernel' | 'shape'>
  readonly #runId: string
  readonly #began: number = performance.now()
  /** Undefined once they cannot be written. */
  #files: Files | undefined

  /** `base`: the names of all files without `.csv`, `.log` and `.meta.jsonl`. */
  constructor(base: string, subject: Pick<Progress, 'kernel' | 'shape'>, details: boolean) {
    this.#base = base.replace(/\.(csv|log|meta\.jsonl)$/, '')
    this.#subject = subject
    this.#runId = sha16([Date.now(), nodeProcess?.pid, subject, runs++]).slice(0, 12)
    this.#files = this.#try(() => openFiles(this.#base, details))
  }

  started(proposals: readonly Proposal[], moment: Moment): void {
    this.#append(
      proposals.map(({ config, origin }) => ({
        ...momentCells(moment),
        config_id: config.hash,
        status: 'started',
        config: JSON.stringify(config.data),
        origin,
      })),
    )
  }

  ended(measurement: Measurement, origin: string, moment: Moment): void {
    this.#append([
      { ...momentCells(moment), ...resultCells(measurement), status: measurement.status, origin },
    ])
  }

  retimed(measurements: readonly Measurement[], moment: Moment): void {
    this.#append(
      measurements.map((one) => ({ ...momentCells(moment), ...resultCells(one), status: 'retimed' })),
    )
  }

  /** `log`, with each message, important or not, in the file too. */
  around(log: Log): Log {
    const wrap = (level: keyof Log) => (text: string) => {
      log[level](text)
      const seconds = ((performance.now() - this.#began) / 1000).toFixed(3)
      this.#try(() => this.#files?.text.append(`[${seconds}s] ${text}\n`))
    }
    return { debug: wrap('debug'), info: wrap('info'), warning: wrap('warning'), error: wrap('error') }
  }

  /** What the details say of the search; a search without its end was cut off or failed. */
  describe(event: 'begin' | 'end', facts: object): void {
    const line = { run_id: this.#runId, timestamp_s: Date.now() / 1000, event, ...this.#subject, ...facts }
    this.#try(() => this.#files?.details?.append(`${JSON.stringify(line)}\n`))
  }

  close(): void {
    for (const file of Object.values(this.#files ?? {})) file?.close()
    this.#files = undefined
  }

  #append(rows: readonly (Partial<Record<Column, string>> & { readonly status: RowStatus })[]): void {
    if (rows.length === 0) return
    const common = {
      run_id: this.#runId,
      timestamp_s: (Date.now() / 1000).toFixed(3),
      kernel: this.#subject.kernel,
      shape: this.#subject.shape,
    }
    this.#try(() => this.#files?.csv.append(rows.map((row) => csvLine({ ...common, ...row })).join('')))
  }

  /** Does something with the files; the first time that they refuse is the last. */
  #try<T>(action: () => T): T | undefined {
    try {
      return action()
    } catch (error) {
      const told = error instanceof HelionError ? error : fileError(error, this.#base)
      if (!told) throw error
      this.#files = undefined
      const what = `the log ${this.#base} (${settingText('autotuneLog')}) is not written`
      warnOnce(`autotune log ${this.#base}`, `helion-aot: ${what}: ${errorMessage(told)}`)
      return undefined
    }
  }
}

function openFiles(base: string, details: boolean): Files {
  const csv = new AppendFile(`${base}.csv`)
  if (csv.isNew) csv.append(`${LOG_COLUMNS.join(',')}\n`)
  else if (readText(csv.path).split('\n', 1)[0] !== LOG_COLUMNS.join(','))
    throw new DataError(`${csv.path} has other columns`, { remedy: 'Remove or rename it, or name another.' })
  return {
    csv,
    text: new AppendFile(`${base}.log`),
    details: details ? new AppendFile(`${base}.meta.jsonl`) : undefined,
  }
}

function momentCells({ generation, phase }: Moment): Partial<Record<Column, string>> {
  return { generation: String(generation), phase }
}

function resultCells(measurement: Measurement): Partial<Record<Column, string>> {
  const { config, ms, spread, samplesMs, compileMs, programHash, reason } = measurement
  const timed = Number.isFinite(ms)
  return {
    config_id: config.hash,
    config: JSON.stringify(config.data),
    program_hash: programHash ?? '',
    reason: reason ?? '',
    ...(timed ? { perf_ms: String(ms), spread: String(spread), samples: String(samplesMs.length) } : {}),
    ...(compileMs === undefined ? {} : { compile_time_s: String(compileMs / 1000) }),
  }
}

function csvLine(row: Partial<Record<Column, string>>): string {
  return `${LOG_COLUMNS.map((column) => csvCell(row[column] ?? '')).join(',')}\n`
}

/** One line a row, whatever a text holds. */
function csvCell(text: string): string {
  const line = text.replaceAll(/\r?\n/g, ' ')
  return /[",]/.test(line) ? `"${line.replaceAll('"', '""')}"` : line
}
