/**
 * Where a further measured shape would tell the most: where those who know some of the measured shapes choose
 * what the one who knows them all takes for slow (a query by committee: Seung, Opper and Sompolinsky, 1992).
 */
import type { Features } from '../../heuristics/features.ts'
import { Random } from '../../support/random.ts'
import { narrowed } from '../evaluate/decide/keep_configs.ts'
import { toSettings } from '../evaluate/decide/settings.ts'
import { rowOf, toColumns } from '../evaluate/features/columns.ts'
import { outcomeOf } from '../evaluate/input/read_sweeps.ts'
import { type Sweep, SweepBuilder } from '../evaluate/input/sweep.ts'
import { teach } from '../evaluate/learn/lesson.ts'
import { lossesOf, rowsOf, toMatrix } from '../evaluate/matrix.ts'
import { argmin, at, entriesAt, entryAt, meanOf, range } from '../evaluate/numeric.ts'
import type { KnownRecords } from '../run/known_records.ts'

/** Each member of the committee is without as many of the shapes as any other. */
const MEMBERS = 4
/** Fewer shapes leave members that know next to nothing. */
const LEAST_SHAPES = 6
/** Any: the same records shall give the same committee. */
const SEED = 43

/** What choices would lose on a shape, by what is known of a kernel; undefined where that is too little. */
export function doubtIn(known: KnownRecords, kernel: string): ((features: Features) => number) | undefined {
  const sweep = sweepOf(known, kernel)
  const settings = toSettings()
  const ran = range(sweep.shapes.length).filter((shape) =>
    range(sweep.configs.length).some((config) => sweep.cell(shape, config)?.status === 'ok'),
  )
  if (ran.length < LEAST_SHAPES) return undefined
  const matrix = narrowed(toMatrix(sweep), settings)
  const { columns, rows } = toColumns(matrix.shapes.map(({ features }) => features))
  if (columns.length === 0) return undefined
  const losses = lossesOf(matrix)
  const whole = teach(matrix, columns, rows, losses)
  const order = new Random(SEED).shuffle(range(rows.length))
  const members = range(MEMBERS).map((member) => {
    const inside = order.filter((_, index) => index % MEMBERS !== member)
    const part = rowsOf(matrix, inside)
    return teach(part, columns, entriesAt(rows, inside), entriesAt(losses, inside), whole.memory)
  })
  return (features) => {
    const row = rowOf(columns, features)
    const expected = whole.guessed(row)
    return meanOf(members.map((member) => at(expected, argmin(member.guessed(row)))))
  }
}

/** The same, fitted anew only when more has been measured: shapes that a kernel refuses teach nothing. */
export function latestDoubt(known: KnownRecords, kernel: string): () => ReturnType<typeof doubtIn> {
  let shapes = -1
  let doubt: ReturnType<typeof doubtIn>
  return () => {
    const measured = known.measuredShapes(kernel).length
    if (measured !== shapes) doubt = doubtIn(known, kernel)
    shapes = measured
    return doubt
  }
}

function sweepOf(known: KnownRecords, kernel: string): Sweep {
  const builder = new SweepBuilder(kernel, known.kernel(kernel)?.batched)
  for (const shape of known.measuredShapes(kernel))
    for (const record of known.measured(kernel, shape).values()) builder.add(outcomeOf(record))
  return builder.finish(known.kernel(kernel), known.run)
}

/** The most doubtful of some shapes; of equals the first. */
export function mostDoubtful<T>(shapes: readonly T[], doubtOf: (shape: T) => number): T | undefined {
  const doubts = shapes.map(doubtOf)
  return doubts.length > 0 ? entryAt(shapes, doubts.indexOf(Math.max(...doubts))) : undefined
}
