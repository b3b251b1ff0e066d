/** A run's records by hand, as a file and as a sweep, and what chooses as it is told to. */
import { join } from 'node:path'
import type { Chooser } from '../../../src/aot/evaluate/emit/read_module.ts'
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

/** What a module for `add` says that chooses by size. */
export function choosing(configs: readonly ConfigData[], choice: (size: number) => number): Chooser {
  return { configs, key: ({ arg0_dim0 }) => choice(Number(arg0_dim0)) }
}
