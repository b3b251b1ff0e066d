/**
 * Facts of cells where nobody gave any: from the tiles of the configs, laid over the sizes of the shapes in
 * the way that explains the times best, on as many processors as explain them best.
 */
import type { ConfigData, ConfigValue } from '../../../config/value.ts'
import type { Column, Row } from '../features/columns.ts'
import { entryAt } from '../numeric.ts'
import { type CellFacts, cellAxes, type FactsOf } from './cell_axes.ts'
import { fitCellModel } from './cell_model.ts'
import { countsOf, plansOf, type TilePlan, type Tiles, tilesOf } from './tile_plan.ts'

/** How tiles lie, and how many workgroups run at the same time. */
export interface Layout {
  readonly plan: TilePlan
  readonly units: number
}

/** A layout shows on so many cells. */
const MOST_WITNESSES = 250
/** Processors of a GPU, a step of two apart, since each may hold several workgroups. */
const UNITS: readonly number[] = [16, 32, 64, 128, 256]
const USUAL_UNITS = 128
const THREADS_PER_WARP = 32
/** A processor may hold several workgroups at once: waves of so many times the units count too. */
const RESIDENT: readonly number[] = [1, 2, 4]
/** A kernel that computes mostly padding waits for memory: more of it costs no more. */
const MOST_WASTE = 3

/** The likeliest layout; undefined where configs have no tiles or these could lie in too many ways. */
export function guessLayout(
  columns: readonly Column[],
  rows: readonly Row[],
  configs: readonly ConfigData[],
  outputs: readonly Float64Array[],
): Layout | undefined {
  const evidence = (layout: Layout) => {
    const axes = cellAxes(columns, rows, configs, guessedFacts(configs, layout))
    return fitCellModel(axes, rows, outputs, MOST_WITNESSES).evidence
  }
  const [first] = mostLikely(
    plansOf(columns, configs).map((plan) => ({ plan, units: USUAL_UNITS })),
    evidence,
  )
  return (
    first &&
    mostLikely(
      UNITS.map((units) => ({ ...first, units })),
      evidence,
    )[0]
  )
}

function mostLikely(layouts: readonly Layout[], evidence: (layout: Layout) => number): readonly Layout[] {
  const scored = layouts.map((layout) => ({ layout, score: evidence(layout) }))
  return scored.sort((a, b) => b.score - a.score).map(({ layout }) => layout)
}

/** The facts that follow from a layout. */
export function guessedFacts(configs: readonly ConfigData[], { plan, units }: Layout): FactsOf {
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
    waste: Float64Array.of(Math.min(MOST_WASTE, Math.log2(padding)), ...waveWaste(workgroups, units)),
  }
}

/** What the last wave leaves idle, for each number of workgroups that a processor may hold. */
function waveWaste(workgroups: number, units: number): readonly number[] {
  const waves = RESIDENT.map((resident) => workgroups / (units * resident))
  const idle = waves.map((wave) => Math.min(MOST_WASTE, Math.log2(Math.ceil(wave) / wave)))
  return [...idle, Math.max(0, -Math.log2(workgroups / units))]
}

function numberOf(value: ConfigValue | undefined): number {
  return typeof value === 'number' && value > 0 ? value : 1
}
