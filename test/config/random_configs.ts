/** Configs drawn from a kernel's whole search space, the same ones in every run. */
import type { Config } from '../../src/config/config.ts'
import type { ConfigSpec } from '../../src/config/config_spec.ts'
import { Random } from '../../src/support/random.ts'

/** From how many times as many configs the ones to try are chosen. */
const CHOICE = 24

/**
 * `count` different configs, fewer where the space has no more. Each is the one of many drawn at random that
 * brings most pairs of values together that none before it has, so that few configs show what fields do to
 * each other.
 */
export function randomConfigs(spec: ConfigSpec, count: number, seed: number): readonly Config[] {
  const drawn = new Map(drawConfigs(spec, count * CHOICE, seed).map((config) => [config, pairsOf(config)]))
  const seen = new Set<string>()
  const chosen: Config[] = []
  while (chosen.length < count && drawn.size > 0) {
    const news = [...drawn].map(([config, pairs]) => ({ config, fresh: pairs.filter((p) => !seen.has(p)) }))
    const best = news.reduce((a, b) => (b.fresh.length > a.fresh.length ? b : a))
    chosen.push(best.config)
    for (const pair of best.fresh) seen.add(pair)
    drawn.delete(best.config)
  }
  return chosen
}

/** Up to `count` different configs, each drawn for itself. */
export function drawConfigs(spec: ConfigSpec, count: number, seed: number): readonly Config[] {
  const random = new Random(seed)
  const found = new Map<string, Config>()
  for (let attempt = 0; attempt < 2 * count && found.size < count; attempt++) {
    const values = spec.slots.map(({ field, fragment }) => [field, fragment.random(random)])
    const config = spec.normalize(Object.fromEntries(values), 'repair')
    found.set(config.hash, config)
  }
  return [...found.values()]
}

/** The configs with tiles of at most `largest` elements along each dimension, each once. */
export function withTilesUpTo(
  spec: ConfigSpec,
  largest: number,
  configs: readonly Config[],
): readonly Config[] {
  const smaller = configs.map(({ blockSizes, data }) =>
    spec.normalize({ ...data, block_sizes: blockSizes.map((size) => Math.min(size, largest)) }, 'repair'),
  )
  return [...new Map(smaller.map((config) => [config.hash, config])).values()]
}

/** Every two fields, or entries of fields, with their values. */
function pairsOf({ data }: Config): readonly string[] {
  const single = Object.entries(data).flatMap(([field, value]) =>
    Array.isArray(value) ? value.map((entry, i) => `${field}[${i}] ${entry}`) : [`${field} ${value}`],
  )
  return single.flatMap((a, i) => single.slice(i).map((b) => `${a}, ${b}`))
}
