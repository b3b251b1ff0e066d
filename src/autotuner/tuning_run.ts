/**
 * What the trials of one tuning run share: the search, the clock, the seeds, and how a session is made of
 * them.
 */
import { Config } from '../config/config.ts'
import type { SearchSpace } from '../config/search_space.ts'
import type { ConfigData } from '../config/value.ts'
import { errorMessage, HelionError } from '../support/errors.ts'
import { createLog, type Log, warnOnce } from '../support/log.ts'
import { Random } from '../support/random.ts'
import { settingText } from '../support/resolve_settings.ts'
import type { Settings } from '../support/settings.ts'
import { Budget } from './budget.ts'
import type { ResultStore } from './cache/result_store.ts'
import { DETACHED, namedSearch } from './choose_search.ts'
import type { Progress } from './progress.ts'
import { ProgressLine } from './progress_line.ts'
import { FiniteSearch } from './search/finite_search.ts'
import { History } from './search/history.ts'
import { COMMON_OPTIONS, type CommonOptions, type Search } from './search/search.ts'
import { ConfigGeneration } from './search/session/config_generation.ts'
import { EFFORT_PROFILES, type EffortProfile, type SearchEffort } from './search/session/effort_profiles.ts'
import { pinnedConfigs, type StartingPoint } from './search/session/initial_population.ts'
import { ORIGINS, type Proposal, proposals } from './search/session/proposal.ts'
import { SearchSession } from './search/session/search_session.ts'
import type { AdaptiveTimeout } from './search/session/session_parts.ts'
import { StopRule } from './search/session/stop_rule.ts'
import { TrialCosts } from './search/session/trial_costs.ts'
import { startingWith } from './search/start_options.ts'
import { failure } from './trial/benchmarker.ts'
import { TrialLog } from './trial_log.ts'
import type { TuningTask } from './tuning_task.ts'

export class TuningRun {
  readonly effort: SearchEffort
  readonly profile: EffortProfile
  readonly search: Search
  /** The search's own, from the settings, and from the effort. */
  readonly options: Partial<CommonOptions>
  readonly log: Log
  readonly seed: number
  /** Time for everything, and for the search alone. */
  readonly budget: Budget
  readonly searchBudget: Budget
  /** Configs that take part in the final comparison whatever their time. */
  readonly pinned: readonly Config[]
  readonly choices: readonly Config[] | undefined
  readonly line: ProgressLine = new ProgressLine()
  readonly #task: TuningTask
  readonly #start: StartingPoint
  readonly #stopRule: StopRule
  readonly #trials: TrialLog | undefined
  readonly #costs: TrialCosts
  readonly #hung: readonly Config[]

  /**
   * `cache` provides the configs of earlier searches. Throws UsageError for an unknown search or option.
   */
  constructor(task: TuningTask, effort: SearchEffort, cache: ResultStore | undefined) {
    const { settings, spec } = task
    this.#task = task
    this.effort = effort
    this.profile = EFFORT_PROFILES[effort]
    this.#stopRule = new StopRule(this.profile)
    this.search = searchOf(task)
    this.options = this.search.optionsFor(effort, settings)
    const log = task.log ?? this.line.around(createLog(settings.autotuneLogLevel))
    const { kernel, shape = '' } = task
    this.#trials = openLog(settings, { kernel, shape })
    this.log = this.#trials?.around(log) ?? log
    this.seed = settings.autotuneRandomSeed ?? Date.now() % 2 ** 32
    this.budget = new Budget({ seconds: settings.autotuneBudgetSeconds, signal: task.signal, now: task.now })
    this.searchBudget = this.budget.part(1 - this.profile.reserve)
    this.choices = task.choices && usable(spec, task.choices, this.log)
    const seeds = [
      ...proposals(usable(spec, settings.autotuneSeedConfigs, this.log), ORIGINS.seed),
      ...usableProposals(spec, task.seeds ?? [], this.log),
    ]
    const pinned = task.choices ? [] : pinnedConfigs(this.#generation(0), seeds)
    this.pinned = pinned.map(({ config }) => config)
    this.#costs = new TrialCosts(this.profile, task.choices ? undefined : task.lengthOf, this.pinned)
    this.#hung = usable(spec, hungConfigs(task, cache), this.log)
    this.#start = {
      ...startingWith(this.options, effort),
      seeds,
      guesses: task.choices ? [] : spec.guesses().map((config) => spec.normalize(config, 'repair')),
      stored: () => storedConfigs(task, cache),
    }
  }

