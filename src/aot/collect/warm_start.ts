/**
 * What a search of one shape begins with, each with the place that it comes from: winners and trials on the
 * shapes of this run that are nearest in size, winners and trials of other devices that worked in the same
 * folder, and the choice of the module that serves the kernel now.
 */

import type { TrainingResult, TrainingSource } from '../../autotuner/search/model/training.ts'
import { ORIGINS, type Proposal } from '../../autotuner/search/session/proposal.ts'
import type { ConfigSpec } from '../../config/config_spec.ts'
import type { ConfigData } from '../../config/value.ts'
import type { Features } from '../../heuristics/features.ts'
import type { ExclusiveRequest } from '../../kernel/config_source.ts'
import { unlessRefused } from '../../support/errors.ts'
import { sum } from '../../support/maths.ts'
import { fitConfig } from '../fit_config.ts'
import type { TunedRecord } from '../records.ts'
import type { KnownRecords } from '../run/known_records.ts'
import type { Session } from '../run/session.ts'
import { lookupRequest } from '../serve/heuristic_source.ts'
import { moduleArguments, type ShapeOfCall } from '../shape.ts'
import type { TrialRecord } from '../trial_records.ts'
import { moduleChoice } from './module_choice.ts'

export interface WarmStart {
  /** Measured first. */
  readonly seeds: readonly Proposal[]
  /** For searches that learn. */
  readonly training: readonly TrainingSource[]
}

/** Shapes whose winners, and whose trials, are a start. */
const NEAREST = 3
/** Doublings that a difference in kind counts for. */
const FAR = 20
/** Sizes below are all the same. */
const LEAST = 0.5

/** Other results from the records of this run. */
interface Neighbor {
  readonly record: TunedRecord
  /** In words. */
  readonly winner: string
  readonly source: TrainingSource
}

export async function warmStart(
  { definition, bound, call, device }: ExclusiveRequest,
  shape: ShapeOfCall,
  session: Session,
): Promise<WarmStart> {
  const kernel = definition.name
  const { known } = session
  const here = nearest(shape, known.tuned(kernel)).map((record) =>
    neighbor(known, record, ORIGINS.otherShape, 'result on another shape'),
  )
  const elsewhere = [...session.others].flatMap(([hardwareId, others]) => {
    if (others.kernel(kernel)?.source_hash !== known.kernel(kernel)?.source_hash) return []
    const same = others.tunedShape(kernel, shape.hash)
    const tuned = same ? [same] : nearest(shape, others.tuned(kernel))
    const [winner, result] = [`winner on ${hardwareId}`, `result on ${hardwareId}`]
    return tuned.map((record) => neighbor(others, record, winner, result))
  })
  const spec = bound.specFor(call, device)
  const values = moduleArguments(definition, call)
  const module = await moduleChoice(lookupRequest(definition, device), shape, values)
  const neighbors = [...elsewhere, ...here]
  return {
    seeds: [
      ...(module ? seed(spec, module.config, `choice of ${module.origin}`) : []),
      ...neighbors.flatMap(({ record, winner }) => seed(spec, record.config, winner)),
    ],
    training: neighbors.map(({ source }) => source).filter(({ results }) => results.length > 0),
  }
}

/** The records of other shapes that are nearest in size; of equally near ones the latest first. */
function nearest({ hash, features }: ShapeOfCall, tuned: readonly TunedRecord[]): readonly TunedRecord[] {
  return tuned
    .toReversed()
    .filter(({ shape_hash }) => shape_hash !== hash)
    .map((record) => ({ record, far: distance(features, record.shape_features) }))
    .sort((a, b) => a.far - b.far)
    .slice(0, NEAREST)
    .map(({ record }) => record)
}

/** How many times sizes have to be doubled or halved to become others; other dtypes are far away. */
function distance(a: Features, b: Features): number {
  return sum(
    Object.entries(a).map(([name, value]) => {
      const other = b[name]
      if (value === other) return 0
      if (typeof value !== 'number' || typeof other !== 'number') return FAR
      return Math.abs(Math.log2(Math.max(value, LEAST)) - Math.log2(Math.max(other, LEAST)))
    }),
  )
}

function neighbor(known: KnownRecords, record: TunedRecord, winner: string, origin: string): Neighbor {
  const { kernel, shape_hash } = record
  const { trials } = known.attempts.shapeOf({ kernel, shape_hash })
  return { record, winner, source: { origin, results: [...trials.values()].map(resultOf) } }
}

function resultOf({ config, time }: TrialRecord): TrainingResult {
  return { config, ms: time?.ms ?? Number.POSITIVE_INFINITY }
}

/** None where the config does not fit. */
function seed(spec: ConfigSpec, data: ConfigData, origin: string): readonly Proposal[] {
  const config = unlessRefused(() => fitConfig(spec, data))
  return config ? [{ config, origin }] : []
}
