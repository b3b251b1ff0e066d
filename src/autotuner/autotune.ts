/**
 * `autotune`: the whole tuning of one kernel for one set of arguments. Stored result, else search (best of
 * several when asked), comparison of the best, simplification, store. Every exit returns the best config
 * known: the end of the budget and an abort signal (Ctrl-C) included.
 */
import { Config } from '../config/config.ts'
import { ConfigError, DataError, HelionError, UsageError } from '../support/errors.ts'
import { STATUSES } from './benchmarker.ts'
import { compareFinalists, simplify } from './final_choice.ts'
import { History } from './history.ts'
import { type CacheEntry, LocalCache, type StoredConfig } from './local_cache.ts'
import { formatMs } from './progress.ts'
import { TuningRun } from './tuning_run.ts'
import type { TuningResult, TuningTask } from './tuning_task.ts'

/** Configs that are stored beside the winner. */
const RUNNERS_UP = 8

/**
 * Throws UsageError for wrong options or where searching is forbidden, ConfigError when no config works or
 * the overrides do not fit, DataError for a missing stored result under `assertCacheHit`, and HelionError
 * when time ran out before anything was measured.
 */
export async function autotune(task: TuningTask): Promise<TuningResult> {
  const { settings } = task
  if (settings.autotuneEffort === 'none') return unmeasured(task)
  const cache = settings.skipCache || !task.cacheKey ? undefined : new LocalCache(settings.cacheDir)
  const stored = readCache(task, cache)
  if (stored) return stored
  if (settings.disallowAutotuning)
    throw new UsageError(
      `a search for ${task.kernel} would start, but HELION_DISALLOW_AUTOTUNING forbids it`,
      {
        remedy: 'Give the kernel a config, or tune it ahead of time.',
      },
    )
  const run = new TuningRun(task, settings.autotuneEffort, cache)
  const result = await search(task, run).finally(run.line.clear)
  writeCache(task, cache, result)
  return result
}

async function search(task: TuningTask, run: TuningRun): Promise<TuningResult> {
  const { settings } = task
  announce(task, run)
  const trials = await runTrials(run, settings.autotuneBestOfK)
  const ranOut = run.searchBudget.exhausted
  const history = History.merged(trials.map((trial) => trial.history))
  const session = run.session(0, run.budget, history)
  const best = await compareFinalists(session, {
    topK: settings.autotuneFinalTopK,
    targetMs: settings.autotuneFinalTargetMs,
    pinned: run.pinned,
    pinnedTolerance: settings.autotuneFinalPinnedTolerance,
  })
  if (!best) throw nothingWorks(task, run, history)
  const rounds = settings.autotuneFinishingRounds ?? run.profile.finishingRounds
  const { config, ms, spread } = task.choices ? best : await simplify(session, best, rounds)
  const standard = history.get(session.generation.defaultConfig())?.ms ?? Number.NaN
  const result: TuningResult = {
    config,
    ms,
    spread,
    source: 'search',
    search: run.search.name,
    effort: run.effort,
    seed: run.seed,
    defaultMs: Number.isFinite(standard) ? standard : undefined,
    candidates: history.all,
    generations: trials.reduce((total, trial) => total + trial.generations, 0),
    seconds: run.budget.elapsedMs / 1000,
    ended: run.budget.interrupted ? 'interrupted' : ranOut ? 'budget' : 'done',
  }
  run.log.info(summary(task, result))
  return result
}

/** `count` searches that know nothing of each other and share the time evenly. */
async function runTrials(run: TuningRun, count: number) {
  const trials: { history: History; generations: number }[] = []
  for (let trial = 0; trial < count && !run.searchBudget.exhausted; trial++) {
    const session = run.session(trial, run.searchBudget.part(1 / (count - trial)))
    await run.explore(session)
    trials.push({ history: session.history, generations: session.generations })
  }
  return trials
}

function unmeasured({ spec, settings }: TuningTask): TuningResult {
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

function readCache(task: TuningTask, cache: LocalCache | undefined): TuningResult | undefined {
  const { settings, cacheKey, spec } = task
  if (!cache || !cacheKey || settings.forceAutotune) return undefined
  const entry = cache.get(cacheKey, settings.autotuneEffort)
  if (!entry && settings.assertCacheHit) {
    const what = `no stored result for ${task.kernel}, but HELION_ASSERT_CACHE_HIT asks for one`
    throw new DataError(`${what}: ${cache.explainMiss(cacheKey, settings.autotuneEffort)}`)
  }
  if (!entry) return undefined
  return {
    ...unmeasured(task),
    config: spec.normalize(new Config(entry.config), 'strict'),
    ms: entry.ms,
    spread: entry.spread,
    source: 'cache',
    search: entry.search,
    effort: entry.effort,
  }
}

/** An interrupted search is stored under the effort that it surely reached: none. */
function writeCache(task: TuningTask, cache: LocalCache | undefined, result: TuningResult): void {
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
  const entry: CacheEntry = {
    key: task.cacheKey,
    ...stored(result),
    effort: result.ended === 'interrupted' ? 'none' : result.effort,
    search: result.search,
    tested: result.candidates.length,
    seconds: result.seconds,
    createdAt: new Date().toISOString(),
    runnersUp: others
      .sort((a, b) => a.ms - b.ms)
      .slice(0, RUNNERS_UP)
      .map(stored),
  }
  cache.put(entry)
}

function announce(
  { kernel, spec }: TuningTask,
  { search: { name }, effort, seed, choices, log }: TuningRun,
): void {
  const size = choices ? String(choices.length) : spec.cardinality.toPrecision(2)
  log.info(`tuning ${kernel}: ${name}, ${effort} effort, seed ${seed}, ${size} configs to choose from`)
}

function summary({ kernel, spec }: TuningTask, result: TuningResult): string {
  const { config, ms, defaultMs, candidates, seconds, ended } = result
  const gain = defaultMs ? `, ${(defaultMs / ms).toFixed(2)} times the speed of the default` : ''
  const end = { done: '', budget: ', the time was used up', interrupted: ', interrupted' }[ended]
  const counts = `${candidates.length} configs (${statusCounts(candidates)})`
  return [
    `tuned ${kernel}: ${formatMs(ms)}${gain}; ${counts} in ${seconds.toFixed(1)} s${end}`,
    `  config: ${config.minimize(spec)}`,
  ].join('\n')
}

function statusCounts(candidates: TuningResult['candidates']): string {
  return STATUSES.map((status) => ({ status, count: candidates.filter((c) => c.status === status).length }))
    .filter(({ count }) => count > 0)
    .map(({ status, count }) => `${count} ${status}`)
    .join(', ')
}

function nothingWorks({ kernel }: TuningTask, { budget }: TuningRun, history: History): HelionError {
  if (history.all.length === 0) {
    const why = budget.interrupted ? 'was interrupted' : 'ran out of time'
    return new HelionError(`tuning ${kernel} ${why} before one config was measured`, {
      remedy: 'Raise HELION_AUTOTUNE_BUDGET_SECONDS.',
    })
  }
  const reasons = [...new Set(history.all.flatMap(({ reason }) => reason ?? []))].slice(0, 3)
  const what = `none of the ${history.all.length} configs tried for ${kernel} works`
  return new ConfigError(`${what} (${statusCounts(history.all)}): ${reasons.join('; ')}`)
}
