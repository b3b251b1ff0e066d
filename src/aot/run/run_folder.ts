/**
 * The folder of a run: names of its files, and ids of runs. Everything in it can be derived from the
 * records, or is a log.
 */
import { requireNode } from '../../support/node.ts'

export const WORK_PHASES = ['collect', 'measure', 'evaluate'] as const
export type WorkPhase = (typeof WORK_PHASES)[number]

/** Files of a run on one kind of device. */
export interface RunFiles {
  readonly folder: string
  readonly hardwareId: string
  readonly records: string
  readonly tunedConfigs: string
  readonly measurements: string
  readonly summary: string
  readonly evaluation: string
  /** Of all devices. */
  readonly metadata: string
  log(phase: WorkPhase): string
  /** What the evaluate phase saw of the heuristics' choices. */
  readonly trace: string
}

const RECORDS = /^records_(.+)\.jsonl$/

/** `hardwareId` as in `hardwareId(device)`. */
export function runFiles(folder: string, hardwareId: string): RunFiles {
  const { join } = requireNode('path', 'the folder of a run')
  const file = (name: string, extension: string) => join(folder, `${name}_${hardwareId}.${extension}`)
  return {
    folder,
    hardwareId,
    records: file('records', 'jsonl'),
    tunedConfigs: file('tuned_configs', 'json'),
    measurements: file('measurements', 'csv'),
    summary: file('heuristic_summary', 'json'),
    evaluation: file('evaluation', 'json'),
    metadata: join(folder, 'run_metadata.json'),
    log: (phase) => join(folder, 'logs', `${phase}_${hardwareId}.log`),
    trace: join(folder, 'logs', `choices_${hardwareId}.jsonl`),
  }
}

/** Kinds of devices that a run has records of, sorted. */
export function hardwareIdsIn(folder: string): readonly string[] {
  const fs = requireNode('fs', 'the folder of a run')
  if (!fs.existsSync(folder)) return []
  return fs
    .readdirSync(folder)
    .flatMap((name) => RECORDS.exec(name)?.[1] ?? [])
    .sort()
}

/** `YYYYMMDD_HHMMSS_` in local time and six hex digits. */
export function newRunId(now: Date = new Date()): string {
  const { randomBytes } = requireNode('crypto', 'the id of a run')
  const two = (value: number) => String(value).padStart(2, '0')
  const date = `${now.getFullYear()}${two(now.getMonth() + 1)}${two(now.getDate())}`
  const time = [now.getHours(), now.getMinutes(), now.getSeconds()].map(two).join('')
  return `${date}_${time}_${randomBytes(3).toString('hex')}`
}
