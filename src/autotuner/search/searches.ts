/** All searches by name. A new search is a file of its own and a row here. */
import { UsageError } from '../../support/errors.ts'
import { settingText } from '../../support/resolve_settings.ts'
import { FiniteSearch } from './finite_search.ts'
import { PatternSearch } from './pattern_search.ts'
import { RandomSearch } from './random_search.ts'
import type { SearchClass } from './search.ts'

export const SEARCHES: readonly SearchClass[] = Object.freeze([PatternSearch, RandomSearch, FiniteSearch])

/** Throws UsageError with the known names. */
export function searchByName(name: string): SearchClass {
  const search = SEARCHES.find((known) => known.name === name)
  if (search) return search
  const known = SEARCHES.map((each) => each.name).join(', ')
  throw new UsageError(`there is no search named ${name}`, {
    remedy: `Known are ${known}. Name one in ${settingText('autotuner')}.`,
  })
}
