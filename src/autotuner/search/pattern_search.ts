/**
 * Pattern search: from the best configs of the start, walks that look at the configs one step away, then at
 * what the faster ones of these change taken together, and move to the best. A walk never moves to a slower
 * config, and ends where nothing around it is faster.
 */
import type { Config } from '../../config/config.ts'
import { integer, number } from '../../support/setting_kinds.ts'
import type { Candidate } from './history.ts'
import { type OptionTable, Search } from './search.ts'
import { byForecast } from './session/forecast.ts'
import { mergedFrom, neighborOf, type Proposal, proposals } from './session/proposal.ts'
import type { SearchSession } from './session/search_session.ts'
import { searchWholeSpace } from './session/whole_space.ts'

/** Options of `PatternSearch`. */
export interface PatternSearchOptions {
  /** Configs to start with. */
  readonly initialPopulation: number
  /** Walks, each from another of the best of them. */
  readonly copies: number
  /** Steps that a walk may take. */
  readonly maxGenerations: number
  /** Share of the time that a step must save for its walk to go on. */
  readonly minImprovementDelta: number
  /** Most neighbours to measure in one step; -1 takes all. */
  readonly numNeighborsCap: number
  /** Spaces of at most this many configs are measured whole. */
  readonly exhaustiveLimit: number
}

/**
 * Walks from the best configs of the start to faster ones, one step at a time, until nothing around is
 * faster.
 */
export class PatternSearch extends Search<PatternSearchOptions> {
  static override readonly name: string = 'PatternSearch'
  static override readonly doc: string = 'Walks from the best configs of a start to faster neighbours.'
  static override readonly options: OptionTable<PatternSearchOptions> = {
    initialPopulation: {
      kind: integer(1),
      quick: 16,
      full: 100,
      doc: 'Configs to start with: after a dozen, a model picks most of them among random ones.',
    },
    copies: { kind: integer(1), quick: 1, full: 5, doc: 'Walks, each from another of the best of them.' },
    maxGenerations: { kind: integer(0), quick: 12, full: 20, doc: 'Steps that a walk may take.' },
    minImprovementDelta: {
      kind: number(0, 1),
      quick: 0.001,
      full: 0.001,
      doc: 'Share of the time that a step must save for its walk to go on.',
    },
    numNeighborsCap: {
      kind: integer(-1),
      quick: 8,
      full: -1,
      doc: 'Most neighbours to measure in one step: half promising, half at random; -1 takes all.',
    },
    exhaustiveLimit: {
      kind: integer(0),
      quick: 100,
      full: 500,
      doc: 'Spaces of at most this many configs are measured whole.',
    },
  }

  protected override async explore(session: SearchSession, options: PatternSearchOptions): Promise<void> {
    if (await searchWholeSpace(session, options.exhaustiveLimit)) return
    await session.evaluateStart(options.initialPopulation, options.copies + CONFIRMED)
    let walks: readonly Candidate[] = session.history.ranked.slice(0, options.copies)
    while (walks.length > 0 && session.nextGeneration(options.maxGenerations))
      walks = await advance(session, walks, options)
  }
}

/** Candidates that are timed again, beside where a walk stands, before it moves. */
const CONFIRMED = 3
/** Of the neighbours that are measured, the share of those that look promising; the others are drawn. */
const PROMISING = 0.5
/** How many faster neighbours are merged into one config. */
const LEAPS = [2, 3, 4, 6, 8]

interface Step {
  readonly from: Candidate
  readonly neighbors: readonly Config[]
}

/** Moves every walk one step; those that have nothing faster around them, or met another walk, are gone. */
async function advance(
  session: SearchSession,
  walks: readonly Candidate[],
  options: PatternSearchOptions,
): Promise<readonly Candidate[]> {
  const steps = walks.map((from): Step => ({ from, neighbors: session.generation.neighbors(from.config) }))
  const batches = steps.map(({ from, neighbors }) =>
    proposals(nextBatch(session, neighbors, options.numNeighborsCap), neighborOf(from.config)),
  )
  const measured = await session.evaluate(batches.flat())
  await session.rebenchmark([...walks, ...measured])
  const delta = options.minImprovementDelta
  for (const { from, neighbors } of steps) {
    const better = faster(session, from, neighbors, delta).slice(0, CONFIRMED)
    await session.confirm([from, ...better])
  }
  const leaps = steps.map((step) => leapsOf(session, step, delta))
  await session.rebenchmark([...walks, ...(await session.evaluate(leaps.flat()))])
  const arrived = steps.flatMap(({ from, neighbors }, walk) => {
    const leaped = (leaps[walk] ?? []).map(({ config }) => config)
    const [best] = faster(session, from, [...neighbors, ...leaped], delta)
    return best ?? (unmeasured(session, neighbors).length > 0 ? [from] : [])
  })
  return [...new Map(arrived.map((candidate) => [candidate.config.hash, candidate])).values()]
}

function unmeasured(session: SearchSession, neighbors: readonly Config[]): readonly Config[] {
  return neighbors.filter((config) => session.isOpen(config))
}

function nextBatch(session: SearchSession, neighbors: readonly Config[], cap: number): readonly Config[] {
  const open = unmeasured(session, neighbors)
  if (cap < 0 || open.length <= cap) return open
  const promising = byForecast(session.generation, session.history, open).slice(0, Math.ceil(cap * PROMISING))
  const others = open.filter((config) => !promising.includes(config))
  return [...promising, ...session.generation.random.sample(others, cap - promising.length)]
}

/**
 * What the best two, three, … faster neighbours change, all in one config; of those that change one slot the
 * best.
 */
function leapsOf(session: SearchSession, { from, neighbors }: Step, delta: number): readonly Proposal[] {
  const { generation } = session
  const touched = new Set<number>()
  const independent = faster(session, from, neighbors, delta).flatMap(({ config }) => {
    const slots = generation.differences(from.config, config)
    if (slots.some((slot) => touched.has(slot))) return []
    for (const slot of slots) touched.add(slot)
    return [config]
  })
  const counts = LEAPS.filter((count) => count <= independent.length)
  const merged = counts.flatMap((count) => generation.merge(from.config, independent.slice(0, count)) ?? [])
  return proposals(merged, mergedFrom(from.config))
}

/** Those of `configs` that are known to be faster than where the walk stands, fastest first. */
function faster(
  session: SearchSession,
  from: Candidate,
  configs: readonly Config[],
  delta: number,
): readonly Candidate[] {
  const here = session.history.get(from.config) ?? from
  const known = configs.flatMap((config) => session.history.get(config) ?? [])
  return known.filter((other) => session.improves(other, here, delta)).sort((a, b) => a.ms - b.ms)
}
