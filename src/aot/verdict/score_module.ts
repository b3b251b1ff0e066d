/**
 * Scores a module by the decision that its text holds: what it chooses for every shape of a sweep is looked
 * up in the measurements. That a program which runs the module chooses the same is what proof.ts is about.
 */

import { geomean } from '../../support/maths.ts'
import { sha16 } from '../../support/stable.ts'
import { countsFor, judgedRegrets, type RegretStatistics } from '../evaluate/decide/statistics.ts'
import type { Chooser } from '../evaluate/emit/read_module.ts'
import type { Sweep, SweepShape } from '../evaluate/input/sweep.ts'
import { defaultRegrets, regretOf, type TimingMatrix, toMatrix } from '../evaluate/matrix.ts'

/** What a module chose for a shape, and what that costs. */
export interface ShapeScore {
  readonly shapeHash: string
  readonly configHash: string
  /** Time over best time; Infinity where the choice failed or was not measured. */
  readonly slowdown: number
  /** Time over the time of the default config; undefined where either is not known. */
  readonly overDefault: number | undefined
}

export interface ModuleScore {
  /** That the module holds. */
  readonly configs: number
  /** Of the sweep, those that no config runs on included. */
  readonly shapes: number
  /** Shapes with a choice that runs. */
  readonly covered: number
  /** Of the shapes that count for the goal. */
  readonly statistics: RegretStatistics
  /** Of further shapes, which have no weight; null where there are none. */
  readonly further: RegretStatistics | null
  /** Of the same shapes: geometric mean and worst of time over the default's; undefined without a default. */
  readonly overDefault: { readonly geomean: number; readonly worst: number } | undefined
  readonly choices: readonly ShapeScore[]
}

/** Throws DataError when nothing in the sweep ran. */
export function scoreModule(module: Chooser, sweep: Sweep): ModuleScore {
  const matrix = toMatrix(sweep)
  const choices = matrix.shapes.map((_, row) => scoreShape(module, matrix, row))
  const regrets = choices.map(({ slowdown }) => slowdown)
  const ofDefault = defaultRegrets(matrix)
  const counts = countsFor(matrix.shapes)
  const ratios = choices.flatMap(({ overDefault }, row) => (counts(row) ? (overDefault ?? []) : []))
  const { counted, further } = judgedRegrets(matrix.shapes, regrets, ofDefault)
  return {
    configs: module.configs.length,
    shapes: sweep.shapes.length,
    covered: regrets.filter(Number.isFinite).length,
    statistics: counted,
    further,
    overDefault: ratios.length > 0 ? { geomean: geomean(ratios), worst: Math.max(...ratios) } : undefined,
    choices,
  }
}

/** What a module chooses for one row of a matrix. */
function scoreShape(module: Chooser, matrix: TimingMatrix, row: number): ShapeScore {
  const shape = matrix.shapes[row] as SweepShape
  const configHash = chosenHash(module, shape)
  const column = matrix.configs.findIndex((config) => config.hash === configHash)
  const standard = defaultRegrets(matrix)?.[row]
  const slowdown = column < 0 ? Number.POSITIVE_INFINITY : regretOf(matrix, row, column)
  const ratio = standard === undefined ? Number.NaN : slowdown / standard
  return {
    shapeHash: shape.hash,
    configHash,
    slowdown,
    overDefault: Number.isFinite(ratio) ? ratio : undefined,
  }
}

/** Hash of the config that a module answers with for a shape. */
export function chosenHash({ configs, key }: Chooser, { features }: SweepShape): string {
  return sha16(configs[key(features)])
}
