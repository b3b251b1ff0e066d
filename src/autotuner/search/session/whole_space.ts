/** The simplest search: measure every config there is, when there are few. Used by other searches first. */
import { initialPopulation } from './initial_population.ts'
import { ORIGINS, type Proposal, proposals } from './proposal.ts'
import type { SearchSession } from './search_session.ts'

const BATCH = 32

/** Measures the whole space and answers true, when it has at most `limit` configs; otherwise does nothing. */
export async function searchWholeSpace(session: SearchSession, limit: number): Promise<boolean> {
  const configs = session.generation.enumerate(limit)
  if (!configs) return false
  const first = initialPopulation(session.generation, session.parts.start, 0)
  const known = new Set(first.map(({ config }) => config.hash))
  const others = configs.filter(({ hash }) => !known.has(hash))
  const shuffled = proposals(session.generation.random.shuffle(others), ORIGINS.wholeSpace)
  await evaluateInBatches(session, [...first, ...shuffled])
  return true
}

/**
 * Measures in batches, so that the budget and the progress line keep up, and re-times the best at the end.
 */
export async function evaluateInBatches(session: SearchSession, configs: readonly Proposal[]): Promise<void> {
  const batches = Math.ceil(configs.length / BATCH)
  for (let begin = 0; session.nextGeneration(batches); begin += BATCH)
    await session.evaluate(configs.slice(begin, begin + BATCH))
  await session.rebenchmark(session.history.ranked)
}
