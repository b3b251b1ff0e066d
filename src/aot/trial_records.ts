/**
 * Lines of a run's records that are about work under way: what is about to be tried, what a search has tried
 * so far, and how a process ended in the midst of it. A start that follows goes on from here; builds pass
 * over them.
 */
import type { ConfigData } from '../config/value.ts'

/** What a timing says, in short. */
export interface TimeSummary {
  readonly ms: number
  readonly spread: number
  /** Some of the samples. */
  readonly samples: readonly number[]
}

/** A search tried one config on one shape. A search that is cut off goes on from here. */
export interface TrialRecord {
  readonly event: 'trial'
  readonly kernel: string
  readonly shape_hash: string
  readonly config_hash: string
  readonly config: ConfigData
  readonly status: string
  /** Absent when there is no time. */
  readonly time?: TimeSummary
  readonly reason?: string
  readonly compile_ms?: number
  /** What the trial took in all; absent where nothing was tried. */
  readonly cost_ms?: number
  readonly wgsl_hash?: string
  /** Where the search had the config from; absent in records of earlier versions. */
  readonly origin?: string
  /** Time that the search of this shape has taken until now, over all starts. */
  readonly seconds: number
}

/** A search timed configs in turns. */
export interface TurnsRecord {
  readonly event: 'turns'
  readonly kernel: string
  readonly shape_hash: string
  readonly config_hashes: readonly string[]
  /** Of each config; empty when the comparison failed. */
  readonly times: readonly TimeSummary[]
}

/**
 * These configs are about to be built or run. Replaces what the line of this kind before said; none: nothing
 * is under way.
 */
export interface TryingRecord {
  readonly event: 'trying'
  readonly kernel: string
  readonly shape_hash: string
  readonly config_hashes: readonly string[]
  /** They have run before, and are timed in turns now. */
  readonly in_turns?: boolean
}

/** How a process ended that lost its device. */
export const DEVICE_LOST = 'device lost'

/**
 * The process ended while something was under way, or with its device. `crash`: it or the device broke;
 * `unknown`: it was killed, which a config can bring about too; `other`: it ended by itself or was told to.
 */
export interface EndedRecord {
  readonly event: 'ended'
  readonly how: string
  readonly cause: 'crash' | 'unknown' | 'other'
}
