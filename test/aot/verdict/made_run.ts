/** A run's records by hand, as a file and as a sweep, and modules that choose what they are told to. */
import { join } from 'node:path'
import { readSweeps } from '../../../src/aot/evaluate/input/read_sweeps.ts'
import type { Sweep } from '../../../src/aot/evaluate/input/sweep.ts'
import { fileLines } from '../../../src/aot/lines.ts'
import { RecordWriter } from '../../../src/aot/run/record_writer.ts'
import type { ConfigData } from '../../../src/config/value.ts'
import { temporaryFolder } from '../../temporary_folder.ts'
import { kernelRecord, measured, RUN } from '../run/records_for_tests.ts'

export interface MadeRun {
  readonly records: string
  readonly sweep: Sweep
}

/** One-dimensional shapes of a kernel `add`; `times` by size and config, null where the config fails. */
export function madeRun(
  configs: readonly ConfigData[],
  times: Readonly<Record<number, readonly (number | null)[]>>,
): MadeRun {
  const records = join(temporaryFolder(), 'records_test.jsonl')
  const writer = new RecordWriter(records)
  writer.append(RUN, kernelRecord('add'))
  for (const [size, row] of Object.entries(times))
    configs.forEach(
      (config, column) => void writer.append(measured('add', Number(size), config, row[column] ?? null)),
    )
  writer.close()
  const [sweep] = readSweeps([{ path: records, lines: fileLines(records) }]).sweeps
  if (!sweep) throw new Error('the records hold no sweep')
  return { records, sweep }
}

/** The text of a module for `add`; `choice` is an expression over `size`. */
export function moduleChoosing(configs: readonly ConfigData[], choice: string): string {
  return `
const CONFIGS: readonly object[] = ${JSON.stringify(configs)}
export function key_add(x?: { shape: number[] }): number {
  const size = x?.shape[0] ?? 0
  return ${choice}
}
export function autotune_add(x?: { shape: number[] }): object | undefined { return CONFIGS[key_add(x)] }
`
}
