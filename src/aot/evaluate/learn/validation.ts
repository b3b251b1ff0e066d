/**
 * Validation: how well do models choose for shapes they have not seen? Shapes are put into folds at random,
 * several times over; everything, the choice of configs and the teacher included, is done again without each
 * fold. What counts is the regret on the shapes that were left out, by what would have been served there.
 */
import { Random } from '../../../support/random.ts'
import type { Column, Row } from '../features/columns.ts'
import { toTerms } from '../features/terms.ts'
import { regretOf, rowsOf, type TimingMatrix } from '../matrix.ts'
import type { Backend, BackendName, Kept, Policy } from '../models/model.ts'
import { at, entryAt, meanOf, range } from '../numeric.ts'
import { FORBIDDEN_LOSS } from './forbidden.ts'
import { type Lesson, prepareLesson } from './lesson.ts'
import type { TeacherMemory } from './teacher.ts'
import { LEAF_PRICE } from './tree.ts'

/**
 * Regrets of one policy: by repetition, then by row of the matrix; time over best time, Infinity where
 * forbidden.
 */
export type HeldOut = readonly Float64Array[]

export interface Candidate {
  /** Size on the scale of the backend: policies of different folds are compared position by position. */
  readonly position: number
  readonly heldOut: HeldOut
}

export type Validation = Readonly<Partial<Record<BackendName, readonly Candidate[]>>>

export interface ValidationPlan {
  readonly repetitions: number
  readonly folds: number
}

/** What would be served after a lesson: the column of the matrix that a policy has for a shape. */
export interface Serving {
  readonly kept: Kept
  readonly columnFor: (policy: Policy, row: Row) => number
}

/** Fewer repetitions where there are many shapes: the estimate is good and the work large. */
function planFor(rows: number): ValidationPlan {
  if (rows > 400) return { repetitions: 1, folds: rows > 1000 ? 2 : 3 }
  return { repetitions: rows > 150 ? 1 : 2, folds: Math.min(4, rows) }
}

/** Held-out regrets of every policy of every backend. With one row there is nothing to hold out. */
export function validate(
  matrix: TimingMatrix,
  columns: readonly Column[],
  rows: readonly Row[],
  backends: readonly Backend[],
  serve: (lesson: Lesson) => Serving,
  memory: TeacherMemory | undefined,
): Validation {
  const plan = planFor(rows.length)
  if (rows.length < 2) return {}
  const collected = new Map<BackendName, Float64Array[][]>()
  for (const repetition of range(plan.repetitions)) {
    for (const fold of foldsOf(rows.length, plan.folds, new Random(1000 + repetition))) {
      const inside = range(rows.length).filter((row) => !fold.includes(row))
      const train = inside.map((row) => entryAt(rows, row))
      const lesson = prepareLesson(rowsOf(matrix, inside), columns, train, toTerms(columns, train), memory)
      const serving = serve(lesson)
      for (const backend of backends) {
        const table = collected.get(backend.name) ?? []
        collected.set(backend.name, table)
        record(table, repetition, matrix, rows, fold, serving, backend.fit(lesson, serving.kept))
      }
    }
  }
  return Object.fromEntries(
    [...collected].map(([name, table]) => [
      name,
      table.map((heldOut, position): Candidate => ({ position, heldOut })),
    ]),
  )
}

/** What is known of one policy before it is chosen. */
export interface Estimate {
  readonly candidate: Candidate
  /** Mean loss that the lesson expects of the policy fitted on all shapes. */
  readonly expected: number
  readonly size: number
  /** `worstOnMeasured` */
  readonly worstExpected: number
  /** Measured shapes for which it chooses a forbidden config. */
  readonly forbidden: number
  /** Mean log of its time over that of the default config on measured shapes; NaN where that is not known. */
  readonly overDefault: number
}

/** Share of the held-out loss in the estimate; the lesson's own is less true but much steadier. */
const HELD_OUT_SHARE = 0.1
/** Slower by less is a matter of measuring. */
const SLOWER = Math.log(1.01)
/** Standard errors by which larger policies must win before anything but the smallest is considered: 95 %. */
const SURE = 2

