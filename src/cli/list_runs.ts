/** `--list-runs`: the runs of an output folder, newest first, with what they were for and how they ended. */
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { hardwareIdsIn, runFiles } from '../aot/run/run_folder.ts'
import { type RunEntry, readMetadata } from '../aot/run/run_metadata.ts'
import { EXIT, HelionError } from '../support/errors.ts'
import { fileError } from '../support/file_errors.ts'
import type { Console } from './console.ts'
import { table } from './table.ts'

interface ListedRun {
  readonly run_id: string
  readonly hardware: readonly string[]
  readonly status: 'OK' | 'FAIL' | '?'
  /** Of the latest start; absent while it runs, and when it was killed. */
  readonly exit_code?: number
  readonly started_at: string
  readonly command: string
  /** Why the folder could not be read. */
  readonly problem?: string
}

export function listRuns(
  { outputDir, json }: { readonly outputDir: string; readonly json: boolean },
  console: Console,
): number {
  const runs = runsIn(outputDir)
  if (json) console.out(JSON.stringify(runs, null, 2))
  else if (runs.length === 0) console.say(`no runs in ${outputDir}`)
  else {
    const head = ['run', 'hardware', 'status', 'exit', 'started', 'command']
    const rows = runs.map((run) => [
      run.run_id,
      run.hardware.join(' '),
      run.status,
      String(run.exit_code ?? '–'),
      run.started_at,
      run.problem ?? run.command,
    ])
    console.out(table(head, rows))
  }
  return EXIT.done
}

function runsIn(outputDir: string): readonly ListedRun[] {
  if (!existsSync(outputDir)) return []
  return readdirSync(outputDir, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap((entry) => listed(join(outputDir, entry.name), entry.name) ?? [])
    .sort((a, b) => (a.started_at < b.started_at ? 1 : a.started_at > b.started_at ? -1 : 0))
}

/** Undefined for folders that are no runs. */
function listed(folder: string, name: string): ListedRun | undefined {
  const unknown: ListedRun = { run_id: name, hardware: [], status: '?', started_at: '', command: '' }
  try {
    const hardware = hardwareIdsIn(folder)
    const { metadata } = runFiles(folder, '')
    if (hardware.length === 0 && !existsSync(metadata)) return undefined
    const last = readMetadata(metadata)?.history.at(-1)
    return { ...unknown, hardware, ...(last ? described(last, hardware) : {}) }
  } catch (error) {
    const problem = (error instanceof HelionError ? error : fileError(error))?.what
    if (problem === undefined) throw error
    return { ...unknown, problem }
  }
}

function described(entry: RunEntry, recorded: readonly string[]): Omit<ListedRun, 'run_id'> {
  return {
    hardware: [...new Set([...recorded, ...(entry.hardware_id ? [entry.hardware_id] : [])])],
    status: entry.success === undefined ? '?' : entry.success ? 'OK' : 'FAIL',
    ...(entry.exit_code === undefined ? {} : { exit_code: entry.exit_code }),
    started_at: entry.started_at,
    command: entry.benchmark_cmd.join(' '),
  }
}
