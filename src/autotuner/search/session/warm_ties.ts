/**
 * Ties. Times are taken with cold caches, as calls in a program with other work find them. Configs that these
 * cannot tell apart may differ where a call finds its data in the cache: then the better one there is taken.
 */
import type { Measurement } from '../../trial/benchmarker.ts'
import { type Candidate, notSlower } from '../history.ts'
import type { SearchSession } from './search_session.ts'

/** Of `candidates` that are no slower than `winner`, the one that warm caches favour; else the winner. */
export async function bestOfTied(
  session: SearchSession,
  winner: Candidate,
  candidates: readonly Candidate[],
  targetMs: number,
): Promise<Candidate> {
  const tied = [winner, ...candidates.filter((one) => one !== winner && notSlower(one, winner))]
  if (tied.length < 2 || session.exhausted) return winner
  const { benchmarker, budget } = session.parts
  const configs = tied.map(({ config }) => config)
  const warm = await benchmarker.remeasure(configs, { budget, targetMs, warmCache: true })
  const timeOf = (candidate: Candidate): Measurement | undefined =>
    warm.find(({ config }) => config.equals(candidate.config))
  return tied.reduce((best, candidate) => {
    const [a, b] = [timeOf(candidate), timeOf(best)]
    return a && b && !notSlower(b, a) ? candidate : best
  })
}
