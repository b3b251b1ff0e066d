/**
 * Facts of cells as the compiler tells them: its formulas, with the sizes of any shape. Also where a launch
 * would be refused, which no measurement has to show first.
 */
import type { Features } from '../../../heuristics/features.ts'
import type { ConfigFacts } from '../../facts/told_facts.ts'
import type { Column, Row } from '../features/columns.ts'
import type { SweepConfig } from '../input/sweep.ts'
import { at, entryAt } from '../numeric.ts'
import type { CellFacts, FactsOf } from './cell_axes.ts'
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
  const complete = all.flatMap((facts) => (facts && sizes.areKnownIn(facts) ? [facts] : []))
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

type SizeNamed = (name: string) => number

function cellFacts({ counts, numbers }: ConfigFacts, sizeNamed: SizeNamed, units: number): CellFacts {
  const count = (name: (typeof NEEDED)[number]): number => Math.max(1, counts[name]?.valueAt(sizeNamed) ?? 1)
  const [workgroups, rounds, outputs] = [count('workgroups'), count('rounds'), count('outputs')]
  const computed = count('computed')
  const threads = numbers.threads ?? 1
  const inRound = Math.max(1, computed / (workgroups * rounds))
  return {
    counts: Float64Array.of(workgroups, rounds, inRound / threads, outputs / threads).map(Math.log2),
    waste: Float64Array.of(paddingWaste(computed / count('needed')), ...waveWaste(workgroups, units)),
  }
}

/** Sizes by the names of features, for rows that hold only what differs between shapes. */
class Sizes {
  readonly #columns: readonly Column[]
  readonly #rows: readonly Row[]
  readonly #shapes: readonly Features[]
  readonly #readers = new Map<string, ((row: Row) => number) | undefined>()

  constructor(columns: readonly Column[], rows: readonly Row[], shapes: readonly Features[]) {
    this.#columns = columns
    this.#rows = rows
    this.#shapes = shapes
  }

  at(row: Row): SizeNamed {
    return (name) => this.#reader(name)?.(row) ?? Number.NaN
  }

  /** True where every size that the facts name can be had from a row. */
  areKnownIn({ counts }: ConfigFacts): boolean {
    return NEEDED.every((name) => counts[name]?.names.every((size) => this.#reader(size)) ?? false)
  }

  #reader(name: string): ((row: Row) => number) | undefined {
    if (!this.#readers.has(name)) this.#readers.set(name, this.#find(name))
    return this.#readers.get(name)
  }

  /** A column, the same in every shape, or a constant multiple of a column. */
  #find(name: string): ((row: Row) => number) | undefined {
    const own = this.#columns.findIndex((column) => column.name === name)
    if (own >= 0) return (row) => at(row, own)
    const values = this.#shapes.map((features) =>
      Number(Object.hasOwn(features, name) ? features[name] : NaN),
    )
    const [first = Number.NaN] = values
    if (values.every((value) => value === first)) return () => first
    for (const index of this.#columns.keys()) {
      const factor = first / at(entryAt(this.#rows, 0), index)
      if (this.#rows.every((row, i) => at(row, index) * factor === values[i]))
        return (row) => at(row, index) * factor
    }
    return undefined
  }
}
