/** Where a search starts, by its options and its effort. */
import { InitialPopulationStrategy } from '../../support/settings.ts'
import type { CommonOptions } from './search.ts'
import { EFFORT_PROFILES, type SearchEffort } from './session/effort_profiles.ts'
import type { StartingPoint } from './session/initial_population.ts'

export function startingWith(
  options: Partial<CommonOptions>,
  effort: SearchEffort,
): Pick<StartingPoint, 'strategy' | 'padding'> {
  const { FROM_BEST_AVAILABLE, FROM_RANDOM } = InitialPopulationStrategy
  const strategy = options.initialPopulationStrategy ?? FROM_RANDOM
  const isBare = strategy === FROM_BEST_AVAILABLE && !options.bestAvailablePadRandom
  return { strategy, padding: isBare ? 'none' : EFFORT_PROFILES[effort].padding }
}
