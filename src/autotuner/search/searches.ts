/** The searches that need nothing but a space. A new one is a file of its own and a row here. */
import { DESurrogateHybrid } from './evolution/de_surrogate_hybrid.ts'
import { DifferentialEvolutionSearch } from './evolution/differential_evolution.ts'
import { FiniteSearch } from './finite_search.ts'
import { LFBOPatternSearch } from './lfbo/lfbo_pattern_search.ts'
import { LFBOTreeSearch } from './lfbo/lfbo_tree_search.ts'
import { PatternSearch } from './pattern_search.ts'
import { RandomSearch } from './random_search.ts'
import type { SearchClass } from './search.ts'

export const SEARCHES: readonly SearchClass[] = Object.freeze([
  LFBOTreeSearch,
  LFBOPatternSearch,
  PatternSearch,
  DifferentialEvolutionSearch,
  DESurrogateHybrid,
  RandomSearch,
  FiniteSearch,
])
