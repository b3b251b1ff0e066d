/** Files made from the records, in the forms that Helion's tools know. */
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { readMeasurementCsv } from '../../../src/aot/evaluate/input/measurement_csv.ts'
import type { LineProblem } from '../../../src/aot/line_checks.ts'
import { fileLines } from '../../../src/aot/lines.ts'
import { recordsOf, writeDerivedFiles } from '../../../src/aot/run/derived_files.ts'
import { RecordWriter } from '../../../src/aot/run/record_writer.ts'
import { runFiles } from '../../../src/aot/run/run_folder.ts'
import { temporaryFolder } from '../../temporary_folder.ts'
import { features, kernelRecord, measured, RUN, shapeHash, tuned } from './records_for_tests.ts'

it('writes tuned configs and measurements', () => {
  const files = runFiles(temporaryFolder(), 'webgpu_test_1.0')
  const config = { block_sizes: [64], indexing: 'pointer' }
  new RecordWriter(files.records).append(
    RUN,
    kernelRecord('add'),
    tuned('add', 64, config),
    measured('add', 64, config, 0.25),
    measured('add', 64, {}, null),
  )
  expect(recordsOf(files)).toHaveLength(5)
  writeDerivedFiles(files)
  expect(JSON.parse(readFileSync(files.tunedConfigs, 'utf8'))).toEqual({
    add: [
      {
        config,
        shape_key: {
          kernel_name: 'add',
          specialization_key: {
            __tuple__: Object.entries(features(64)).map((pair) => ({ __tuple__: pair })),
          },
          hardware_id: 'webgpu_test_1.0',
        },
        timing_ms: 1.5,
        kernel_source_file: '/somewhere/k.ts',
        shape_features: features(64),
        tensor_hashes: null,
      },
    ],
  })
  const problems: LineProblem[] = []
  const rows = [...readMeasurementCsv(fileLines(files.measurements), files.measurements, problems)]
  expect(problems).toEqual([])
  expect(rows).toEqual([
    { kernel: 'add', shapeHash: shapeHash('add', 64), features: features(64), config, timingMs: 0.25 },
  ])
})

it('writes empty files when nothing was recorded', () => {
  const files = runFiles(temporaryFolder(), 'webgpu_test_1.0')
  expect(recordsOf(files)).toEqual([])
  writeDerivedFiles(files)
  expect(readFileSync(files.tunedConfigs, 'utf8')).toBe('{}\n')
  expect(readFileSync(files.measurements, 'utf8')).toBe(
    'kernel_name,shape_hash,config_hash,config,shape_features,timing_ms\n',
  )
})
