/** All searches by name. A new search is a file of its own and a row here. */
import { UsageError } from '../../support/errors.ts'
import { settingText } from '../../support/resolve_settings.ts'
import { finiteSearch } from './finite_search.ts'
import { patternSearch } from './pattern_search.ts'
import { randomSearch } from './random_search.ts'
import type { Search } from './search.ts'

export const SEARCHES: readonly Search[] = Object.freeze([patternSearch, randomSearch, finiteSearch])

/** Throws UsageError with the known names. */
export function searchByName(name: string): Search {
  const search = SEARCHES.find((known) => known.name === name)
  if (search) return search
  const known = SEARCHES.map((each) => each.name).join(', ')
  throw new UsageError(`there is no search named ${name}`, {
    remedy: `Known are ${known}. Name one in ${settingText('autotuner')}.`,
  })
}
