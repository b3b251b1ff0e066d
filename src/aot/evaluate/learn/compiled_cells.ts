/**
 * Facts of cells as the compiler tells them: its formulas, with the sizes of any shape. Also where a launch
 * would be refused, which no measurement has to show first.
 */
import type { Features } from '../../../heuristics/features.ts'
import type { ConfigFacts, CountName } from '../../facts/told_facts.ts'
import type { Column, Row } from '../features/columns.ts'
import type { SweepConfig } from '../input/sweep.ts'
import { at, entryAt, meanOf } from '../numeric.ts'
import { type CellFacts, demandsOf, type FactsOf } from './cell_axes.ts'
import { type SizeNamed, Sizes } from './sizes.ts'
import { paddingWaste, waveWaste } from './waste.ts'

export interface CompiledCells {
  /**
   * Undefined where it was told of less than half of the configs how their workgroups lie on every shape. The
   * others are taken for what is usual among those, with nothing said of their speed.
   */
  readonly factsOf: ((units: number) => FactsOf) | undefined
  /** True where the launch of a config would be refused. */
  readonly isRefused: (row: Row, config: number) => boolean
}

/** What a model needs to know of every config. */
const NEEDED = ['workgroups', 'rounds', 'outputs', 'computed', 'needed'] as const

/** `shapes` are those of `rows`. */
export function compiledCells(
  columns: readonly Column[],
  rows: readonly Row[],
  shapes: readonly Features[],
  configs: readonly SweepConfig[],
): CompiledCells {
  const sizes = new Sizes(columns, rows, shapes)
  const all = configs.map(({ facts }) => facts)
  const complete = all.map((facts) => (facts && areKnown(facts, sizes) ? facts : undefined))
  const known = complete.filter((facts) => facts !== undefined)
  return {
    factsOf:
      known.length > 0 && 2 * known.length >= all.length
        ? (units) => (row) => {
            const sizeNamed = sizes.at(row)
            const told = complete.map((facts) => facts && cellFacts(facts, sizeNamed, units))
            const usual = usualOf(told.filter((cell) => cell !== undefined))
            return told.map((cell) => cell ?? usual)
          }
        : undefined,
    isRefused(row, config) {
      const limits = entryAt(all, config)?.limits ?? []
      return limits.length > 0 && limits.some(({ needs, most }) => needs.valueAt(sizes.at(row)) > most)
    },
  }
}

function usualOf(cells: readonly CellFacts[]): CellFacts {
  const meanOfAxis = (part: (cell: CellFacts) => Float64Array) =>
    Float64Array.from(part(entryAt(cells, 0)), (_, axis) => meanOf(cells.map((cell) => at(part(cell), axis))))
  return {
    counts: meanOfAxis(({ counts }) => counts),
    waste: meanOfAxis(({ waste }) => waste),
    demands: new Float64Array(),
  }
}

/** True where every size that the facts name can be had from a row. */
function areKnown({ counts }: ConfigFacts, sizes: Sizes): boolean {
  return NEEDED.every((name) => counts[name]?.names.every((size) => sizes.placeOf(size)) ?? false)
}

function cellFacts({ counts, numbers }: ConfigFacts, sizeNamed: SizeNamed, units: number): CellFacts {
  const count = (name: CountName): number => Math.max(1, counts[name]?.valueAt(sizeNamed) ?? 1)
  const [workgroups, rounds, outputs] = [count('workgroups'), count('rounds'), count('outputs')]
  const computed = count('computed')
  // Not among the facts that every record has: 0 tells nothing of any limit.
  const bytes = counts.bytes?.valueAt(sizeNamed) || 0
  const threads = numbers.threads ?? 1
  const inRound = Math.max(1, computed / (workgroups * rounds))
  return {
    counts: Float64Array.of(workgroups, rounds, inRound / threads, outputs / threads).map(Math.log2),
    waste: Float64Array.of(paddingWaste(computed / count('needed')), ...waveWaste(workgroups, units)),
    demands: demandsOf(workgroups, rounds, [computed / workgroups / rounds, bytes / workgroups / rounds]),
  }
}
