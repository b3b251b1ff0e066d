/** Paths as people give them: files of measurements, or folders of runs, which stand for their records. */
import { readdirSync, type Stats, statSync } from 'node:fs'
import { join } from 'node:path'
import { DataError, errorMessage, UsageError } from '../../../support/errors.ts'
import { fileError } from '../../../support/file_errors.ts'
import { refuseEndless } from '../../../support/files.ts'
import { fileLines } from '../../lines.ts'
import type { InputFile } from './read_sweeps.ts'

const RECORDS = /^records_.*\.jsonl$/
const MEASUREMENTS = /^measurements.*\.csv$/

/**
 * The files that some paths stand for, each read when the build comes to it. A folder stands for its
 * `records_*.jsonl`, without any for its `measurements*.csv`. Throws UsageError for a path that leads nowhere
 * and for a folder without either.
 */
export function inputFiles(paths: readonly string[]): readonly InputFile[] {
  return paths.flatMap((path) => (isFolder(path) ? filesIn(path) : [path])).map(inputFile)
}

/** A file of measurements. Throws UsageError when there is none. */
export function inputFile(path: string): InputFile {
  statOf(path)
  return { path, lines: fileLines(path) }
}

/** Whether a path is that of a folder. Throws UsageError when there is nothing. */
export function isFolder(path: string): boolean {
  return statOf(path).isDirectory()
}

function filesIn(folder: string): readonly string[] {
  const names = readdirSync(folder).sort()
  const records = names.filter((name) => RECORDS.test(name))
  const found = records.length > 0 ? records : names.filter((name) => MEASUREMENTS.test(name))
  if (found.length > 0) return found.map((name) => join(folder, name))
  throw new UsageError(`there are no records_*.jsonl and no measurements*.csv in folder ${folder}`, {
    remedy: 'Name the folder of a run, or the files themselves, with --measurements.',
  })
}

function statOf(path: string): Stats {
  try {
    refuseEndless(path)
    return statSync(path)
  } catch (error) {
    const isAbsent = (error as { code?: unknown }).code === 'ENOENT'
    const known = error instanceof DataError ? error : fileError(error)
    const why = isAbsent ? `there is no file ${path}` : known?.what
    throw new UsageError(why ?? errorMessage(error), { remedy: 'Check --measurements.', cause: error })
  }
}
