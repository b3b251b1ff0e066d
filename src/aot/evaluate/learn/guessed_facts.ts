/**
 * Facts of cells where nobody gave any: from the tiles of the configs, laid over the sizes of the shapes in
 * the way that explains the times best, on as many processors as explain them best.
 */
import type { ConfigData, ConfigValue } from '../../../config/value.ts'
import type { Column, Row } from '../features/columns.ts'
import { entryAt } from '../numeric.ts'
import { type CellAxes, type CellFacts, cellAxes, demandsOf, type FactsOf } from './cell_axes.ts'
import { fitCellModel } from './cell_model.ts'
import type { CompiledCells } from './compiled_cells.ts'
import { type Operand, readsOf } from './operands.ts'
import { countsOf, plansOf, type TilePlan, type Tiles, tilesOf } from './tile_plan.ts'
import { paddingWaste, UNITS, waveWaste } from './waste.ts'

/** How tiles lie, undefined where the compiler has said so, and how many workgroups run at the same time. */
export interface Layout {
  readonly plan: TilePlan | undefined
  readonly units: number
}

/** A layout shows on so many cells; the work is their cube, for up to 64 layouts. */
const MOST_WITNESSES = 250
/** Of a large GPU, to tell plans apart before processors are counted. */
const USUAL_UNITS = 128
/** Of the GPUs that Helion's sweeps come from. */
const THREADS_PER_WARP = 32

/** What layouts mean for the configs of a sweep. */
export interface LayoutTask {
  readonly columns: readonly Column[]
  readonly rows: readonly Row[]
  readonly configs: readonly ConfigData[]
  readonly compiled?: CompiledCells | undefined
  /** Tensors that the kernel reads. */
  readonly operands: readonly Operand[]
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
export function layoutAxes(task: LayoutTask, layout: Layout): CellAxes {
  return cellAxes(task.columns, task.rows, task.configs, layoutFacts(task, layout))
}

/** The facts of cells under a layout. */
export function layoutFacts(task: LayoutTask, { plan, units }: Layout): FactsOf {
  return task.compiled?.factsOf?.(units) ?? guessedFacts(task, plan ?? NO_TILES, units)
}

const NO_TILES: TilePlan = { columns: [], parallel: [] }

function mostLikely(layouts: readonly Layout[], evidence: (layout: Layout) => number): readonly Layout[] {
  const scored = layouts.map((layout) => ({ layout, score: evidence(layout) }))
  return scored.sort((a, b) => b.score - a.score).map(({ layout }) => layout)
}

/** The facts that follow from a layout. */
function guessedFacts({ configs, operands }: LayoutTask, plan: TilePlan, units: number): FactsOf {
  const tiles = configs.map(tilesOf)
  return (row) =>
    configs.map((config, index) => factsOf(plan, entryAt(tiles, index), config, operands, row, units))
}

function factsOf(
  plan: TilePlan,
  tiles: Tiles,
  config: ConfigData,
  operands: readonly Operand[],
  row: Row,
  units: number,
): CellFacts {
  const { workgroups: tilesOfGrid, rounds, elements, outputs, padding, lengths } = countsOf(plan, tiles, row)
  const split = numberOf(config.split_k)
  const threads = THREADS_PER_WARP * numberOf(config.num_warps)
  const workgroups = tilesOfGrid * split
  const ofOne = Math.ceil(rounds / split)
  const { bytes, loads } = readsOf(operands, lengths, row)
  const perThread = [elements, outputs, loads].map((amount) => Math.max(amount, 1) / threads)
  return {
    demands: demandsOf(workgroups, ofOne, [elements, bytes, loads]),
    counts: Float64Array.of(workgroups, ofOne, ...perThread).map(Math.log2),
    waste: Float64Array.of(paddingWaste(padding), ...waveWaste(workgroups, units)),
  }
}

function numberOf(value: ConfigValue | undefined): number {
  return typeof value === 'number' && value > 0 ? value : 1
}
