/** Between a tuning run and the cache: a stored result as an answer, and an answer as an entry. */
import { Config } from '../../config/config.ts'
import type { ConfigData } from '../../config/value.ts'
import { ConfigError, DataError, errorMessage, GpuError } from '../../support/errors.ts'
import { createLog, firstTime, warnOnce } from '../../support/log.ts'
import { settingText } from '../../support/resolve_settings.ts'
import type { Effort } from '../../support/settings.ts'
import { Budget } from '../budget.ts'
import { formatMs } from '../progress.ts'
import { ORIGINS } from '../search/session/proposal.ts'
import type { TuningResult, TuningTask } from '../tuning_task.ts'
import type { CacheEntry, StoredConfig } from './cache_entry.ts'
import { type CacheKey, differingFields, KEY_FIELDS } from './cache_key.ts'
import type { Result, ResultStore } from './result_store.ts'

/** Whether a search that ended so counts as a search of its effort. */
const COMPLETE: Readonly<Record<TuningResult['ended'], boolean>> = {
  done: true,
  budget: true,
  interrupted: false,
  'device lost': false,
}

/** Configs that are stored beside the winner. */
const RUNNERS_UP = 8

/** The default config, as the answer where nothing is searched. */
export function unmeasured({ spec, settings }: TuningTask): TuningResult {
  return {
    config: spec.defaultConfig(),
    ms: Number.NaN,
    spread: Number.NaN,
    source: 'default',
    search: '',
    effort: 'none',
    seed: settings.autotuneRandomSeed ?? 0,
    defaultMs: undefined,
    candidates: [],
    generations: 0,
    seconds: 0,
    ended: 'done',
  }
}

/**
 * The stored result of a task, of a search of at least `effort`. Throws DataError when there is none and the
 * settings assert one.
 */
export async function readCache(
  task: TuningTask,
  cache: ResultStore | undefined,
  effort: Effort,
): Promise<TuningResult | undefined> {
  const { settings, cacheKey } = task
  if (!cache || !cacheKey || settings.forceAutotune) return undefined
  const found = await cache.get(cacheKey, effort)
  const config = found && fitting(task, cache, cacheKey, found)
  const entry =
    found && config && (await confirmed(task, cache, { ...found, key: cacheKey }, config, found.key))
  if (!entry && settings.assertCacheHit) {
    const what = `no stored result for ${task.kernel}, but ${settingText('assertCacheHit')} asks for one`
    throw new DataError(`${what}: ${cache.explainMiss(cacheKey, effort)}`)
  }
  if (!entry || !config) return undefined
  tellHit(task, cache, entry, config)
  return {
    ...unmeasured(task),
    config,
    ms: entry.ms,
    spread: entry.spread,
    source: 'cache',
    search: entry.search,
    effort: entry.effort,
  }
}

/**
 * The entry, its config tried once when it was found with other versions of this package, of the WebGPU
 * implementation or of the driver: what generates and compiles shaders may have changed. Undefined, with a
 * warning, when it does not work any more.
 */
async function confirmed(
  { kernel, benchmarker, settings, signal }: TuningTask,
  cache: ResultStore,
  entry: CacheEntry,
  config: Config,
  foundFor: CacheKey,
): Promise<CacheEntry | undefined> {
  const changed = differingFields(foundFor, entry.key, 'strict')
  if (changed.length === 0) return entry
  const what = changed.map((field) => KEY_FIELDS[field]).join(', ')
  const budget = new Budget({ seconds: null, signal })
  const compileTimeoutMs = settings.autotuneCompileTimeout * 1000
  const originOf = () => ORIGINS.stored
  try {
    const [tried] = await benchmarker.measure([config], { budget, compileTimeoutMs, originOf })
    if (!tried) return undefined
    if (tried.status === 'ok') return cache.confirm({ ...entry, ms: tried.ms, spread: tried.spread })
    cache.reject(
      entry.key,
      `its config is of no use after a change (${what}): ${tried.status}: ${tried.reason}`,
    )
    return undefined
  } catch (error) {
    if (!(error instanceof GpuError)) throw error
    const unchecked = `the cached config of ${kernel} is used unchecked after a change (${what})`
    warnOnce(`unchecked ${cache.pathOf(entry.key)}`, `helion-aot: ${unchecked}: ${error.what}`)
    return entry
  }
}

/** Once for each kernel and kind of call: later calls may ask again. */
function tellHit(
  { kernel, shape = '', spec, settings, log = createLog(settings.autotuneLogLevel) }: TuningTask,
  cache: ResultStore,
  { key, ms }: CacheEntry,
  config: Config,
): void {
  if (!firstTime(`found ${cache.pathOf(key)}`)) return
  const what = [kernel, shape].filter(Boolean).join(' ')
  const time = Number.isFinite(ms) ? ` (${formatMs(ms)})` : ''
  log.info(
    `found cached config for ${what}${time}, skipping autotuning: ${config.minimize(spec)}\n` +
      `  from ${cache.place}; set ${settingText('forceAutotune')} to search again`,
  )
}

/** The stored config in complete form; a warning when the space or the compiler does not take it any more. */
function fitting(
  { spec }: TuningTask,
  cache: ResultStore,
  key: CacheKey,
  { config }: CacheEntry,
): Config | undefined {
  try {
    const complete = spec.normalize(new Config(config), 'strict')
    const refusal = spec.refusal?.(complete)
    if (refusal) throw refusal
    return complete
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    cache.reject(key, errorMessage(error))
    return undefined
  }
}

/** Configs that did not end; where that cost the device, with the last one. */
function timedOut({ candidates }: TuningResult): readonly ConfigData[] {
  return candidates.flatMap(({ status, config }) => (status === 'timeout' ? [config.data] : []))
}

/**
 * Stores a result under the effort that its options amount to. A search that was cut short by force is stored
 * under the one that it surely reached: none.
 */
export async function writeCache(
  task: TuningTask,
  cache: ResultStore | undefined,
  result: TuningResult,
  effort: Effort,
): Promise<void> {
  if (!cache || !task.cacheKey) return
  const stored = ({
    config,
    ms,
    spread,
  }: TuningResult | TuningResult['candidates'][number]): StoredConfig => ({
    config: config.data,
    ms,
    spread,
  })
  const others = result.candidates.filter(
    ({ config, ms }) => Number.isFinite(ms) && !config.equals(result.config),
  )
  const entry: Result = {
    key: task.cacheKey,
    ...stored(result),
    effort: COMPLETE[result.ended] ? effort : 'none',
    search: result.search,
    tested: result.candidates.length,
    seconds: result.seconds,
    createdAt: new Date().toISOString(),
    runnersUp: others
      .sort((a, b) => a.ms - b.ms)
      .slice(0, RUNNERS_UP)
      .map(stored),
    hung: result.ended === 'device lost' ? timedOut(result).slice(-1) : [],
  }
  await cache.put(entry)
}
