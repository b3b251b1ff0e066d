/**
 * What the efforts mean for every search: what its start is filled up with and how carefully it ends. What
 * can be set for a search stands in its table of options.
 */
import type { Effort } from '../../../support/settings.ts'
import type { Padding } from './initial_population.ts'
import type { StopProfile } from './stop_rule.ts'
import type { CostProfile } from './trial_costs.ts'

/** Efforts under which a search takes place. */
export type SearchEffort = Exclude<Effort, 'none'>

export interface EffortProfile extends StopProfile, CostProfile {
  /** What a start is filled up with. */
  readonly padding: Padding
  /** Configs within this multiple of the best time are timed again in each generation; below 1 none are. */
  readonly rebenchmarkThreshold: number
  /** Share of the budget kept for comparing the best and simplifying the winner. */
  readonly reserve: number
  /** Share of the usual time that finalists are compared for. */
  readonly finalShare: number
}

const MINUTE_MS = 60_000

export const EFFORT_PROFILES: Readonly<Record<SearchEffort, EffortProfile>> = {
  quick: {
    padding: 'space_filling',
    rebenchmarkThreshold: 0.9,
    workMs: 5 * MINUTE_MS,
    tie: 0.15,
    reserve: 0.25,
    finalShare: 0.3,
    dearest: 3,
  },
  full: {
    padding: 'random',
    rebenchmarkThreshold: 1.5,
    workMs: 500 * MINUTE_MS,
    tie: 0.03,
    reserve: 0.15,
    finalShare: 1,
    dearest: Number.POSITIVE_INFINITY,
  },
}

/** Efforts from least to most: a stored result serves requests of its own effort and of lesser ones. */
export const EFFORT_RANK: Readonly<Record<Effort, number>> = { none: 0, quick: 1, full: 2 }
