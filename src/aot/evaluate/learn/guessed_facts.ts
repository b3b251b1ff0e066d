/**
 * Facts of cells where nobody gave any: from the tiles of the configs, laid over the sizes of the shapes in
 * the way that explains the times best, on as many processors as explain them best.
 */
import type { ConfigData, ConfigValue } from '../../../config/value.ts'
import type { Column, Row } from '../features/columns.ts'
import { entryAt } from '../numeric.ts'
import { type CellAxes, type CellFacts, cellAxes, type FactsOf } from './cell_axes.ts'
import { fitCellModel } from './cell_model.ts'
import type { CompiledCells } from './compiled_cells.ts'
import { countsOf, plansOf, type TilePlan, type Tiles, tilesOf } from './tile_plan.ts'
import { paddingWaste, waveWaste } from './waste.ts'

/** How tiles lie, undefined where the compiler has said so, and how many workgroups run at the same time. */
export interface Layout {
  readonly plan: TilePlan | undefined
  readonly units: number
}

/** A layout shows on so many cells. */
const MOST_WITNESSES = 250
/** Processors of a GPU, a step of two apart, since each may hold several workgroups. */
const UNITS: readonly number[] = [16, 32, 64, 128, 256]
const USUAL_UNITS = 128
const THREADS_PER_WARP = 32
/** What layouts mean for the configs of a sweep. */
export interface LayoutTask {
  readonly columns: readonly Column[]
  readonly rows: readonly Row[]
  readonly configs: readonly ConfigData[]
  readonly compiled?: CompiledCells | undefined
  /** Processors, as far as the records know. */
  readonly units?: number | undefined
}

/** The likeliest layout; undefined where configs have no tiles or these could lie in too many ways. */
export function guessLayout(task: LayoutTask, outputs: readonly Float64Array[]): Layout | undefined {
  const evidence = (layout: Layout) =>
    fitCellModel(layoutAxes(task, layout), task.rows, outputs, MOST_WITNESSES).evidence
  const ways = task.compiled?.factsOf ? [undefined] : plansOf(task.columns, task.configs)
  const [first] = mostLikely(
    ways.map((plan) => ({ plan, units: USUAL_UNITS })),
    evidence,
  )
  if (!first) return undefined
  const units = [...new Set([...UNITS, ...(task.units ? [task.units] : [])])]
  return mostLikely(
    units.map((each) => ({ ...first, units: each })),
    evidence,
  )[0]
}

/** The axes of cells under a layout. */
export function layoutAxes({ columns, rows, configs, compiled }: LayoutTask, layout: Layout): CellAxes {
  const { plan, units } = layout
  const told = compiled?.factsOf?.(units)
  const factsOf = told ?? guessedFacts(configs, plan ?? NO_TILES, units)
  return cellAxes(columns, rows, configs, factsOf)
}

const NO_TILES: TilePlan = { columns: [], parallel: [] }

function mostLikely(layouts: readonly Layout[], evidence: (layout: Layout) => number): readonly Layout[] {
  const scored = layouts.map((layout) => ({ layout, score: evidence(layout) }))
  return scored.sort((a, b) => b.score - a.score).map(({ layout }) => layout)
}

/** The facts that follow from a layout. */
function guessedFacts(configs: readonly ConfigData[], plan: TilePlan, units: number): FactsOf {
  const tiles = configs.map(tilesOf)
  return (row) => configs.map((config, index) => factsOf(plan, entryAt(tiles, index), config, row, units))
}

function factsOf(plan: TilePlan, tiles: Tiles, config: ConfigData, row: Row, units: number): CellFacts {
  const { workgroups: tilesOfGrid, rounds, elements, outputs, padding } = countsOf(plan, tiles, row)
  const split = numberOf(config.split_k)
  const threads = THREADS_PER_WARP * numberOf(config.num_warps)
  const workgroups = tilesOfGrid * split
  return {
    counts: Float64Array.of(workgroups, Math.ceil(rounds / split), elements / threads, outputs / threads).map(
      Math.log2,
    ),
    waste: Float64Array.of(paddingWaste(padding), ...waveWaste(workgroups, units)),
  }
}

function numberOf(value: ConfigValue | undefined): number {
  return typeof value === 'number' && value > 0 ? value : 1
}
