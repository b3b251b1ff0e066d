/**
 * Which configs of a kernel are measured on a shape, in complete fields: its default, the author's own or
 * else the winner of each shape, and what there is room for: near-winners, then what other shapes have by
 * default. The same records give the same list in the same order.
 */
import { type ConfigData, isOpen } from '../../config/value.ts'
import { DataError } from '../../support/errors.ts'
import { sha16 } from '../../support/stable.ts'
import type { ShapeRecord, TunedRecord } from '../records.ts'
import type { KnownRecords } from '../run/known_records.ts'

export interface CandidateConfig {
  readonly data: ConfigData
  readonly hash: string
  /** The default config of this shape. */
  readonly isDefault: boolean
}

/** Unless there is a limit, winners all take part; others fill up to this many. */
const ROOM = 40

/**
 * `shape` is among those that `known` knows; `most` limits how many there are. Throws DataError when nothing
 * is known.
 */
export function candidatesOf(
  known: KnownRecords,
  shape: ShapeRecord,
  most: number | null = null,
): readonly CandidateConfig[] {
  const { kernel, default_config: standard, configs: given = [] } = shape
  const tuned = given.length > 0 ? [] : known.tuned(kernel)
  const triedToTune = known.failures(kernel).some(({ phase }) => phase === 'collect')
  if (tuned.length === 0 && given.length === 0 && !triedToTune)
    throw new DataError(`no configs are known for the kernel ${kernel}, so there is nothing to measure`, {
      remedy:
        'Collect first, again if the kernel was changed: npx helion-aot --phase collect, or HELION_AOT_MODE.',
    })
  const found = new Map<string, ConfigData>()
  const add = (data: ConfigData): void => void (isOpen(data) || found.set(sha16(data), data))
  const room = { first: most ?? Number.POSITIVE_INFINITY, rest: most ?? ROOM }
  for (const data of [...(standard ? [standard] : []), ...given, ...winners(tuned, most)])
    if (found.size < room.first) add(data)
  for (const data of [...nearWinners(tuned), ...ofOtherShapes(known, shape)])
    if (found.size < room.rest) add(data)
  const ofDefault = standard && sha16(standard)
  return [...found].map(([hash, data]) => ({ hash, data, isDefault: hash === ofDefault }))
}

/** In their order; with a limit, those of several shapes first, then some from all over the sweep. */
function winners(tuned: readonly TunedRecord[], most: number | null): readonly ConfigData[] {
  const configs = tuned.map(({ config }) => config)
  if (most === null) return configs
  const wins = new Map<string, { readonly data: ConfigData; count: number }>()
  for (const data of configs) {
    const known = wins.get(sha16(data))
    if (known) known.count++
    else wins.set(sha16(data), { data, count: 1 })
  }
  const all = [...wins.values()]
  const often = all.filter(({ count }) => count > 1).sort((a, b) => b.count - a.count)
  const once = all.filter(({ count }) => count === 1)
  // One place is that of the default.
  const share = Math.max(0, most - 1 - often.length) / once.length
  const some = once.filter((_, i) => Math.floor((i + 1) * share) > Math.floor(i * share))
  return [...often, ...some].map(({ data }) => data)
}

/** Place by place, so that each shape gets its turn. */
function nearWinners(tuned: readonly TunedRecord[]): readonly ConfigData[] {
  const deepest = Math.max(0, ...tuned.map(({ runners_up = [] }) => runners_up.length))
  return Array.from({ length: deepest }, (_, place) =>
    tuned.flatMap(({ runners_up = [] }) => present(runners_up[place])),
  ).flat()
}

/** What the author's configs, or the default where there are none, come to on all shapes. */
function ofOtherShapes(known: KnownRecords, { kernel, configs }: ShapeRecord): readonly ConfigData[] {
  const shapes = known.shapes(kernel)
  if (configs) return shapes.flatMap((shape) => shape.configs ?? [])
  return shapes.flatMap(({ default_config }) => present(default_config))
}

function present(data: ConfigData | undefined): readonly ConfigData[] {
  return data ? [data] : []
}
