/**
 * What the efforts mean for every search: where it starts and how carefully it ends. Numbers that belong to
 * one search stand in its own table of options.
 */
import type { Effort, InitialPopulation } from '../../support/settings.ts'
import type { Padding } from './initial_population.ts'
import type { StopProfile } from './stop_rule.ts'

/** Efforts under which a search takes place. */
export type SearchEffort = Exclude<Effort, 'none'>

export interface EffortProfile extends StopProfile {
  readonly initialPopulation: InitialPopulation
  readonly padding: Padding
  /** Configs within this multiple of the best time are timed again in each generation; below 1 none are. */
  readonly rebenchmarkThreshold: number
  readonly finishingRounds: number
  /** Share of the budget kept for comparing the best and simplifying the winner. */
  readonly reserve: number
}

export const EFFORT_PROFILES: Readonly<Record<SearchEffort, EffortProfile>> = {
  quick: {
    initialPopulation: 'from_best_available',
    padding: 'space_filling',
    rebenchmarkThreshold: 0.9,
    finishingRounds: 1,
    calls: 1e7,
    tie: 0.15,
    reserve: 0.25,
  },
  full: {
    initialPopulation: 'from_best_available',
    padding: 'random',
    rebenchmarkThreshold: 1.5,
    finishingRounds: 3,
    calls: 1e8,
    tie: 0.03,
    reserve: 0.15,
  },
}

/** Efforts from least to most: a stored result serves requests of its own effort and of lesser ones. */
export const EFFORT_RANK: Readonly<Record<Effort, number>> = { none: 0, quick: 1, full: 2 }
