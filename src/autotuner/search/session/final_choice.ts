/**
 * The end of every search. `compareFinalists`: the best candidates, the default and the seeds are timed in
 * turns until it is clear which one is fastest. `simplify`: fields of the winner go back to their defaults
 * where that costs nothing, so that configs stay readable and differ only where it matters. `holds`: the
 * winner has to be right on other inputs, too.
 */
import type { Config } from '../../../config/config.ts'
import { type Candidate, type History, notSlower, relativeError } from '../history.ts'
import { proposals, simplerThan } from './proposal.ts'
import type { SearchSession } from './search_session.ts'
import { bestOfTied } from './warm_ties.ts'

export interface FinalistOptions {
  /** Best candidates to compare; below 2 nothing is compared. */
  readonly topK: number
  /** GPU time for each of them in all. */
  readonly targetMs: number
  /** Configs that take part whatever their time. */
  readonly pinned: readonly Config[]
  /** A pinned config wins if it is slower than the fastest by at most this share. */
  readonly pinnedTolerance: number
}

/** Shares of the time that the rounds of a comparison take: brief first, long for those that are left. */
const ROUNDS = [1 / 8, 1 / 4, 5 / 8]
/** Time for a look at ties with warm caches, as a share of that for the comparison. */
const WARM_SHARE = 1 / 4
/** Standard errors by which a finalist must be slower than the best to be out. */
const CLEARLY = 4
/** As many times more candidates are timed briefly first, so that single lucky samples keep nobody out. */
const QUALIFIERS = 3
/** First times beyond this multiple of the best are not that unlucky. */
const WORTH_COMPARING = 1.25
/** Finalists slower than the best by more than this share are out after a round. */
const OUT_OF_REACH = 0.05
const SIMPLIFY_MS = 200
/** Simpler forms slower than this multiple at first sight are not looked at twice. */
const WORTH_A_LOOK = 1.1

/** The fastest candidate of the history; `undefined` when none works. */
export async function compareFinalists(
  session: SearchSession,
  { topK, targetMs, pinned, pinnedTolerance }: FinalistOptions,
): Promise<Candidate | undefined> {
  session.enter('verify')
  const { history } = session
  if (topK > 1 && !session.exhausted) await session.retime(qualifiers(history, topK), targetMs / 12)
  const known = pinned.flatMap((config) => history.get(config) ?? [])
  const pinnedOnes = known.filter(({ ms }) => Number.isFinite(ms))
  const best = history.distinct.slice(0, topK)
  let alive: readonly Candidate[] = [...new Set([...best, ...pinnedOnes])]
  for (const share of ROUNDS) {
    if (topK <= 1 || alive.length <= 1 || session.exhausted) break
    alive = inReach(byTime(await session.retime(alive, targetMs * share)), pinnedTolerance)
  }
  const chosen = chosenOf(session, byTime(alive), pinned, pinnedTolerance)
  return chosen && (await bestOfTied(session, chosen, alive, targetMs * WARM_SHARE))
}

/** Of finalists, fastest first: the default or another pinned config where nothing is clearly better. */
function chosenOf(
  session: SearchSession,
  finalists: readonly Candidate[],
  pinned: readonly Config[],
  pinnedTolerance: number,
): Candidate | undefined {
  const [winner] = finalists
  const standard = pinned.length > 0 && session.history.get(session.generation.defaultConfig())
  // A change that may be no gain at all is not worth having.
  if (winner && standard && !clearlyFaster(winner, standard)) return standard
  const limit = (winner?.ms ?? 0) * (1 + pinnedTolerance)
  const { stopRule } = session.parts
  const kept = finalists.find(
    (candidate) =>
      pinned.some((other) => other.equals(candidate.config)) &&
      (candidate.ms <= limit || (stopRule.reason !== undefined && stopRule.reaches(candidate))),
  )
  return kept ?? winner
}

function qualifiers({ distinct, best }: History, topK: number): readonly Candidate[] {
  const limitMs = WORTH_COMPARING * (best?.ms ?? 0)
  return distinct.slice(0, QUALIFIERS * topK).filter(({ ms }, place) => place < topK || ms <= limitMs)
}

/** Whether `a` beats `b` by more than their noise explains. */
function clearlyFaster(a: Candidate, b: Candidate): boolean {
  const noise = Math.min(2 * Math.hypot(relativeError(a), relativeError(b)), OUT_OF_REACH)
  return a.ms * (1 + noise) < b.ms
}

/** Those of `candidates`, fastest first, that may still turn out to be the fastest. */
function inReach(candidates: readonly Candidate[], tolerance: number): readonly Candidate[] {
  const [best] = candidates
  if (!best) return []
  return candidates.filter((candidate) => {
    const error = CLEARLY * Math.hypot(relativeError(best), relativeError(candidate))
    return candidate.ms <= best.ms * (1 + Math.max(tolerance, Math.min(error, OUT_OF_REACH)))
  })
}

/**
 * The winner with as many slots at their defaults as `rounds` rounds find harmless, each compared for a
 * `share` of the usual time.
 */
export async function simplify(
  session: SearchSession,
  winner: Candidate,
  rounds: number,
  share: number,
): Promise<Candidate> {
  if (rounds > 0) session.enter('finish')
  let current = winner
  for (let round = 0; round < rounds && !session.exhausted; round++) {
    const next = await simplerForm(session, winner, current, SIMPLIFY_MS * share)
    if (!next) break
    current = next
  }
  return current
}

/**
 * A form of `current` with more defaults that is not slower than `winner`: all harmless resets, or the best
 * one.
 */
async function simplerForm(
  session: SearchSession,
  winner: Candidate,
  current: Candidate,
  targetMs: number,
): Promise<Candidate | undefined> {
  const origin = simplerThan(current.config)
  const simpler = session.generation.resets(current.config)
  const resets = await session.evaluate(proposals(simpler, origin))
  const harmless = await notSlowerThan(session, winner, resets, targetMs)
  if (harmless.length < 2) return harmless[0]
  const together = session.generation.merge(
    current.config,
    harmless.map(({ config }) => config),
  )
  const merged = together ? await session.evaluate([{ config: together, origin }]) : []
  return (await notSlowerThan(session, winner, merged, targetMs))[0] ?? harmless[0]
}

async function notSlowerThan(
  session: SearchSession,
  winner: Candidate,
  candidates: readonly Candidate[],
  targetMs: number,
): Promise<readonly Candidate[]> {
  const close = candidates.filter(({ ms }) => ms <= winner.ms * WORTH_A_LOOK)
  if (close.length === 0) return []
  const [reference = winner, ...others] = await session.retime([winner, ...close], targetMs)
  return byTime(others.filter((other) => notSlower(other, reference)))
}

/** Whether a candidate is right on other inputs, too. One that is not has no time any more. */
export async function holds(session: SearchSession, { config, origin }: Candidate): Promise<boolean> {
  const { benchmarker, budget } = session.parts
  const refuted = budget.interrupted ? undefined : await benchmarker.recheck?.(config)
  if (refuted) session.refute(refuted, origin)
  return !refuted
}

function byTime(candidates: readonly Candidate[]): readonly Candidate[] {
  return [...candidates].sort((a, b) => a.ms - b.ms)
}
