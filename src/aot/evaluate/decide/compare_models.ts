/**
 * All models on one lesson: each is fitted, validation picks its size, and its regret on the measured shapes
 * is set beside its regret on held-out ones. The build uses the one that was asked for and says when another
 * would have been better.
 */

import type { Lesson } from '../learn/lesson.ts'
import type { Candidate, Estimate, HeldOut, Validation } from '../learn/validation.ts'
import { smallestGood } from '../learn/validation.ts'
import { defaultRegrets, regretOf } from '../matrix.ts'
import { BACKENDS } from '../models/backends.ts'
import {
  type Backend,
  type BackendName,
  type Kept,
  keptLosses,
  type Policy,
  worstOnMeasured,
} from '../models/model.ts'
import { at, entriesAt, entryAt, range } from '../numeric.ts'
import { weightedMean } from '../select/goals.ts'
import type { ModelComparison } from './decision.ts'
import { LEAST_HELD_OUT, regretStatistics } from './statistics.ts'

export interface FittedModel {
  readonly policy: Policy
  /** Position of the policy on its backend's scale of sizes. */
  readonly position: number
  /** Its regrets on held-out shapes, as far as there are enough of them to tell anything. */
  readonly heldOut: HeldOut
  readonly comparison: ModelComparison
}

/**
 * Every backend, fitted on a lesson and sized by validation. `ofDefault` as for
 * `regretStatistics`, `tolerated` (a log slowdown) as for `smallestGood`.
 */
export function compareModels(
  lesson: Lesson,
  kept: Kept,
  validation: Validation,
  ofDefault: readonly number[] | undefined,
  tolerated: number,
): Readonly<Record<BackendName, FittedModel>> {
  const fitted = Object.values(BACKENDS).map((backend) => [
    backend.name,
    fitModel(lesson, kept, backend, validation[backend.name] ?? [], ofDefault, tolerated),
  ])
  return Object.fromEntries(fitted) as Record<BackendName, FittedModel>
}

function fitModel(
  lesson: Lesson,
  kept: Kept,
  backend: Backend,
  candidates: readonly Candidate[],
  ofDefault: readonly number[] | undefined,
  tolerated: number,
): FittedModel {
  const policies = backend.fit(lesson, kept)
  const estimates = candidates.slice(0, policies.length).map((candidate, position): Estimate => {
    const policy = entryAt(policies, position)
    return { candidate, size: policy.size, ...onLesson(lesson, kept, policy) }
  })
  const weights = lesson.matrix.shapes.map((shape) => shape.weight)
  const chosen = smallestGood(estimates, weights, tolerated)
  const position = chosen ? chosen.candidate.position : 0
  const policy = entryAt(policies, position)
  const heldOut = lesson.measured < LEAST_HELD_OUT ? [] : (chosen?.candidate.heldOut ?? [])
  const regrets = heldOut.flatMap((repetition) => [...repetition])
  const repeated = ofDefault && heldOut.flatMap(() => ofDefault)
  return {
    policy,
    position,
    heldOut,
    comparison: {
      backend: backend.name,
      size: policy.size,
      training: regretStatistics(trainingRegrets(lesson, kept, policy), ofDefault),
      heldOut: regrets.length > 0 ? regretStatistics(regrets, repeated) : null,
    },
  }
}

/** Regret of a policy on the measured shapes. */
function trainingRegrets(lesson: Lesson, kept: Kept, policy: Pick<Policy, 'choose'>): number[] {
  return range(lesson.measured).map((row) =>
    regretOf(lesson.matrix, row, entryAt(kept, policy.choose(entryAt(lesson.rows, row)))),
  )
}

function overDefault({ matrix }: Lesson, regrets: readonly number[]): number {
  const logs = (defaultRegrets(matrix) ?? []).map((regret, row) => Math.log(entryAt(regrets, row) / regret))
  const known = range(logs.length).filter((row) => Number.isFinite(logs[row]))
  const weights = Float64Array.from(known, (row) => entryAt(matrix.shapes, row).weight)
  const mean = weightedMean({ logs: Float64Array.from(entriesAt(logs, known)), weights }, (log) => log)
  return known.length > 0 ? mean : Number.NaN
}

/** What a lesson expects of a policy, and the measured shapes on which it would fail. */
function onLesson(lesson: Lesson, kept: Kept, policy: Policy): Omit<Estimate, 'candidate' | 'size'> {
  const losses = keptLosses(lesson, kept)
  let sum = 0
  let total = 0
  lesson.rows.forEach((row, index) => {
    const weight = at(lesson.weights, index)
    sum += weight * at(entryAt(losses, index), policy.choose(row))
    total += weight
  })
  const regrets = trainingRegrets(lesson, kept, policy)
  return {
    expected: sum / (total || 1),
    worstExpected: worstOnMeasured(lesson, kept, policy),
    forbidden: regrets.filter((regret) => !Number.isFinite(regret)).length,
    overDefault: overDefault(lesson, regrets),
  }
}
