/** All searches by name: those of `search/searches.ts`, and those that ask a language model. */
import { UsageError } from '../support/errors.ts'
import { settingText } from '../support/resolve_settings.ts'
import { LLMGuidedSearch } from './llm/llm_guided_search.ts'
import { LLMSeededLFBOTreeSearch, LLMSeededSearch } from './llm/llm_seeded_search.ts'
import type { SearchClass } from './search/search.ts'
import { SEARCHES } from './search/searches.ts'

export const ALL_SEARCHES: readonly SearchClass[] = Object.freeze([
  ...SEARCHES,
  LLMGuidedSearch,
  LLMSeededSearch,
  LLMSeededLFBOTreeSearch,
])

/** Throws UsageError with the known names. */
export function searchByName(name: string): SearchClass {
  const search = ALL_SEARCHES.find((known) => known.name === name)
  if (search) return search
  const known = ALL_SEARCHES.map((each) => each.name).join(', ')
  throw new UsageError(`there is no search named ${name}`, {
    remedy: `Known are ${known}. Name one in ${settingText('autotuner')}.`,
  })
}
