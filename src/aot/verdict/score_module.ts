/**
 * Scores a module by its own text: it is run on every shape of a sweep, and what it chooses is looked up in
 * the measurements. Knows nothing of how the module was decided, so that edited ones are judged alike.
 */

import { DataError } from '../../support/errors.ts'
import { geomean } from '../../support/maths.ts'
import { sha16 } from '../../support/stable.ts'
import { type RegretStatistics, regretStatistics } from '../evaluate/decide/statistics.ts'
import { argumentsOf, type LoadedModule, runModule } from '../evaluate/emit/run_module.ts'
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
  /** Of the sweep, those that no config runs on included. */
  readonly shapes: number
  /** Shapes with a choice that runs. */
  readonly covered: number
  readonly statistics: RegretStatistics
  /** Geometric mean and worst of time over the default's time; undefined without a default. */
  readonly overDefault: { readonly geomean: number; readonly worst: number } | undefined
  readonly choices: readonly ShapeScore[]
}

/** Throws DataError when the text is no module for this kernel, or when nothing in the sweep ran. */
export function scoreModule(text: string, path: string, sweep: Sweep): ModuleScore {
  const module = runModule(text, sweep.kernel, path)
  const matrix = toMatrix(sweep)
  return summarised(
    sweep,
    matrix,
    matrix.shapes.map((_, row) => scoreShape(module, path, matrix, row)),
  )
}

/** The same for choices that were made one by one. */
export function summarised(sweep: Sweep, matrix: TimingMatrix, choices: readonly ShapeScore[]): ModuleScore {
  const regrets = choices.map(({ slowdown }) => slowdown)
  const ofDefault = defaultRegrets(matrix)
  const ratios = choices.flatMap(({ overDefault }) => overDefault ?? [])
  return {
    shapes: sweep.shapes.length,
    covered: regrets.filter(Number.isFinite).length,
    statistics: regretStatistics(regrets, ofDefault),
    overDefault: ratios.length > 0 ? { geomean: geomean(ratios), worst: Math.max(...ratios) } : undefined,
    choices,
  }
}

/** What a module chooses for one row of a matrix. */
export function scoreShape(
  module: LoadedModule,
  path: string,
  matrix: TimingMatrix,
  row: number,
): ShapeScore {
  const shape = matrix.shapes[row] as SweepShape
  const configHash = chosenHash(module, path, shape)
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

/** Hash of the config that a module answers with for a shape. Throws DataError when it throws. */
export function chosenHash(module: LoadedModule, path: string, { features, hash }: SweepShape): string {
  try {
    return sha16(module.autotune(...argumentsOf(features)))
  } catch (error) {
    throw new DataError(`${path} fails for shape ${hash}: ${String(error)}`, { cause: error })
  }
}
