/**
 * `run_metadata.json`: what was done in a run folder, by whom and how it ended. Each start of the command
 * line adds an entry; none is ever overwritten. Node only.
 */
import { DataError } from '../../support/errors.ts'
import { whyUnreadable } from '../../support/file_errors.ts'
import { readText, writeFileAtomic } from '../../support/files.ts'
import { parseJson } from '../../support/json.ts'
import { requireNode } from '../../support/node.ts'

/** One start of the command line. */
export interface RunEntry {
  /** ISO 8601. */
  readonly started_at: string
  /** Absent while it runs, and when it was killed. */
  readonly completed_at?: string
  readonly success?: boolean
  readonly exit_code?: number
  readonly phases: readonly string[]
  readonly hardware_id: string
  readonly benchmark_cmd: readonly string[]
  /** As given on the command line. */
  readonly options: Readonly<Record<string, unknown>>
  readonly versions: Readonly<Record<string, string>>
}

export interface RunMetadata {
  readonly run_id: string
  readonly history: readonly RunEntry[]
}

/** Throws DataError when the file is there but cannot be used. */
export function readMetadata(path: string): RunMetadata | undefined {
  if (!requireNode('fs', 'reading a run').existsSync(path)) return undefined
  try {
    return checkMetadata(parseJson(readText(path)))
  } catch (error) {
    throw new DataError(whyUnreadable(path, error), {
      remedy: `Remove or mend ${path}; the records beside it are not affected.`,
    })
  }
}

/** What is needed of it; whatever else there is stays as it is. */
function checkMetadata(data: unknown): RunMetadata {
  const { run_id, history } = isObject(data) ? data : {}
  if (typeof run_id !== 'string' || !Array.isArray(history)) throw new Error('it has no run_id and history')
  for (const [index, entry] of history.entries())
    if (!isEntry(entry)) throw new Error(`entry ${index} of its history is not one of helion-aot`)
  return { run_id, history }
}

/** As far as it is looked at. */
function isEntry(entry: unknown): boolean {
  if (!isObject(entry)) return false
  const { started_at, hardware_id, success, exit_code, benchmark_cmd } = entry
  return (
    typeof started_at === 'string' &&
    ['string', 'undefined'].includes(typeof hardware_id) &&
    ['boolean', 'undefined'].includes(typeof success) &&
    ['number', 'undefined'].includes(typeof exit_code) &&
    isCommand(benchmark_cmd)
  )
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isCommand(value: unknown): boolean {
  return Array.isArray(value) && value.every((word) => typeof word === 'string')
}

/** Adds an entry; what it returns replaces that entry later. */
export function beginEntry(
  path: string,
  runId: string,
  entry: RunEntry,
): (update: Partial<RunEntry>) => void {
  const before = readMetadata(path)?.history ?? []
  const write = (last: RunEntry): void => {
    const metadata: RunMetadata = { run_id: runId, history: [...before, last] }
    writeFileAtomic(path, `${JSON.stringify(metadata, null, 2)}\n`)
  }
  write(entry)
  return (update) => write({ ...entry, ...update })
}
