/**
 * What a search works with: measures candidates (each config once), keeps the history, the clock and the
 * generation count, and reports progress. A search decides only which configs to look at next.
 */
import type { Config } from '../../../config/config.ts'
import type { Log } from '../../../support/log.ts'
import { clamp, sum } from '../../../support/maths.ts'
import { formatMs, type Phase } from '../../progress.ts'
import { StageLog, type Standing } from '../../stages.ts'
import type { Measurement, Status } from '../../trial/benchmarker.ts'
import type { Moment } from '../../trial_log.ts'
import { type Candidate, type History, notSlower } from '../history.ts'
import type { ConfigGeneration } from './config_generation.ts'
import { measureStart } from './informed_start.ts'
import { distinctProposals, type Proposal } from './proposal.ts'
import type { SessionParts } from './session_parts.ts'
import { withinTime } from './trial_costs.ts'

/** How loud a first measurement is: configs that cannot be built are part of the game, others surprise. */
const LOUDNESS: Readonly<Record<Status, 'silent' | keyof Log>> = {
  ok: 'silent',
  duplicate: 'silent',
  filtered: 'silent',
  invalid: 'debug',
  wrong: 'warning',
  timeout: 'warning',
  error: 'warning',
}

/** One round of re-timing: configs at most, and GPU time for each. */
const MAX_REBENCHMARKED = 24
const REBENCHMARK_MS = 100
const CONFIRM_MS = 40
/** A time below this share of the best so far is confirmed before it counts. */
const SUSPICIOUS = 0.5
/** Configs that are measured before the least launch is. */
const FIRST = 4

export class SearchSession {
  readonly parts: SessionParts
  #phase: Phase = 'start'
  #generation = 0
  #maxGenerations = 0
  #compileTimeoutMs: number
  #isTimeoutAdapted = false
  readonly #stages: SearchSession[] = []
  #retimed = 0
  readonly #stageLog: StageLog
  /** Candidates that seem too fast, until they are timed again. */
  readonly #suspects = new Set<string>()
  #isDissuaded = false
  /** Where the rounds began. */
  #rounds: { readonly trials: number; readonly elapsedMs: number } | undefined

  constructor(parts: SessionParts) {
    this.parts = parts
    this.#compileTimeoutMs = parts.compileTimeoutMs
    this.#stageLog = new StageLog(parts.subject.kernel, parts.log, this.#standing)
  }