/**
 * The smallest policy that is not worse than the best beyond one standard error of their difference, taken
 * row by row: the same shapes are hard for both. Nothing but the smallest will do unless some policy clearly
 * beats it on held-out shapes, or it loses more than `tolerated` on a measured one: what only fits noise
 * fails here. Forbidden choices rule a policy out, and so does being slower than the default configs alone,
 * which need no module.
 */
export function smallestGood(
  all: readonly Estimate[],
  weights: readonly number[],
  tolerated: number,
): Estimate | undefined {
  const fewest = Math.min(...all.map(({ forbidden }) => forbidden))
  const valid = all.filter(({ forbidden }) => forbidden === fewest)
  const noSlower = valid.filter(({ overDefault }) => !(overDefault > SLOWER))
  const possible = noSlower.length > 0 ? noSlower : valid
  const least = Math.min(...possible.map(({ worstExpected }) => worstExpected))
  const estimates = possible.filter(({ worstExpected }) => worstExpected <= Math.max(least, tolerated))
  const [first] = estimates
  if (!first) return undefined
  const losses = estimates.map(({ candidate }) => rowLosses(candidate.heldOut))
  const heldOut = losses.map((rows) => weighted(rows, weights))
  const winner = heldOut.indexOf(Math.min(...heldOut))
  const won = difference(losses, 0, winner)
  if (first === possible[0] && weighted(won, weights) <= SURE * standardErrorOf(won)) return first
  const scores = estimates.map(
    ({ expected, size }, position) =>
      HELD_OUT_SHARE * entryAt(heldOut, position) + (1 - HELD_OUT_SHARE) * expected + LEAF_PRICE * size,
  )
  const best = scores.indexOf(Math.min(...scores))
  return estimates.find((_, position) => {
    const error = HELD_OUT_SHARE * standardErrorOf(difference(losses, position, best))
    return entryAt(scores, position) - entryAt(scores, best) <= error
  })
}

function difference(losses: readonly Float64Array[], a: number, b: number): Float64Array {
  return entryAt(losses, a).map((loss, row) => loss - at(entryAt(losses, b), row))
}

/** Mean over repetitions of the log regret of each row. */
function rowLosses(heldOut: HeldOut): Float64Array {
  const rows = heldOut[0]?.length ?? 0
  return Float64Array.from({ length: rows }, (_, row) =>
    meanOf(heldOut.map((repetition) => Math.min(Math.log(at(repetition, row)), FORBIDDEN_LOSS))),
  )
}

function standardErrorOf(values: Float64Array): number {
  const mean = meanOf(values)
  const variance = meanOf(values.map((value) => (value - mean) ** 2))
  return Math.sqrt(variance / Math.max(1, values.length - 1))
}

function weighted(values: Float64Array, weights: readonly number[]): number {
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  return values.reduce((sum, value, row) => sum + value * entryAt(weights, row), 0) / (total || 1)
}

/** Writes the regrets of one fold; a backend that offers fewer sizes repeats its largest. */
function record(
  table: Float64Array[][],
  repetition: number,
  matrix: TimingMatrix,
  rows: readonly Row[],
  fold: readonly number[],
  serving: Serving,
  policies: readonly Policy[],
): void {
  while (table.length < policies.length) table.push((table.at(-1) ?? []).map((regrets) => regrets.slice()))
  table.forEach((repetitions, position) => {
    const policy = policies[Math.min(position, policies.length - 1)]
    const regrets = repetitions[repetition] ?? new Float64Array(rows.length)
    repetitions[repetition] = regrets
    if (!policy) return
    for (const row of fold)
      regrets[row] = regretOf(matrix, row, serving.columnFor(policy, entryAt(rows, row)))
  })
}

function foldsOf(rows: number, folds: number, random: Random): readonly (readonly number[])[] {
  const order = random.shuffle(range(rows))
  return range(folds).map((fold) => order.filter((_, index) => index % folds === fold))
}
