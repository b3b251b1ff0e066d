/**
 * Which configs of a kernel are measured on every shape: the default, the winner of each shape, and
 * near-winners as far as there is room. The same records give the same list in the same order.
 */
import type { Config } from '../../config/config.ts'
import type { ConfigData } from '../../config/value.ts'
import { DataError } from '../../support/errors.ts'
import { sha16 } from '../../support/stable.ts'
import { DEFAULT_CONFIG } from '../fit_config.ts'
import type { KnownRecords } from '../run/known_records.ts'

export interface CandidateConfig {
  readonly data: ConfigData
  readonly hash: string
  readonly isDefault: boolean
}

/** Winners all take part; near-winners fill up to this many. */
const ROOM = 40

/**
 * `given` are the author's own configs, which leave no room for others. Throws DataError when nothing is
 * known.
 */
export function candidatesOf(
  known: KnownRecords,
  kernel: string,
  given: readonly Config[],
): readonly CandidateConfig[] {
  const tuned = known.tuned(kernel)
  const triedToTune = known.failures(kernel).some(({ phase }) => phase === 'collect')
  if (tuned.length === 0 && given.length === 0 && !triedToTune)
    throw new DataError(`no configs are known for the kernel ${kernel}, so there is nothing to measure`, {
      remedy: 'Collect first: HELION_AOT_MODE=collect, or npx helion-aot --phase collect.',
    })
  const found = new Map<string, ConfigData>([[sha16(DEFAULT_CONFIG), DEFAULT_CONFIG]])
  const add = (data: ConfigData): void => void found.set(sha16(data), data)
  for (const config of given) add(config.data)
  if (given.length === 0) {
    for (const { config } of tuned) add(config)
    const deepest = Math.max(0, ...tuned.map(({ runners_up = [] }) => runners_up.length))
    for (let place = 0; place < deepest; place++)
      for (const { runners_up = [] } of tuned) {
        const data = runners_up[place]
        if (data && found.size < ROOM) add(data)
      }
  }
  return [...found].map(([hash, data]) => ({ hash, data, isDefault: data === DEFAULT_CONFIG }))
}
