/**
 * Tunes one shape and says in a record what was found: the winner, other good configs, and what went wrong.
 */
import type { Status } from '../../autotuner/benchmarker.ts'
import type { Candidate } from '../../autotuner/history.ts'
import { tuneInDetail } from '../../autotuner/kernel_tuner.ts'
import type { TuningResult } from '../../autotuner/tuning_task.ts'
import type { Config } from '../../config/config.ts'
import type { ExclusiveRequest } from '../../kernel/config_source.ts'
import type { TunedRecord } from '../records.ts'
import type { ShapeOfCall } from '../shape.ts'

export interface TunedShape {
  readonly config: Config
  /** Absent where there was nothing to measure: no elements, or no effort. */
  readonly record: TunedRecord | undefined
}

/** Near-winners that are kept as candidates for other shapes: how many, and how near. */
const RUNNERS_UP = 3
const NEAR = 1.15

/** Always a fresh search: a stored result would bring no runners-up, and may be of another size. */
export async function tuneShape(
  { bound, call, stream, definition }: ExclusiveRequest,
  { hash: shape_hash, features: shape_features }: ShapeOfCall,
): Promise<TunedShape> {
  const result = await tuneInDetail({ bound, call, stream, options: { force: true } })
  if (!(result.ms > 0)) return { config: result.config, record: undefined }
  const record: TunedRecord = {
    event: 'tuned',
    kernel: definition.name,
    shape_hash,
    shape_features,
    config: result.config.data,
    timing_ms: result.ms,
    configs_tried: result.candidates.length,
    seconds: Math.round(result.seconds * 100) / 100,
    failures: failuresOf(result.candidates),
    runners_up: runnersUp(result).map(({ config }) => config.data),
  }
  return { config: result.config, record }
}

function runnersUp({ candidates, config, ms }: TuningResult): readonly Candidate[] {
  return candidates
    .filter((other) => other.status === 'ok' && other.ms <= ms * NEAR && !other.config.equals(config))
    .sort((a, b) => a.ms - b.ms)
    .slice(0, RUNNERS_UP)
}

function failuresOf(candidates: readonly Candidate[]): Readonly<Record<string, number>> {
  const counts: Partial<Record<Status, number>> = {}
  for (const { status } of candidates)
    if (status !== 'ok' && status !== 'duplicate') counts[status] = (counts[status] ?? 0) + 1
  return counts
}
