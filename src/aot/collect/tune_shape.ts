/**
 * Tunes one shape and says in a record what was found: the winner, other good configs, and what went wrong.
 */

import { type Resumption, tuneInDetail } from '../../autotuner/kernel_tuner.ts'
import type { Candidate } from '../../autotuner/search/history.ts'
import type { Status } from '../../autotuner/trial/benchmarker.ts'
import type { TuningResult } from '../../autotuner/tuning_task.ts'
import type { Config } from '../../config/config.ts'
import type { ExclusiveRequest } from '../../kernel/config_source.ts'
import { sha16 } from '../../support/stable.ts'
import type { TunedRecord } from '../records.ts'
import { attemptsAt, CarefulBenchmarker, type Work } from '../run/careful_benchmarker.ts'
import { liveProgress } from '../run/live_progress.ts'
import type { Session } from '../run/session.ts'
import type { ShapeOfCall } from '../shape.ts'
import { searchBook } from './search_book.ts'
import { warmStart } from './warm_start.ts'

export interface TunedShape {
  readonly config: Config
  /** Absent where there was nothing to measure: no elements, or no effort. */
  readonly record: TunedRecord | undefined
}

/** Near-winners that are kept as candidates for other shapes: how many, and how near. */
const RUNNERS_UP = 3
const NEAR = 1.15

/**
 * Never a stored result, which would bring no runners-up and may be of another size: a search, which goes on
 * from what the records of this run hold of it.
 */
export async function tuneShape(
  request: ExclusiveRequest,
  shape: ShapeOfCall,
  session: Session,
): Promise<TunedShape> {
  const { bound, call, stream, definition } = request
  const { hash: shape_hash, features: shape_features } = shape
  const { settings } = definition.options
  const work = { session, kernel: definition.name, shapeHash: shape_hash, settings }
  const start = await warmStart(request, shape, session)
  const resumption = resumptionAt(work)
  const onProgress = liveProgress(`${definition.name} ${shape.text}`, session.progress)
  const task = { bound, call, stream, ...start, resumption, onProgress }
  const result = await tuneInDetail({ ...task, options: { force: true } })
  if (!(result.ms > 0)) return { config: result.config, record: undefined }
  const record: TunedRecord = {
    event: 'tuned',
    kernel: definition.name,
    shape_hash,
    shape_features,
    config: result.config.data,
    timing_ms: result.ms,
    configs_tried: result.candidates.length,
    seconds: Math.round((resumption.seconds + result.seconds) * 100) / 100,
    failures: failuresOf(result.candidates),
    runners_up: runnersUp(result).map(({ config }) => config.data),
  }
  return { config: result.config, record }
}

function resumptionAt(work: Work): Resumption {
  const { session, kernel, shapeHash } = work
  const { seconds, mayGoOn } = attemptsAt(work)
  return {
    seed: Number.parseInt(sha16([session.known.run?.run_id, kernel, shapeHash]).slice(0, 8), 16),
    seconds,
    goesOn: mayGoOn,
    remembering: (benchmarker) => new CarefulBenchmarker(benchmarker, work, searchBook(work, seconds)),
  }
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
