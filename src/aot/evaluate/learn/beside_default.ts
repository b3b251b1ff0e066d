/**
 * The teacher where the default config of each shape is one of the choices, the last. That config is worked
 * out from the sizes, so it is another one on every shape: nothing that is known of configs tells of it, and
 * it is learned how far it leads the best of the others. These have to be chosen from, though, and on a shape
 * that nobody measured the one that looks best is not: what such guesses lose, found out on shapes that are
 * held out, counts against them.
 */
import { Random } from '../../../support/random.ts'
import type { Row } from '../features/columns.ts'
import type { Losses } from '../matrix.ts'
import { argmin, at, entriesAt, entryAt, minOf, range } from '../numeric.ts'
import { shapeCoordinates } from './coordinates.ts'
import { FORBIDDEN_LOSS, forbiddenMap } from './forbidden.ts'
import { fitGaussianProcess } from './gaussian_process.ts'
import { fitTeacher, type Teacher, type TeacherMemory, type TeacherTask } from './teacher.ts'

/** What guesses lose where few shapes tell: 10 %, which counts as much as four shapes. */
const PRIOR = { loss: 0.1, shapes: 4 } as const
const FOLDS = 4
/** The default may be so many times as fast as the others, or as slow; beyond, more makes no difference. */
const MOST_LEAD = Math.log(3)

/** Like `fitTeacher`, for `losses` with those of the default config last in each row. */
export function fitBesideDefault(task: TeacherTask, losses: Losses, memory?: TeacherMemory): Teacher {
  const { columns, rows, configs } = task
  const others = losses.map((row) => row.subarray(0, configs.length))
  const teacher = fitTeacher(task, others, memory)
  const guessLoss = memory?.guessLoss ?? lossOfGuesses(task, others, teacher.memory)
  const failing = forbiddenMap(columns, rows, losses)
  const lead = leadOfDefault(
    task,
    losses.map((row, index) => at(row, configs.length) - minOf(entryAt(others, index))),
  )
  const expected = (row: Row, ofOthers: Float64Array, against: number): Float64Array => {
    const isFailing = failing.expected(row, configs.length)
    const all = Float64Array.of(...ofOthers.map((loss) => loss + against), lead(row))
    const best = isFailing ? minOf(ofOthers) + against : minOf(all)
    return all.map((loss, config) =>
      config === configs.length && isFailing ? FORBIDDEN_LOSS : Math.min(loss - best, FORBIDDEN_LOSS),
    )
  }
  return {
    forbidden: {
      systematic: [...teacher.forbidden.systematic, failing.systematic[configs.length] ?? false],
      expected: (row, config) =>
        (config < configs.length ? teacher.forbidden : failing).expected(row, config),
    },
    memory: { ...teacher.memory, guessLoss },
    losses: (row) => expected(row, teacher.losses(row), 0),
    guessed: (row) => expected(row, teacher.guessed(row), guessLoss),
  }
}

/** The log slowdown of the default against the best other config on any shape, from measured ones. */
function leadOfDefault({ columns, rows }: TeacherTask, leads: readonly number[]): (row: Row) => number {
  const known = range(rows.length).filter((row) => Number.isFinite(leads[row]))
  if (known.length < 2 || columns.length === 0) {
    const mean = known.reduce((sum, row) => sum + entryAt(leads, row) / known.length, 0)
    return () => mean
  }
  const place = shapeCoordinates(columns, rows)
  const process = fitGaussianProcess(
    entriesAt(rows, known).map(place),
    entriesAt(leads, known).map((lead) => Float64Array.of(Math.min(Math.max(lead, -MOST_LEAD), MOST_LEAD))),
  )
  return (row) => at(process.predict(place(row)), 0)
}

/** Mean log slowdown of what the teacher takes for the best config, on shapes that it was not taught. */
function lossOfGuesses(task: TeacherTask, losses: Losses, memory: TeacherMemory): number {
  const { rows } = task
  const order = new Random(37).shuffle(range(rows.length))
  const guessed = range(Math.min(FOLDS, rows.length)).flatMap((fold) => {
    const [inside, outside] = [false, true].map((isHeld) =>
      order.filter((_, index) => (index % FOLDS === fold) === isHeld),
    )
    if (!inside?.length || !outside) return []
    const part = {
      ...task,
      rows: entriesAt(rows, inside),
      times: entriesAt(task.times, inside),
      refused: entriesAt(task.refused, inside),
    }
    const teacher = fitTeacher(part, entriesAt(losses, inside), memory)
    return outside.map((row) => {
      const own = entryAt(losses, row)
      const loss = at(own, argmin(teacher.losses(entryAt(rows, row)))) - minOf(own)
      return Number.isNaN(loss) ? 0 : Math.min(loss, FORBIDDEN_LOSS)
    })
  })
  const sum = guessed.reduce((total, loss) => total + loss, PRIOR.loss * PRIOR.shapes)
  return sum / (guessed.length + PRIOR.shapes)
}
