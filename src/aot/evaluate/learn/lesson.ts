/**
 * A lesson: everything a model may learn from. The measured shapes, the teacher's view of them, and virtual
 * shapes with the teacher's losses. Every model is fitted on a lesson, whether on the whole sweep or on the
 * part that validation leaves in.
 */
import { Random } from '../../../support/random.ts'
import type { Column, Row } from '../features/columns.ts'
import { type Term, termValue } from '../features/terms.ts'
import {
  certainLosses,
  type Losses,
  lossesOf,
  offersDefault,
  refusedOn,
  type TimingMatrix,
  timesOf,
} from '../matrix.ts'
import { at, entryAt } from '../numeric.ts'
import { fitBesideDefault } from './beside_default.ts'
import { compiledCells } from './compiled_cells.ts'
import { finiteOrLast } from './names_model.ts'
import { operandsOf } from './operands.ts'
import { fitTeacher, type Teacher, type TeacherMemory } from './teacher.ts'
import { virtualShapes } from './virtual_shapes.ts'

export interface Lesson {
  readonly matrix: TimingMatrix
  readonly columns: readonly Column[]
  readonly terms: readonly Term[]
  /** Measured rows first, then virtual ones. */
  readonly rows: readonly Row[]
  /** Number of measured rows. */
  readonly measured: number
  /** Losses as measured, Infinity where forbidden; measured rows only. */
  readonly losses: Losses
  /** What is certain of them, NaN where unknown; measured rows only. */
  readonly certain: Losses
  /** The teacher's losses; measured rows only. */
  readonly taught: readonly Float64Array[]
  /** Losses to learn by, finite, for all rows and all configs. */
  readonly expected: readonly Float64Array[]
  readonly weights: Float64Array
  readonly teacher: Teacher
}

/** A measured failure outweighs whatever else a leaf could gain. */
const FORBIDDEN_HERE = 1e4
/**
 * Share of the measured value in what is learned of a measured cell; the rest is the teacher's. By ablation
 * neither should be alone.
 */
const MEASURED_SHARE = 0.4
/**
 * A certain loss counts in full beyond this: up to here shapes differ for reasons of their own, which are no
 * lesson for others.
 */
const PECULIAR = 0.1
/** Virtual shapes together count three times as much as the measured ones: shapes to come are more. */
const VIRTUAL_WEIGHT = 3
/** `budget` bounds the work where shapes are many: virtual ones times measured ones. */
const VIRTUAL = { perShape: 100, least: 200, most: 1600, budget: 160_000 } as const

/** A teacher of the rows of a matrix; `memory` is one's of a similar sweep. */
export function teach(
  matrix: TimingMatrix,
  columns: readonly Column[],
  rows: readonly Row[],
  losses: Losses = lossesOf(matrix),
  memory?: TeacherMemory,
): Teacher {
  const shapes = matrix.shapes.map(({ features }) => features)
  const fixed = offersDefault(matrix) ? matrix.configs.slice(0, -1) : matrix.configs
  const task = {
    columns,
    rows,
    configs: fixed.map(({ data }) => data),
    compiled: compiledCells(columns, rows, shapes, fixed),
    operands: operandsOf(columns, rows, shapes),
    units: matrix.units,
    times: rows.map((_, row) => timesOf(matrix, row).subarray(0, fixed.length)),
    refused: rows.map((_, row) => refusedOn(matrix, row).subarray(0, fixed.length)),
  }
  return (offersDefault(matrix) ? fitBesideDefault : fitTeacher)(task, losses, memory)
}

/** Prepares a lesson; `memory` is a teacher's of a similar sweep. */
export function prepareLesson(
  matrix: TimingMatrix,
  columns: readonly Column[],
  rows: readonly Row[],
  terms: readonly Term[],
  memory?: TeacherMemory,
): Lesson {
  const losses = lossesOf(matrix)
  const teacher = teach(matrix, columns, rows, losses, memory)
  const count = virtualCount(rows.length)
  const made = virtualShapes(columns, rows, count, new Random(41))
  const taught = rows.map(teacher.losses)
  const certain = certainLosses(matrix)
  const expected = taught.map((row, index) => blend(entryAt(losses, index), row, entryAt(certain, index)))
  const shapeWeights = matrix.shapes.map((shape) => shape.weight)
  const total = shapeWeights.reduce((sum, weight) => sum + weight, 0)
  return {
    matrix,
    columns,
    terms,
    rows: [...rows, ...made],
    measured: rows.length,
    losses,
    certain,
    taught,
    expected: [...expected, ...made.map(teacher.guessed)],
    weights: Float64Array.from([...shapeWeights, ...made.map(() => (VIRTUAL_WEIGHT * total) / made.length)]),
    teacher,
  }
}

/** Many where measured shapes are few; where they are many they need less company. */
function virtualCount(rows: number): number {
  const wanted = Math.min(VIRTUAL.perShape * rows, VIRTUAL.most, VIRTUAL.budget / rows)
  return Math.round(Math.max(wanted, VIRTUAL.least))
}

/** Values of all terms, by term and then by row of the lesson. */
export function termColumns(terms: readonly Term[], rows: readonly Row[]): Float64Array[] {
  return terms.map((term) => Float64Array.from(rows, (row) => finiteOrLast(termValue(term, row))))
}

function blend(measured: Float64Array, taught: Float64Array, certain: Float64Array): Float64Array {
  return measured.map((loss, config) => {
    if (!Number.isFinite(loss)) return FORBIDDEN_HERE
    const mixed = MEASURED_SHARE * loss + (1 - MEASURED_SHARE) * at(taught, config)
    const least = at(certain, config) - PECULIAR
    return least > mixed ? least : mixed
  })
}
