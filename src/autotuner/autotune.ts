/**
 * `autotune`: the whole tuning of one kernel for one set of arguments. Stored result, else search (best of
 * several when asked), comparison of the best, simplification, store. Every exit returns the best config
 * known: the end of the budget and an abort signal (Ctrl-C) included.
 */
import { AdapterError, ConfigError, HelionError, UsageError } from '../support/errors.ts'
import { failureGroups } from '../support/failure_groups.ts'
import { sum } from '../support/maths.ts'
import { settingText } from '../support/resolve_settings.ts'
import { storeOf } from './cache/caches.ts'
import { readCache, unmeasured, writeCache } from './cache/stored_result.ts'
import { beginning, ending } from './log_details.ts'
import { type Candidate, History } from './search/history.ts'
import { compareFinalists, holds, simplify } from './search/session/final_choice.ts'
import type { SearchSession } from './search/session/search_session.ts'
import { statusCounts, summary } from './summary.ts'
import { searchOf, TuningRun } from './tuning_run.ts'
import type { TuningResult, TuningTask } from './tuning_task.ts'

/**
 * Throws UsageError for wrong options or where searching is forbidden, ConfigError when no config works or
 * the overrides do not fit, DataError for a missing stored result under `assertCacheHit`, and HelionError
 * when time ran out before anything was measured.
 */
export async function autotune(task: TuningTask): Promise<TuningResult> {
  const { settings } = task
  if (settings.autotuneEffort === 'none') return unmeasured(task)
  const cache = settings.skipCache || !task.cacheKey ? undefined : storeOf(settings, task.remoteCache)
  // A search of few configs is no answer to who asks for a full one later.
  const effort = searchOf(task).effortReached(settings.autotuneEffort, settings)
  const stored = await readCache(task, cache, effort)
  if (stored) return stored
  if (settings.disallowAutotuning)
    throw new UsageError(
      `a search for ${task.kernel} would start, but ${settingText('disallowAutotuning')} forbids it`,
      {
        remedy: 'Give the kernel a config, or tune it ahead of time.',
      },
    )
  const run = new TuningRun(task, settings.autotuneEffort, cache)
  const result = await search(task, run).finally(run.end)
  await writeCache(task, cache, result, effort)
  return result
}

async function search(task: TuningTask, run: TuningRun): Promise<TuningResult> {
  const { settings } = task
  announce(task, run)
  task.benchmarker.prepare?.([])
  run.describe('begin', beginning(task, run))
  const { history, generations, loss } = await runTrials(run, settings.autotuneBestOfK)
  const ranOut = run.searchBudget.exhausted
  const session = run.session(0, run.budget, history)
  if (loss && task.goesOn) throw loss
  const winner = loss ? history.best : await survivingLoss(task, finalChoice(task, run, session), history)
  session.end()
  if (!winner) throw loss ?? nothingWorks(task, run, history)
  const { config, ms, spread } = winner
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
    generations,
    seconds: run.budget.elapsedMs / 1000,
    ended: loss ? 'device lost' : run.budget.interrupted ? 'interrupted' : ranOut ? 'budget' : 'done',
  }
  run.log.info(summary(task, result))
  run.describe('end', ending(result))
  return result
}

interface Trials {
  readonly history: History
  readonly generations: number
  /** What became of the device, when it was lost on the way. */
  readonly loss: AdapterError | undefined
}

/** `count` searches that know nothing of each other and share the time evenly. */
async function runTrials(run: TuningRun, count: number): Promise<Trials> {
  const sessions: SearchSession[] = []
  let loss: AdapterError | undefined
  for (let trial = 0; trial < count && !loss && (trial === 0 || !run.searchBudget.exhausted); trial++) {
    const session = run.session(trial, run.searchBudget.part(1 / (count - trial)))
    sessions.push(session)
    loss = await run.explore(session).then(
      () => undefined,
      (error: unknown) => {
        if (error instanceof AdapterError) return error
        throw error
      },
    )
    session.end()
  }
  return {
    history: History.merged(sessions.map((session) => session.history)),
    generations: sum(sessions.map((session) => session.generations)),
    loss,
  }
}

/** The answer of `choice`, or the best so far when the device is lost meanwhile and nothing goes on. */
function survivingLoss(
  { goesOn }: TuningTask,
  choice: Promise<Candidate | undefined>,
  history: History,
): Promise<Candidate | undefined> {
  return choice.catch((error: unknown) => {
    if (error instanceof AdapterError && history.best && !goesOn) return history.best
    throw error
  })
}

/** The best candidate after a careful comparison, in its simplest form, that is right on other inputs. */
async function finalChoice(
  task: TuningTask,
  run: TuningRun,
  session: SearchSession,
): Promise<Candidate | undefined> {
  const { settings } = task
  const { finalShare } = run.profile
  const best = await compareFinalists(session, {
    topK: settings.autotuneFinalTopK,
    targetMs: settings.autotuneFinalTargetMs * finalShare,
    pinned: run.pinned,
    pinnedTolerance: settings.autotuneFinalPinnedTolerance,
  })
  const choice = best && (await simplify(session, best, run.options.finishingRounds ?? 0, finalShare))
  if (!choice || (await holds(session, choice))) return choice
  return await finalChoice(task, run, session)
}

function announce(
  { kernel, spec }: TuningTask,
  { search: { name }, effort, seed, choices, log }: TuningRun,
): void {
  const size = choices ? String(choices.length) : spec.cardinality.toPrecision(2)
  log.info(`tuning ${kernel}: ${name}, ${effort} effort, seed ${seed}, ${size} configs to choose from`)
}

function nothingWorks({ kernel }: TuningTask, { budget }: TuningRun, history: History): HelionError {
  if (history.all.length === 0) {
    const why = budget.interrupted ? 'was interrupted' : 'ran out of time'
    return new HelionError(`tuning ${kernel} ${why} before one config was measured`, {
      remedy: `Raise ${settingText('autotuneBudgetSeconds')}.`,
    })
  }
  const reasons = failureGroups(history.all)
    .slice(0, 3)
    .map(({ reason }) => reason)
  const what = `none of the ${history.all.length} configs tried for ${kernel} works`
  return new ConfigError(`${what} (${statusCounts(history.all)}): ${reasons.join('; ')}`)
}
