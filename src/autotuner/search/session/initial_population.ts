/**
 * The configs a search begins with: seeds and the default, then what earlier searches found on this device
 * and what the compiler guesses, then random configs or a few that lie far apart. Seeds and the default are
 * *pinned*: they reach the final comparison.
 */
import type { Config } from '../../../config/config.ts'
import type { InitialPopulationStrategy } from '../../../support/settings.ts'
import type { ConfigGeneration } from './config_generation.ts'
import { distinctProposals, ORIGINS, type Proposal, proposals } from './proposal.ts'

/**
 * How a population is filled up: `space_filling` picks, from many random configs, those far from each other.
 */
export type Padding = 'none' | 'random' | 'space_filling'

export interface StartingPoint {
  readonly strategy: InitialPopulationStrategy
  readonly padding: Padding
  /** From the user and from other shapes, in order of trust. */
  readonly seeds: readonly Proposal[]
  /** Further guesses of the compiler, which have to prove themselves like all others. */
  readonly guesses: readonly Config[]
  /** Winners of earlier searches, best match first; asked for only when the strategy uses them. */
  readonly stored: () => readonly Config[]
}

/** Random configs looked at for each one that a space-filling start takes. */
const POOL_PER_PICK = 8

/**
 * At least the default; at most `count` configs unless there are more seeds and stored ones. All different.
 */
export function initialPopulation(
  generation: ConfigGeneration,
  start: StartingPoint,
  count: number,
): readonly Proposal[] {
  const stored = start.strategy === 'from_best_available' ? start.stored() : []
  const known = pinnedConfigs(generation, start.seeds)
  const trusted = distinctProposals([...known, ...canonical(generation, proposals(stored, ORIGINS.stored))])
  const guesses = canonical(generation, proposals(start.guesses, ORIGINS.compiler))
  const guessed = distinctProposals([...trusted, ...guesses])
  const first = guessed.slice(0, Math.max(count, trusted.length))
  const missing = count - first.length
  if (missing <= 0 || start.padding === 'none') return first
  const without = first.map(({ config }) => config)
  const padding =
    start.padding === 'random'
      ? proposals(generation.randomPopulation(missing, without), ORIGINS.random)
      : proposals(spreadOut(generation, without, missing), ORIGINS.spaceFilling)
  return [...first, ...padding]
}

/** The default config and the seeds, in the form of candidates. */
export function pinnedConfigs(generation: ConfigGeneration, seeds: readonly Proposal[]): readonly Proposal[] {
  const standard = { config: generation.defaultConfig(), origin: ORIGINS.default }
  return distinctProposals([standard, ...canonical(generation, seeds)])
}

/** In the form of candidates, without those that do not keep fixed fields. */
function canonical(generation: ConfigGeneration, all: readonly Proposal[]): readonly Proposal[] {
  return all.flatMap(({ config, origin }) => {
    const form = generation.canonical(config)
    return form ? [{ config: form, origin }] : []
  })
}

/** Picks one after another the pool config whose nearest picked config is farthest. */
function spreadOut(generation: ConfigGeneration, first: readonly Config[], count: number): readonly Config[] {
  const pool = generation.randomPopulation(count * POOL_PER_PICK, first)
  const points = scaled([...first, ...pool].map((config) => generation.encode(config)))
  const poolPoints = points.slice(first.length)
  const distances = poolPoints.map((point) => nearest(point, points.slice(0, first.length)))
  const picked: Config[] = []
  while (picked.length < Math.min(count, pool.length)) {
    const choice = distances.indexOf(Math.max(...distances))
    picked.push(pool[choice] as Config)
    const chosen = poolPoints[choice] ?? []
    for (const [index, point] of poolPoints.entries())
      distances[index] = Math.min(distances[index] ?? 0, distance(point, chosen))
    distances[choice] = Number.NEGATIVE_INFINITY
  }
  return picked
}

/** Every coordinate brought to the range 0..1. */
function scaled(points: readonly (readonly number[])[]): readonly (readonly number[])[] {
  const axes = (points[0] ?? []).map((_, axis) => points.map((point) => point[axis] ?? 0))
  const lows = axes.map((values) => Math.min(...values))
  const spans = axes.map((values, axis) => Math.max(...values) - (lows[axis] ?? 0) || 1)
  return points.map((point) => point.map((value, axis) => (value - (lows[axis] ?? 0)) / (spans[axis] ?? 1)))
}

function nearest(point: readonly number[], others: readonly (readonly number[])[]): number {
  return Math.min(...others.map((other) => distance(point, other)))
}

function distance(a: readonly number[], b: readonly number[]): number {
  return Math.hypot(...a.map((value, axis) => value - (b[axis] ?? 0)))
}
