/**
 * The records of a run as accidents and enemies leave them: no intact line is lost, and whoever goes on from
 * them (a start that resumes, the candidates to measure, the derived files, whoever appends) does so.
 */
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { expect, it } from 'vitest'
import { readMeasurementCsv } from '../../../src/aot/evaluate/input/measurement_csv.ts'
import { fitConfig } from '../../../src/aot/fit_config.ts'
import type { LineProblem } from '../../../src/aot/line_checks.ts'
import { fileLines, textLines } from '../../../src/aot/lines.ts'
import { candidatesOf } from '../../../src/aot/measure/candidates.ts'
import { readRecords } from '../../../src/aot/records.ts'
import { writeDerivedFiles } from '../../../src/aot/run/derived_files.ts'
import { KnownRecords } from '../../../src/aot/run/known_records.ts'
import { RecordWriter } from '../../../src/aot/run/record_writer.ts'
import { runFiles } from '../../../src/aot/run/run_folder.ts'
import { measurementOf } from '../../../src/aot/run/trial_results.ts'
import { ConfigSpec } from '../../../src/config/config_spec.ts'
import { DataError, unlessRefused } from '../../../src/support/errors.ts'
import { stableStringify } from '../../../src/support/stable.ts'
import { rowInput } from '../../config/spec_inputs.ts'
import { forEachMutation, mutations } from '../../mutations.ts'
import { temporaryFolder } from '../../temporary_folder.ts'
import { RUN } from './records_for_tests.ts'

const DATA = fileURLToPath(new URL('../../data/softmax_run.jsonl.gz', import.meta.url))
const WHOLE = gunzipSync(readFileSync(DATA)).toString('utf8')
const spec = new ConfigSpec(rowInput(1000, 256))
const root = temporaryFolder()
const files = runFiles(join(root, 'run'), RUN.hardware_id)

const read = (text: string) => readRecords(textLines(text), files.records).records
/** What each line of the file says, when nothing is wrong. */
const SAID = new Map(
  WHOLE.trimEnd()
    .split('\n')
    .map((line) => [line, stableStringify(read(line)[0])] as const),
)

/** Everything that a process which goes on looks at. */
function goOn(known: KnownRecords): void {
  for (const kernel of known.kernels) {
    known.failures(kernel)
    for (const shape of known.shapes(kernel)) {
      try {
        for (const { data } of candidatesOf(known, shape)) unlessRefused(() => fitConfig(spec, data))
      } catch (error) {
        if (!(error instanceof DataError)) throw error
      }
      const attempts = known.attempts.shapeOf(shape)
      expect(attempts.seconds).toBeGreaterThanOrEqual(0)
      const hashes = [...attempts.trials.keys()]
      for (const turns of attempts.turnsOf(hashes)) expect(turns.times).toBeDefined()
      for (const [hash, trial] of attempts.trials) {
        expect([attempts.verdict(hash), attempts.hopeless]).toEqual([undefined, undefined])
        const config = unlessRefused(() => fitConfig(spec, trial.config))
        const result = config && measurementOf(config, trial)
        if (result?.status === 'ok') expect(result.ms).toBeGreaterThan(0)
      }
    }
  }
}

it('mutated, they lose nothing that is intact', async () => {
  expect(SAID.size).toBe(167)
  await forEachMutation(WHOLE, 21, (text) => {
    const said = new Set(read(text).map(stableStringify))
    for (const line of text.replace(/^\uFEFF/, '').split(/\r?\n/)) {
      const record = SAID.get(line)
      if (record !== undefined) expect(said).toContain(record)
    }
    goOn(new KnownRecords(read(text)))
  })
})

it('mutated, they are gone on with: derived files are made, and what is appended is read', async () => {
  const goOnWith = (text: string): void => {
    rmSync(files.folder, { recursive: true, force: true })
    new RecordWriter(files.records).close()
    writeFileSync(files.records, text)
    const before = [...fileLines(files.records)].length
    writeDerivedFiles(files)
    const problems: LineProblem[] = []
    for (const { timingMs } of readMeasurementCsv(fileLines(files.measurements), 'm.csv', problems))
      expect(timingMs).toBeGreaterThan(0)
    expect(problems).toEqual([])
    const writer = new RecordWriter(files.records)
    writer.append(RUN)
    writer.close()
    const lines = [...fileLines(files.records)]
    expect(lines).toHaveLength(before + 1)
    expect(read(lines.at(-1) ?? '')).toEqual([RUN])
  }
  await forEachMutation(WHOLE, 22, goOnWith, mutations() / 4)
  expect(readdirSync(root)).toEqual(['run'])
  expect(globalThis).not.toHaveProperty('executed')
})
