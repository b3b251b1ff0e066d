/** What the records say of a trial, as the benchmarker said it. */
import { failure, type Measurement, STATUSES } from '../../autotuner/trial/benchmarker.ts'
import type { Config } from '../../config/config.ts'
import type { TrialRecord } from '../trial_records.ts'

/** Undefined for a record that says too little. */
export function measurementOf(config: Config, record: TrialRecord): Measurement | undefined {
  const status = STATUSES.find((each) => each === record.status)
  const { time, reason = '', compile_ms: compileMs, cost_ms: costMs, wgsl_hash: programHash } = record
  if (!status) return undefined
  if (status !== 'ok' && status !== 'duplicate')
    return { ...failure(config, status, reason, { compileMs, programHash }), costMs }
  if (!time) return undefined
  const { ms, spread, samples: samplesMs } = time
  return { config, status, ms, spread, samplesMs, compileMs, costMs, programHash, reason: undefined }
}
