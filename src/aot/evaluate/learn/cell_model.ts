/**
 * What a config on a shape comes to decides how long it takes: one Gaussian process over all cells of a sweep
 * learns from every config about every other, so that few shapes go a long way. How tiles lie over sizes and
 * how many workgroups run at once is taken as most cells can be explained by: of all ways the one of the
 * largest marginal likelihood.
 */
import type { ConfigData } from '../../../config/value.ts'
import { Random } from '../../../support/random.ts'
import type { Column, Row } from '../features/columns.ts'
import { at, entryAt, meanOf, range } from '../numeric.ts'
import { type CellAxes, cellAxes } from './cell_axes.ts'
import { evidenceAtStart, fitGaussianProcess } from './gaussian_process.ts'
import { plansOf, type TilePlan } from './tile_plan.ts'

export interface CellModel {
  /** One prediction per config; what they have in common is left out. */
  readonly predict: (row: Row) => Float64Array
  readonly memory: CellMemory
}

/** What a fit found out, for similar ones. */
export interface CellMemory {
  readonly plan: TilePlan
  readonly units: number
  readonly parameters: readonly number[]
}

/** The work is cubic in the number of cells: beyond so many a sample is learned from. */
const MOST_CELLS = 300
/** A plan shows on fewer. */
const MOST_WITNESSES = 150
/** With more shapes than these, models to which configs are names do as well, in less time. */
const MOST_ROWS = 48
/** Processors of a GPU, in steps that a sweep can tell apart. */
const UNITS: readonly number[] = [16, 24, 32, 48, 64, 96, 128, 192, 256]
const USUAL_UNITS = 64

interface Cells {
  readonly columns: readonly Column[]
  readonly rows: readonly Row[]
  readonly configs: readonly ConfigData[]
  readonly outputs: readonly Float64Array[]
}

/** Undefined where shapes are many, and where configs have no tiles or these can lie in too many ways. */
export function fitCellModel(cells: Cells, memory?: CellMemory): CellModel | undefined {
  if (cells.rows.length > MOST_ROWS) return undefined
  const layout = memory ?? findLayout(cells)
  if (!layout) return undefined
  const axes = axesFor(cells, layout)
  const { points, outputs } = sampleOf(cells, axes, MOST_CELLS)
  const model = fitGaussianProcess(points, outputs, 'matern52', memory?.parameters, {
    groups: axes.groups,
    search: !memory,
  })
  return {
    predict(row) {
      const values = Float64Array.from(axes.points(row), (point) => at(model.predict(point), 0))
      const mean = meanOf(values)
      return values.map((value) => value - mean)
    },
    memory: { ...layout, parameters: model.logParameters },
  }
}

type Layout = Pick<CellMemory, 'plan' | 'units'>

function findLayout(cells: Cells): Layout | undefined {
  const plans = plansOf(cells.columns, cells.configs)
  const byPlan = plans.map((plan) => ({ plan, units: USUAL_UNITS }))
  const first = likeliest(cells, byPlan)
  return (
    first &&
    likeliest(
      cells,
      UNITS.map((units) => ({ ...first, units })),
    )
  )
}

function likeliest(cells: Cells, layouts: readonly Layout[]): Layout | undefined {
  const evidences = layouts.map((layout) => {
    const axes = axesFor(cells, layout)
    const { points, outputs } = sampleOf(cells, axes, MOST_WITNESSES)
    return evidenceAtStart(points, outputs, 'matern52', axes.groups)
  })
  return layouts[evidences.indexOf(Math.max(...evidences))]
}

function axesFor({ columns, rows, configs }: Cells, { plan, units }: Layout): CellAxes {
  return cellAxes(columns, rows, configs, plan, units)
}

/** Points and outputs of at most `most` cells, the same ones each time. */
function sampleOf(
  { rows, outputs }: Cells,
  { points }: CellAxes,
  most: number,
): { points: Float64Array[]; outputs: Float64Array[] } {
  const configs = outputs[0]?.length ?? 0
  const all = range(rows.length * configs)
  const picked = all.length <= most ? all : new Random(23).sample(all, most)
  const byRow = new Map<number, readonly Float64Array[]>()
  const pointsOf = (row: number) => {
    const known = byRow.get(row) ?? points(entryAt(rows, row))
    byRow.set(row, known)
    return known
  }
  return {
    points: picked.map((cell) => entryAt(pointsOf(Math.floor(cell / configs)), cell % configs)),
    outputs: picked.map((cell) =>
      Float64Array.of(at(entryAt(outputs, Math.floor(cell / configs)), cell % configs)),
    ),
  }
}
