/**
 * LFBO with neighbours that the model makes: a tree of the forest says which decisions matter at a config,
 * along the path that it takes there; these are changed one after the other, each to what the tree thinks
 * best.
 */
import type { ConfigValue } from '../../../config/value.ts'
import type { ExtraTree } from '../model/extra_tree.ts'
import type { Surrogate } from '../model/surrogate.ts'
import type { OptionTable } from '../search.ts'
import type { ConfigGeneration } from '../session/config_generation.ts'
import type { SearchSession } from '../session/search_session.ts'
import type { LFBOSearchOptions, NeighborMaker } from './lfbo_options.ts'
import { LFBOPatternSearch } from './lfbo_pattern_search.ts'

/**
 * The default search: likelihood-free Bayesian optimisation whose forest also makes the neighbours, along the
 * decisions that matter at a config.
 */
export class LFBOTreeSearch extends LFBOPatternSearch {
  static override readonly name: string = 'LFBOTreeSearch'
  static override readonly doc: string =
    'Measures what a model of all results thinks most of; it makes neighbours of the best, too.'
  static override readonly options: OptionTable<LFBOSearchOptions> = {
    ...LFBOPatternSearch.options,
    numNeighbors: { ...LFBOPatternSearch.options.numNeighbors, full: 200 },
  }

  protected override neighborMaker(
    { generation }: SearchSession,
    { radius }: LFBOSearchOptions,
    { forest }: Surrogate,
  ): NeighborMaker {
    const { random, freeSlots } = generation
    return (base) => {
      const tree = random.choice(forest.trees)
      const point = generation.encodeFlat(base)
      const slots = tree.path(point).map((coordinate) => generation.slotOf(coordinate))
      let flat = base
      for (const slot of new Set([...slots, random.choice(freeSlots)])) {
        if (!freeSlots.includes(slot)) continue
        const values = [flat[slot] ?? null, ...generation.nearValues(flat, slot, radius)]
        const value = bestValue(generation, tree, point, slot, values)
        flat = flat.with(slot, value)
        generation.encodeSlot(point, slot, value)
      }
      return generation.repaired(flat)
    }
  }
}

/** The value in a slot that the tree thinks most of; one of them where several are equal. Changes `point`. */
function bestValue(
  generation: ConfigGeneration,
  tree: ExtraTree,
  point: Float64Array,
  slot: number,
  values: readonly ConfigValue[],
): ConfigValue {
  const rated = values.map((value) => {
    generation.encodeSlot(point, slot, value)
    return { value, rating: tree.mean(tree.leaf(point)) }
  })
  const most = Math.max(...rated.map(({ rating }) => rating))
  return generation.random.choice(rated.filter(({ rating }) => rating === most)).value
}
