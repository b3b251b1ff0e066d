/**
 * Facts of cells as the compiler tells them: its formulas, with the sizes of any shape. Also where a launch
 * would be refused, which no measurement has to show first.
 */
import type { Features } from '../../../heuristics/features.ts'
import type { ConfigFacts, CountName } from '../../facts/told_facts.ts'
import type { Column, Row } from '../features/columns.ts'
import type { SweepConfig } from '../input/sweep.ts'
import { entryAt } from '../numeric.ts'
import { type CellFacts, demandsOf, type FactsOf } from './cell_axes.ts'
import { type SizeNamed, Sizes } from './sizes.ts'
import { paddingWaste, waveWaste } from './waste.ts'

export interface CompiledCells {
  /** Undefined where it was not told of every config how its workgroups lie on every shape. */
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
  const complete = all.flatMap((facts) => (facts && areKnown(facts, sizes) ? [facts] : []))
  return {
    factsOf:
      complete.length > 0 && complete.length === all.length
        ? (units) => (row) => {
            const sizeNamed = sizes.at(row)
            return complete.map((facts) => cellFacts(facts, sizeNamed, units))
          }
        : undefined,
    isRefused(row, config) {
      const limits = entryAt(all, config)?.limits ?? []
      return limits.length > 0 && limits.some(({ needs, most }) => needs.valueAt(sizes.at(row)) > most)
    },
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