  get generation(): ConfigGeneration {
    return this.parts.generation
  }
  get history(): History {
    return this.parts.history
  }
  /** Whether there is no time left, or nothing to win, or nothing that is worth going on for. */
  get exhausted(): boolean {
    return this.parts.budget.exhausted || this.#isOver
  }
  get #isOver(): boolean {
    return this.parts.stopRule.reason !== undefined || this.#isDissuaded
  }
  /** Generations begun so far. */
  get generations(): number {
    return this.#generation + sum(this.#stages.map(({ generations }) => generations))
  }

  /** A stage of this session: knows what was measured, starts elsewhere, counts its generations alone. */
  stage(start: Partial<SessionParts['start']> = {}): SearchSession {
    this.end()
    const stage = new SearchSession({ ...this.parts, start: { ...this.parts.start, ...start } })
    this.#stages.push(stage)
    return stage
  }

  /** Gives no config more time to compile than that. */
  capCompileTimeout(ms: number): void {
    this.#compileTimeoutMs = Math.min(this.#compileTimeoutMs, ms)
  }

  /** Names what the next measurements are for. */
  enter(phase: Phase): void {
    this.#phase = phase
    this.#stageLog.enter(phase, this.#standing)
    this.#report(0, 0)
  }

  /** Nothing more will be measured. */
  end(): void {
    const stage = this.#stages.at(-1)
    if (stage) stage.end()
    else this.#stageLog.enter(undefined, this.#standing)
  }

  /** Counts one generation; false when `max` are done or time is up. */
  nextGeneration(max: number): boolean {
    if (this.#generation >= max || this.exhausted) return false
    this.#phase = 'search'
    this.#stageLog.enter('search', this.#standing)
    this.#maxGenerations = max
    this.#generation++
    this.#rounds ??= { trials: this.history.all.length, elapsedMs: this.parts.budget.elapsedMs }
    return true
  }

  /**
   * Measures the configs that this run begins with, about `count`, and times the best again: at least `sure`
   * of them, so that no lucky sample decides where a search goes. `meanwhile` goes on with what is known
   * then.
   */
  async evaluateStart(
    count: number,
    sure: number,
    meanwhile?: (known: readonly Candidate[]) => Promise<void>,
  ): Promise<void> {
    const first = await measureStart(this, count)
    const known = this.history.all
    await Promise.all([this.confirm(this.history.distinct.slice(0, sure)), meanwhile?.(known)])
    await this.rebenchmark(first)
  }

  /** Times a few candidates in turns, briefly. */
  async confirm(candidates: readonly Candidate[]): Promise<void> {
    await this.retime(candidates, CONFIRM_MS)
  }

  /**
   * Measures what the history does not hold yet. Answers with the candidates of all of `configs`, each once,
   * but without those that the budget left no time for or that are too dear.
   */
  async evaluate(configs: readonly Proposal[]): Promise<readonly Candidate[]> {
    const distinct = distinctProposals(configs)
    const open = distinct.filter(({ config }) => !this.history.has(config))
    if (open.length > 0 && (!this.exhausted || this.#hasNothing)) {
      await this.#measure(open)
      this.#adaptTimeout()
    }
    return distinct.flatMap(({ config }) => this.history.get(config) ?? [])
  }

  /** How many configs should be chosen before they can be evaluated. */
  get ahead(): number {
    return this.parts.benchmarker.ahead ?? 0
  }

  /** Has configs built that will be evaluated next, while others are measured. */
  prepare(configs: readonly Config[]): void {
    if (this.exhausted) return
    const isOpen = (config: Config): boolean => !this.exhausted && this.isOpen(config)
    this.parts.benchmarker.prepare?.(
      configs.filter((config) => !this.history.has(config)),
      isOpen,
    )
  }

  /** Whether `evaluate` would try a config, given the time. */
  isOpen(config: Config): boolean {
    return !this.history.has(config) && !this.parts.costs.isTooDear(config)
  }

  /** Out of time without a single result: the first config is measured all the same. */
  get #hasNothing(): boolean {
    return this.history.all.length === 0 && !this.parts.budget.interrupted
  }

  /** Once, from what this session measured first. */
  #adaptTimeout(): void {
    const { adaptiveTimeout } = this.parts
    if (this.#isTimeoutAdapted) return
    this.#isTimeoutAdapted = true
    const times = this.history.all.flatMap(({ compileMs }) => (compileMs ? [compileMs] : []))
    if (!adaptiveTimeout || times.length === 0) return
    times.sort((a, b) => a - b)
    const index = Math.min(Math.floor(times.length * adaptiveTimeout.quantile), times.length - 1)
    const wanted = Math.max(times[index] ?? 0, adaptiveTimeout.leastMs)
    this.#compileTimeoutMs = clamp(wanted, 0, this.#compileTimeoutMs)
  }

  /** Times those of `candidates` again, in turns, that are within the threshold of the best. */
  async rebenchmark(candidates: readonly Candidate[]): Promise<void> {
    const limit = (this.history.best?.ms ?? 0) * this.parts.rebenchmarkThreshold
    const distinct = new Set(this.history.distinct)
    const near = candidates
      .flatMap(({ config }) => this.history.get(config) ?? [])
      .filter((candidate) => candidate.ms <= limit && distinct.has(candidate))
      .sort((a, b) => a.ms - b.ms)
      .slice(0, MAX_REBENCHMARKED)
    if (near.length > 1) await this.retime(near, REBENCHMARK_MS)
  }

  /**
   * Times candidates in turns and answers with what is known of them then. Where the budget does not suffice,
   * each gets less time, and the slowest none; a single one is not timed.
   */
  async retime(candidates: readonly Candidate[], wantedMs: number): Promise<readonly Candidate[]> {
    const { benchmarker, budget } = this.parts
    const targetMs = Math.min(wantedMs, budget.remainingMs / (2 * candidates.length))
    const affordable = withinTime(candidates, targetMs, budget.remainingMs)
    if (affordable.length > 1 && !this.exhausted) {
      const configs = affordable.map(({ config }) => config)
      const results = await benchmarker.remeasure(configs, { budget, targetMs })
      for (const result of results) this.history.retime(result)
      this.#retimed += results.length
      this.parts.trials?.retimed(results, this.#moment)
    }
    return candidates.map((candidate) => this.history.get(candidate.config) ?? candidate)
  }

  /** Takes the time of a candidate back. */
  refute(refuted: Measurement, origin: string): void {
    this.history.refute(refuted)
    this.parts.trials?.ended(refuted, origin, this.#moment)
    this.#logFailure(refuted)
  }

  /** True when `challenger` beats `incumbent` by the share `delta`, and beyond what noise explains. */
  improves(challenger: Candidate, incumbent: Candidate, delta: number): boolean {
    return challenger.ms < incumbent.ms * (1 - delta) && !notSlower(incumbent, challenger)
  }

  async #measure(open: readonly Proposal[]): Promise<void> {
    const { stopRule, benchmarker } = this.parts
    let done = 0
    const report = () => this.#report(done++, open.length)
    report()
    // The first configs make the memory, and warm what is cold, for the least launch.
    const first = stopRule.isOpen ? open.slice(0, FIRST) : []
    if (first.length > 0) await this.#measureBatch(first, report, open.slice(first.length))
    if (stopRule.isOpen && this.history.best) stopRule.learn(await benchmarker.leastLaunch())
    this.#judge()
    await this.#measureAffordable(open, report)
  }

  /** Batches end where a time has to be confirmed first, or where what looks dear is to be judged again. */
  async #measureAffordable(open: readonly Proposal[], report: () => void): Promise<void> {
    let [left, before] = [open, Number.POSITIVE_INFINITY]
    for (;;) {
      left = left.filter(({ config }) => !this.history.has(config))
      const next = new Set(this.parts.costs.next(left.map(({ config }) => config)))
      if (next.size === 0 || left.length === before || (this.exhausted && !this.#hasNothing)) return
      before = left.length
      const batch = left.filter(({ config }) => next.has(config))
      const later = left.filter(({ config }) => !next.has(config) && this.isOpen(config))
      await this.#measureBatch(batch, report, later)
    }
  }

  async #measureBatch(
    batch: readonly Proposal[],
    report: () => void,
    later: readonly Proposal[] = [],
  ): Promise<void> {
    const { benchmarker, budget, log, costs, trials } = this.parts
    const started = new Set<string>()
    const origins = new Map(batch.map(({ config, origin }) => [config.hash, origin]))
    const originOf = ({ hash }: Config): string => origins.get(hash) ?? ''
    const configs = batch.map(({ config }) => config)
    const results = await benchmarker.measure(configs, {
      budget,
      enough: () => this.#isOver || this.#suspects.size > 0,
      compileTimeoutMs: this.#compileTimeoutMs,
      likely: later.map(({ config }) => config),
      originOf,
      onTrying: (trying) => {
        const fresh = trying.filter(({ hash }) => !started.has(hash))
        for (const { hash } of fresh) started.add(hash)
        trials?.started(
          fresh.map((config) => ({ config, origin: originOf(config) })),
          this.#moment,
        )
      },
      onMeasured: (measurement: Measurement) => {
        const before = this.#trusted
        const candidate = this.history.add(measurement, originOf(measurement.config))
        costs.learn(measurement)
        trials?.ended(measurement, candidate.origin, this.#moment)
        if (candidate.ms < (before?.ms ?? Number.POSITIVE_INFINITY))
          log.debug(`${formatMs(candidate.ms)} with ${candidate.config}`)
        if (this.#isSuspicious(candidate, before)) this.#suspects.add(candidate.config.hash)
        this.#logFailure(measurement)
        this.#judge()
        report()
      },
    })
    for (const result of results) this.history.add(result, originOf(result.config))
    await this.#confirmSuspects()
    this.#judge()
  }

  get #standing(): Standing {
    const { history, budget } = this.parts
    return {
      generation: this.#generation,
      trials: history.all.length,
      retimed: this.#retimed,
      bestMs: history.best?.ms,
      elapsedMs: budget.elapsedMs,
    }
  }

  get #moment(): Moment {
    return { generation: this.#generation, phase: this.#phase }
  }

  /**
   * Whether a time has to be seen twice: far below the best so far, or below the least launch, which no
   * config can beat. A clock that jumps, or a launch that did not take place, looks like that.
   */
  #isSuspicious(candidate: Candidate, best: Candidate | undefined): boolean {
    if (!Number.isFinite(candidate.ms)) return false
    return candidate.ms < SUSPICIOUS * (best?.ms ?? 0) || this.parts.stopRule.isBelow(candidate)
  }

  /** The best candidate that is not under suspicion. */
  get #trusted(): Candidate | undefined {
    if (this.#suspects.size === 0) return this.history.best
    return this.history.ranked.find(({ config }) => !this.#suspects.has(config.hash))
  }

  /** Times candidates under suspicion again, in turns with the best of the others: then their times count. */
  async #confirmSuspects(): Promise<void> {
    if (this.#suspects.size === 0) return
    const trusted = this.#trusted
    const suspects = this.history.all.filter(({ config }) => this.#suspects.has(config.hash))
    await this.confirm(trusted ? [trusted, ...suspects] : suspects)
    this.#suspects.clear()
  }

  /** Finds out whether anything is left to win. */
  #judge(): void {
    const { stopRule, budget, log } = this.parts
    const best = this.#trusted
    if (!best || this.#isOver) return
    stopRule.judge(best, budget.elapsedMs)
    if (stopRule.reason !== undefined) log.info(`nothing is left to win: ${stopRule.reason}`)
    else this.#weigh()
  }

  /** Finds out whether going on is worth it; not for configs that somebody wants compared. */
  #weigh(): void {
    const { stopRule, budget, log, history, choices } = this.parts
    const trials = history.all.length
    const done = trials - (this.#rounds?.trials ?? trials)
    if (this.#phase !== 'search' || !this.#rounds || done === 0 || choices) return
    const trialMs = (budget.elapsedMs - this.#rounds.elapsedMs) / done
    const timesMs = history.distinct.map(({ ms }) => ms)
    const reason = stopRule.dissuades({ timesMs, trials, trialMs })
    this.#isDissuaded = reason !== undefined
    if (this.#isDissuaded) log.info(`the search ends: ${reason}`)
  }

  #logFailure({ status, reason, config }: Measurement): void {
    const loudness = LOUDNESS[status]
    if (loudness !== 'silent' && !this.parts.ignoreErrors)
      this.parts.log[loudness](
        `helion-aot: ${status}: ${reason}; with ${config.minimize(this.generation.spec)}`,
      )
  }

  #report(done: number, total: number): void {
    const { onProgress, history, budget, subject } = this.parts
    if (!onProgress) return
    const { elapsedMs } = budget
    const trials = history.all.length
    const trialsPerSecond = elapsedMs > 0 ? (1000 * trials) / elapsedMs : 0
    const batches = this.#phase === 'search' ? this.#maxGenerations - this.#generation : 0
    const ahead = total - done + batches * total
    onProgress({
      ...subject,
      phase: this.#phase,
      generation: this.#generation,
      maxGenerations: this.#maxGenerations,
      done,
      total,
      trials,
      counts: history.counts,
      elapsedMs,
      trialsPerSecond,
      bestMs: history.best?.ms,
      leftMs:
        total > 0 && trials > 0 ? Math.min((ahead * elapsedMs) / trials, budget.remainingMs) : undefined,
    })
  }
}
