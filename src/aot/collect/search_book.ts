/**
 * What a search finds out, in the records: each trial and each comparison, so that a search that is cut off
 * goes the same way again at once, to where it had come.
 */
import type { Measurement } from '../../autotuner/trial/benchmarker.ts'
import type { Config } from '../../config/config.ts'
import { evenly, rounded } from '../evenly.ts'
import { attemptsAt, type Place, type TrialBook } from '../run/careful_benchmarker.ts'
import { measurementOf } from '../run/trial_results.ts'
import type { TimeSummary } from '../trial_records.ts'

/** Samples that are kept: as many as tell how sure a time is. */
const MAX_SAMPLES = 32

/** `secondsBefore`: what earlier starts have spent on this search. */
export function searchBook(place: Place, secondsBefore: number): TrialBook {
  const { session, kernel, shapeHash: shape_hash } = place
  const attempts = attemptsAt(place)
  const began = performance.now()
  const comparisons = new Map<string, number>()
  const hashesOf = (configs: readonly Config[]) => configs.map(({ hash }) => hash)
  return {
    known(config) {
      const record = attempts.trials.get(config.hash)
      return record && measurementOf(config, record)
    },
    record(result, from) {
      const { config, status, reason, compileMs, costMs, programHash } = result
      const origin = from ?? attempts.trials.get(config.hash)?.origin
      session.append({
        event: 'trial',
        kernel,
        shape_hash,
        config_hash: config.hash,
        config: config.data,
        status,
        ...(Number.isFinite(result.ms) ? { time: summaryOf(result) } : {}),
        ...(reason === undefined ? {} : { reason }),
        ...(compileMs === undefined ? {} : { compile_ms: compileMs }),
        ...(costMs === undefined ? {} : { cost_ms: rounded(costMs) }),
        ...(programHash === undefined ? {} : { wgsl_hash: programHash }),
        ...(origin === undefined ? {} : { origin }),
        seconds: secondsBefore + (performance.now() - began) / 1000,
      })
    },
    knownTurns(configs) {
      const hashes = hashesOf(configs)
      const key = hashes.toSorted().join(' ')
      const place = comparisons.get(key) ?? 0
      comparisons.set(key, place + 1)
      const record = attempts.turnsOf(hashes)[place]
      if (!record) return undefined
      const times = new Map(record.config_hashes.map((hash, i) => [hash, record.times[i]]))
      return configs.flatMap((config) => {
        const trial = attempts.trials.get(config.hash)
        const time = times.get(config.hash)
        return (trial && time && measurementOf(config, { ...trial, status: 'ok', time })) ?? []
      })
    },
    recordTurns(configs, results) {
      const timed = results.length > 0 ? results : []
      const config_hashes = hashesOf(timed.length > 0 ? timed.map(({ config }) => config) : configs)
      session.append({ event: 'turns', kernel, shape_hash, config_hashes, times: timed.map(summaryOf) })
    },
  }
}

function summaryOf({ ms, spread, samplesMs }: Measurement): TimeSummary {
  return { ms, spread, samples: evenly(samplesMs, MAX_SAMPLES) }
}