  /** A session for one trial; `history` continues an earlier one. */
  session(trial: number, budget: Budget, history: History = this.#beginning()): SearchSession {
    const { kernel, shape = '', settings, benchmarker, onProgress, workload } = this.#task
    return new SearchSession({
      subject: { kernel, shape },
      generation: this.#generation(trial),
      start: this.#start,
      benchmarker,
      history,
      training: this.#task.training ?? [],
      budget,
      log: this.log,
      choices: this.choices,
      compileTimeoutMs: settings.autotuneCompileTimeout * 1000,
      adaptiveTimeout: settings.autotuneAdaptiveTimeout ? this.#adaptiveTimeout : undefined,
      rebenchmarkThreshold: settings.autotuneRebenchmarkThreshold ?? this.profile.rebenchmarkThreshold,
      stopRule: this.#stopRule,
      costs: this.#costs,
      ignoreErrors: settings.autotuneIgnoreErrors,
      trials: this.#trials,
      onProgress: onProgress ?? (settings.autotuneProgressBar ? this.line.show : undefined),
      workload,
    })
  }

  /** Explores in one trial. */
  explore(session: SearchSession): Promise<void> {
    return this.search.run(session, this.effort, this.#task.settings)
  }

  /** Puts facts about the search into the details of its log. */
  describe(event: 'begin' | 'end', facts: object): void {
    this.#trials?.describe(event, facts)
  }

  /** Leaves terminal and files to others. */
  readonly end = (): void => {
    this.line.clear()
    this.#trials?.close()
  }

  /** What is known of configs that must not be tried. */
  #beginning(): History {
    const history = new History()
    const reason = 'it never ended in an earlier program, which lost the device over it'
    for (const config of this.#hung) history.add(failure(config, 'timeout', reason), ORIGINS.stored)
    return history
  }

  get #adaptiveTimeout(): AdaptiveTimeout {
    const { compileTimeoutLowerBound: bound, compileTimeoutQuantile: quantile } = COMMON_OPTIONS
    const seconds = this.options.compileTimeoutLowerBound ?? bound[this.effort]
    return {
      leastMs: seconds * 1000,
      quantile: this.options.compileTimeoutQuantile ?? quantile[this.effort],
    }
  }

  #generation(trial: number): ConfigGeneration {
    const { spec, settings } = this.#task
    const overrides = this.#task.choices ? {} : (settings.autotuneConfigOverrides as ConfigData)
    return new ConfigGeneration(spec, new Random(this.seed + trial), overrides)
  }
}

function openLog(
  { autotuneLog, autotuneLogDetails }: Settings,
  subject: Pick<Progress, 'kernel' | 'shape'>,
): TrialLog | undefined {
  if (autotuneLog) return new TrialLog(autotuneLog, subject, autotuneLogDetails)
  if (autotuneLogDetails) {
    const [details, log] = [settingText('autotuneLogDetails'), settingText('autotuneLog')]
    warnOnce('autotune log details', `helion-aot: ${details} does nothing without ${log}`)
  }
  return undefined
}

/** The search that a task asks for. Throws UsageError for an unknown one. */
export function searchOf({ search, choices, settings, searchOptions }: TuningTask): Search {
  if (search) return search
  return choices ? new FiniteSearch(DETACHED, [], searchOptions) : namedSearch(settings, searchOptions)
}

/** Configs in complete form; those that do not fit are left out with a warning. */
function usable(spec: SearchSpace, configs: readonly unknown[], log: Log): readonly Config[] {
  return configs.flatMap((config) => {
    try {
      return spec.normalize(config instanceof Config ? config : Config.fromJSON(Object(config)), 'strict')
    } catch (error) {
      if (!(error instanceof HelionError)) throw error
      log.warning(`helion-aot: left out the config ${JSON.stringify(config)}: ${errorMessage(error)}`)
      return []
    }
  })
}

function usableProposals(spec: SearchSpace, seeds: readonly Proposal[], log: Log): readonly Proposal[] {
  return seeds.flatMap(({ config, origin }) => proposals(usable(spec, [config], log), origin))
}

function hungConfigs({ cacheKey }: TuningTask, cache: ResultStore | undefined): readonly ConfigData[] {
  return cacheKey ? (cache?.hung(cacheKey) ?? []) : []
}

function storedConfigs(
  { cacheKey, settings }: TuningTask,
  cache: ResultStore | undefined,
): readonly Config[] {
  if (!cache || !cacheKey) return []
  const { autotuneBestAvailableMaxConfigs, autotuneBestAvailableMaxCacheScan } = settings
  return cache.bestAvailable(cacheKey, autotuneBestAvailableMaxConfigs, autotuneBestAvailableMaxCacheScan)
}
