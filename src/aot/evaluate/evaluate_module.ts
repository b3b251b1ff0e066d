/**
 * The verdict on a module: its text is read, its choice for every shape of the sweep looked up in the
 * measurements. A shape without an answer, a config that was never measured there, or an answer other than
 * the decision's is a failure, never left out of the count.
 */
import { DataError } from '../../support/errors.ts'
import { choose } from './decide/choose.ts'
import type { Decision } from './decide/decision.ts'
import { configHash } from './decide/keep_configs.ts'
import { judgedRegrets, type RegretStatistics } from './decide/statistics.ts'
import { readModule } from './emit/read_module.ts'
import { regretOf } from './matrix.ts'
import { entryAt } from './numeric.ts'

export interface ShapeVerdict {
  readonly shapeHash: string
  readonly configHash: string
  /** Time over best time; null where the chosen config is forbidden or was not measured. */
  readonly slowdown: number | null
}

export interface Evaluation {
  /** Of the shapes that count for the goal. */
  readonly statistics: RegretStatistics
  /** Of further shapes, which have no weight; null where there are none. */
  readonly further: RegretStatistics | null
  /** Share of the shapes of the sweep, those that nothing ran on included, with a valid choice. */
  readonly coverage: number
  readonly shapes: readonly ShapeVerdict[]
}

/**
 * Reads and judges the text of a module. Throws DataError when it cannot be read or contradicts the decision.
 */
export function evaluateModule(text: string, path: string, decision: Decision): Evaluation {
  const module = readModule(text, decision.kernel, path)
  const { matrix } = decision
  const columns = new Map(matrix.configs.map((config, column) => [config.hash, column]))
  const verdicts = matrix.shapes.map((shape, row) => {
    const choice = module.key(shape.features)
    const hash = configHash(module.configs[choice])
    const expected = choose(
      decision.program,
      decision.terms,
      decision.guard,
      decision.fallbacks[0] ?? 0,
      entryAt(decision.rows, row),
    )
    if (choice !== expected)
      throw new DataError(`${path} chooses ${choice} for shape ${shape.hash}, the build ${expected}`)
    const column = columns.get(hash)
    const slowdown = column === undefined ? Number.POSITIVE_INFINITY : regretOf(matrix, row, column)
    return { shapeHash: shape.hash, configHash: hash, slowdown }
  })
  const { counted, further } = judgedRegrets(
    matrix.shapes,
    verdicts.map(({ slowdown }) => slowdown),
  )
  const covered = verdicts.filter(({ slowdown }) => Number.isFinite(slowdown)).length
  return {
    statistics: counted,
    further,
    coverage: covered / Math.max(1, decision.sweep.shapes.length),
    shapes: verdicts.map((verdict) => ({
      ...verdict,
      slowdown: Number.isFinite(verdict.slowdown) ? verdict.slowdown : null,
    })),
  }
}
