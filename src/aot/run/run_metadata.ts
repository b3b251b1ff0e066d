/**
 * `run_metadata.json`: what was done in a run folder, by whom and how it ended. Each start of the command
 * line adds an entry; none is ever overwritten. Node only.
 */
import { DataError, errorMessage } from '../../support/errors.ts'
import { writeFileAtomic } from '../../support/files.ts'
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
  const fs = requireNode('fs', 'reading a run')
  if (!fs.existsSync(path)) return undefined
  try {
    const { run_id, history } = JSON.parse(fs.readFileSync(path, 'utf8')) as Partial<RunMetadata>
    if (typeof run_id !== 'string' || !Array.isArray(history)) throw new Error('it has no run_id and history')
    return { run_id, history }
  } catch (error) {
    throw new DataError(`cannot read ${path}: ${errorMessage(error)}`, {
      remedy: 'Remove or mend the file; the records beside it are not affected.',
    })
  }
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
