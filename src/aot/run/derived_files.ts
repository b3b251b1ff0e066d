/**
 * Files that other tools read, made from the records: the best config of each shape as JSON, all timings as
 * CSV, in the forms that Helion's tools know. Written anew as a whole, so that they never disagree with the
 * records.
 */
import { writeFileAtomic } from '../../support/files.ts'
import { requireNode } from '../../support/node.ts'
import { type CsvMeasurement, writeMeasurementCsv } from '../evaluate/input/measurement_csv.ts'
import { fileLines } from '../lines.ts'
import { type AotRecord, readRecords } from '../records.ts'
import { KnownRecords } from './known_records.ts'
import type { RunFiles } from './run_folder.ts'

/** All usable records of a run; none when nothing was recorded yet. */
export function recordsOf(files: RunFiles): readonly AotRecord[] {
  const exists = requireNode('fs', 'reading records').existsSync(files.records)
  return exists ? readRecords(fileLines(files.records), files.records).records : []
}

/** Writes `tuned_configs_*.json` and `measurements_*.csv`. */
export function writeDerivedFiles(files: RunFiles): void {
  const known = new KnownRecords(recordsOf(files))
  writeFileAtomic(files.tunedConfigs, `${JSON.stringify(tunedConfigs(known, files.hardwareId), null, 2)}\n`)
  writeFileAtomic(files.measurements, writeMeasurementCsv(measurements(known)))
}

function tunedConfigs(known: KnownRecords, hardwareId: string): unknown {
  const perKernel = known.kernels.map((kernel) => {
    const entries = known.tuned(kernel).map(({ config, timing_ms, shape_features }) => ({
      config,
      shape_key: {
        kernel_name: kernel,
        specialization_key: {
          __tuple__: Object.entries(shape_features).map((pair) => ({ __tuple__: pair })),
        },
        hardware_id: hardwareId,
      },
      timing_ms,
      kernel_source_file: known.kernel(kernel)?.source_file ?? '',
      shape_features,
      tensor_hashes: null,
    }))
    return [kernel, entries] as const
  })
  return Object.fromEntries(perKernel)
}

function measurements(known: KnownRecords): readonly CsvMeasurement[] {
  return known.kernels.flatMap((kernel) =>
    known
      .measuredShapes(kernel)
      .flatMap((shapeHash) =>
        [...known.measured(kernel, shapeHash).values()].flatMap(
          ({ timing_ms, config, shape_features, facts }) =>
            timing_ms === null
              ? []
              : [{ kernel, shapeHash, features: shape_features, config, timingMs: timing_ms, facts }],
        ),
      ),
  )
}
