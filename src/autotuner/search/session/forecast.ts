/**
 * A guess of how fast configs are, from those that were measured: a mean of the logarithms of their times,
 * weighted by nearness in the space of encoded configs. Good enough to choose which of many neighbours to
 * measure first.
 */
import type { Config } from '../../../config/config.ts'
import type { History } from '../history.ts'
import type { ConfigGeneration } from './config_generation.ts'

/** Distance at which a measured config counts by a factor of e less, in steps of the encoding. */
const REACH = 1
/** A config that does not work counts as one this many times slower than the slowest. */
const FAILURE_FACTOR = 2

/** The same configs, those first that are thought to be fastest; equal guesses in the order given. */
export function byForecast(
  generation: ConfigGeneration,
  history: History,
  configs: readonly Config[],
): readonly Config[] {
  const slowest = history.ranked.at(-1)?.ms ?? 1
  const known = history.all.map(({ config, ms }) => ({
    point: generation.encode(config),
    log: Math.log(Number.isFinite(ms) ? ms : slowest * FAILURE_FACTOR),
  }))
  const forecast = (config: Config): number => {
    const point = generation.encode(config)
    let [weights, logs] = [0, 0]
    for (const other of known) {
      let square = 0
      for (const [axis, value] of point.entries()) square += (value - (other.point[axis] ?? 0)) ** 2
      const weight = Math.exp(-Math.sqrt(square) / REACH)
      weights += weight
      logs += weight * other.log
    }
    return weights > 0 ? logs / weights : 0
  }
  return configs
    .map((config) => ({ config, guess: forecast(config) }))
    .sort((a, b) => a.guess - b.guess)
    .map(({ config }) => config)
}
