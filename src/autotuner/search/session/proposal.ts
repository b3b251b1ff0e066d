/**
 * A config that a search wants tried, and where it comes from, in words: what people read in logs and reports
 * when they ask how a winner was found.
 */
import type { Config } from '../../../config/config.ts'

export interface Proposal {
  readonly config: Config
  readonly origin: string
}

/** Origins that several searches have; others are a search's own. */
export const ORIGINS = {
  default: 'default',
  seed: 'seed',
  otherShape: 'winner on another shape',
  stored: 'stored result',
  elsewhere: 'result from elsewhere',
  compiler: 'guess of the compiler',
  given: 'given config',
  random: 'random',
  picked: 'random, picked by a model',
  spaceFilling: 'random, far from the others',
  wholeSpace: 'whole space',
} as const

/** One step away from `config`. */
export function neighborOf({ hash }: Config): string {
  return `neighbour of ${hash}`
}

/** Several steps from `config` at once, each of which was good alone. */
export function mergedFrom({ hash }: Config): string {
  return `neighbours of ${hash} taken together`
}

/** In the place of `config` in a population, moved by the difference of others. */
export function mutantOf({ hash }: Config): string {
  return `mutant of ${hash}`
}

/** `config` with fields at their defaults. */
export function simplerThan({ hash }: Config): string {
  return `simpler than ${hash}`
}

/** The configs with one origin. */
export function proposals(configs: readonly Config[], origin: string): readonly Proposal[] {
  return configs.map((config) => ({ config, origin }))
}

/** Each config once, with the first origin named for it. */
export function distinctProposals(all: readonly Proposal[]): readonly Proposal[] {
  const found = new Map<string, Proposal>()
  for (const proposal of all) if (!found.has(proposal.config.hash)) found.set(proposal.config.hash, proposal)
  return [...found.values()]
}
