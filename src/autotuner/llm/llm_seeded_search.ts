/**
 * LLM-seeded search, in two stages: a language model proposes configs, then another search goes on from the
 * best of them and knows all that was measured. Without the model the second stage does it alone.
 */
import type { ConfigData } from '../../config/value.ts'
import { UsageError } from '../../support/errors.ts'
import { settingText } from '../../support/resolve_settings.ts'
import type { Secret } from '../../support/secret.ts'
import { BOOLEAN, integer, JSON_OBJECT, type JsonObject, orNull, TEXT } from '../../support/setting_kinds.ts'
import { InitialPopulationStrategy, type LlmProvider, type Settings } from '../../support/settings.ts'
import { FiniteSearch } from '../search/finite_search.ts'
import type { Candidate } from '../search/history.ts'
import {
  COMMON_OPTIONS,
  type CommonOptions,
  type OptionOrigin,
  type OptionTable,
  Search,
  type SearchClass,
} from '../search/search.ts'
import { SEARCHES } from '../search/searches.ts'
import type { SearchEffort } from '../search/session/effort_profiles.ts'
import type { StartingPoint } from '../search/session/initial_population.ts'
import type { SearchSession } from '../search/session/search_session.ts'
import { startingWith } from '../search/start_options.ts'
import { resolveEndpoint } from './endpoint.ts'
import { LlmError } from './llm_error.ts'
import { LLMGuidedSearch } from './llm_guided_search.ts'
import { attempt, exploreWithModel, type LLMGuidedSearchOptions } from './model_rounds.ts'

/** Options of the searches that a language model begins and another search ends. */
export interface LLMSeededSearchOptions {
  /** Name of the search that goes on; null takes the class's own. */
  readonly secondStageAlgorithm: string | null
  /** Options of that search. */
  readonly secondStageKwargs: JsonObject | null
  /** Whether that search starts with random configs, too. */
  readonly bestAvailablePadRandom: boolean
  /** The API that is spoken; null tells it by the model's name. */
  readonly llmProvider: LlmProvider | null
  /** Name of the model. */
  readonly llmModel: string
  /** Configs to ask for in each round. */
  readonly llmConfigsPerRound: number
  /** Questions to the model; 0 does without it. */
  readonly llmMaxRounds: number
  /** Random configs to measure while the first question is under way. */
  readonly llmInitialRandomConfigs: number
  /** Seconds that the compilation of a config may take in the first stage. */
  readonly llmCompileTimeoutS: number
  /** Base URL of the API. */
  readonly llmApiBase: string | null
  /** Key of the API. */
  readonly llmApiKey: Secret | string | null
  /** Seconds that an answer may take. */
  readonly llmRequestTimeoutS: number
  /** PEM file of further authorities to trust. */
  readonly llmCaBundle: string | null
  /** PEM file of the certificate that a proxy asks for. */
  readonly llmClientCert: string | null
  /** PEM file of its key. */
  readonly llmClientKey: string | null
}

/** What each stage found, and what it took. Times of launches are in milliseconds. */
export interface HybridStageBreakdown {
  /** Whether the second stage started from a config of the first. */
  readonly usedLlmSeed: boolean
  /** Unit of the objectives. */
  readonly objectiveUnit: 'ms'
  /** Time of the best config after the first stage. */
  readonly llmSeedObjective: number | undefined
  /** The same. */
  readonly llmSeedPerfMs: number | undefined
  /** Seconds of the first stage. */
  readonly llmSeedTimeS: number
  /** Configs measured in the first stage. */
  readonly llmSeedConfigsTested: number
  /** The best config after it. */
  readonly llmSeedConfig: ConfigData | undefined
  /** Name of the search that went on. */
  readonly secondStageAlgorithm: string
  /** Time of the best config in the end. */
  readonly secondStageObjective: number | undefined
  /** The same. */
  readonly secondStagePerfMs: number | undefined
  /** Seconds of the second stage. */
  readonly secondStageTimeS: number
  /** Configs measured in the second stage. */
  readonly secondStageConfigsTested: number
}

const MODEL = LLMGuidedSearch.options

/** Asks a language model for configs, then goes on with another search from the best of them. */
export class LLMSeededSearch extends Search<LLMSeededSearchOptions> {
  static override readonly name: string = 'LLMSeededSearch'
  static override readonly doc: string =
    'Asks a language model for configs, then goes on with another search.'
  static override readonly options: OptionTable<LLMSeededSearchOptions> = {
    secondStageAlgorithm: {
      kind: orNull(TEXT),
      quick: null,
      full: null,
      doc: "Name of the search that goes on; null takes the class's own.",
    },
    secondStageKwargs: { kind: orNull(JSON_OBJECT), quick: null, full: null, doc: 'Options of that search.' },
    bestAvailablePadRandom: {
      kind: BOOLEAN,
      quick: false,
      full: false,
      doc: 'Whether that search starts with random configs, too.',
    },
    llmProvider: MODEL.provider,
    llmModel: MODEL.model,
    llmConfigsPerRound: MODEL.configsPerRound,
    llmMaxRounds: { kind: integer(0), quick: 1, full: 1, doc: 'Questions to the model; 0 does without it.' },
    llmInitialRandomConfigs: MODEL.initialRandomConfigs,
    llmCompileTimeoutS: MODEL.compileTimeoutS,
    llmApiBase: MODEL.apiBase,
    llmApiKey: MODEL.apiKey,
    llmRequestTimeoutS: MODEL.requestTimeoutS,
    llmCaBundle: MODEL.caBundle,
    llmClientCert: MODEL.clientCert,
    llmClientKey: MODEL.clientKey,
  }
  static override readonly commonOptions: Partial<typeof COMMON_OPTIONS> = {
    initialPopulationStrategy: COMMON_OPTIONS.initialPopulationStrategy,
    finishingRounds: COMMON_OPTIONS.finishingRounds,
    compileTimeoutLowerBound: COMMON_OPTIONS.compileTimeoutLowerBound,
    compileTimeoutQuantile: COMMON_OPTIONS.compileTimeoutQuantile,
  }
  /** The search that goes on when no option and no setting names one. */
  static readonly defaultSecondStageAlgorithm: string = 'LFBOTreeSearch'
  /** Whether a setting may name another one. */
  static readonly allowSecondStageEnvOverride: boolean = true

  /** What the stages of the last run found; undefined before. */
  hybridStageBreakdown: HybridStageBreakdown | undefined

  override optionsFor(
    effort: SearchEffort,
    settings: Partial<Settings> = {},
  ): LLMSeededSearchOptions & Partial<CommonOptions> {
    const isOpen = this.#class.allowSecondStageEnvOverride
    return super.optionsFor(effort, isOpen ? settings : { ...settings, hybridSecondStageAlgorithm: null })
  }

  protected override async explore(
    session: SearchSession,
    options: LLMSeededSearchOptions,
    { effort, settings }: OptionOrigin,
  ): Promise<void> {
    const SecondStage = secondStage(options.secondStageAlgorithm ?? this.#class.defaultSecondStageAlgorithm)
    const second = new SecondStage(this.kernel, this.args, options.secondStageKwargs ?? {})
    const alone = startingWith(second.optionsFor(effort, settings), effort)
    const before = snapshot(session)
    const failure = await firstStage(session, modelOptions(options), this.name)
    const between = snapshot(session)
    if (failure)
      session.parts.log.warning(`helion-aot: ${this.name} goes on with ${second.name}: ${failure.message}`)
    const seed = between.tested > before.tested ? between.best : undefined
    const start = seed ? startFrom(session, seed, options, effort) : alone
    await second.run(session.stage(start), effort, settings)
    const after = snapshot(session)
    this.hybridStageBreakdown = {
      usedLlmSeed: seed !== undefined,
      objectiveUnit: 'ms',
      llmSeedObjective: seed?.ms,
      llmSeedPerfMs: seed?.ms,
      llmSeedTimeS: between.seconds - before.seconds,
      llmSeedConfigsTested: between.tested - before.tested,
      llmSeedConfig: seed?.config.data,
      secondStageAlgorithm: second.name,
      secondStageObjective: after.best?.ms,
      secondStagePerfMs: after.best?.ms,
      secondStageTimeS: after.seconds - between.seconds,
      secondStageConfigsTested: after.tested - between.tested,
    }
  }

  get #class(): typeof LLMSeededSearch {
    return this.constructor as typeof LLMSeededSearch
  }
}

const { secondStageAlgorithm: _, ...withoutChoice } = LLMSeededSearch.options

/** The same with a second stage that nobody chooses. */
export class LLMSeededLFBOTreeSearch extends LLMSeededSearch {
  static override readonly name: string = 'LLMSeededLFBOTreeSearch'
  static override readonly doc: string =
    'Asks a language model for configs, then goes on with LFBOTreeSearch.'
  static override readonly options: OptionTable<LLMSeededSearchOptions> =
    withoutChoice as OptionTable<LLMSeededSearchOptions>
  static override readonly allowSecondStageEnvOverride: boolean = false
}

/** Rounds with the model; answers why it failed, if it did. A space that is measured whole needs none. */
async function firstStage(
  session: SearchSession,
  options: LLMGuidedSearchOptions,
  what: string,
): Promise<LlmError | undefined> {
  if (options.maxRounds === 0 || session.generation.enumerate(options.exhaustiveLimit)) return undefined
  const endpoint = attempt(() => resolveEndpoint(options, what))
  if (endpoint instanceof LlmError) return endpoint
  return exploreWithModel(session.stage(), endpoint, options)
}

function modelOptions(options: LLMSeededSearchOptions): LLMGuidedSearchOptions {
  return {
    provider: options.llmProvider,
    model: options.llmModel,
    configsPerRound: options.llmConfigsPerRound,
    maxRounds: options.llmMaxRounds,
    initialRandomConfigs: options.llmInitialRandomConfigs,
    minImprovementDelta: MODEL.minImprovementDelta.quick,
    apiBase: options.llmApiBase,
    apiKey: options.llmApiKey,
    requestTimeoutS: options.llmRequestTimeoutS,
    compileTimeoutS: options.llmCompileTimeoutS,
    caBundle: options.llmCaBundle,
    clientCert: options.llmClientCert,
    clientKey: options.llmClientKey,
    exhaustiveLimit: MODEL.exhaustiveLimit.quick,
  }
}

/** The class that may go on; throws UsageError for one that asks a model itself, and for none. */
function secondStage(name: string): SearchClass {
  const candidates = SEARCHES.filter((search) => search !== FiniteSearch)
  const found = candidates.find((search) => search.name === name)
  if (found) return found
  const names = candidates.map((search) => search.name)
  throw new UsageError(`${JSON.stringify(name)} cannot be the second stage of a search`, {
    remedy: `Name ${names.join(' or ')} in ${settingText('hybridSecondStageAlgorithm')}.`,
  })
}

function startFrom(
  { parts }: SearchSession,
  seed: Candidate,
  { bestAvailablePadRandom }: LLMSeededSearchOptions,
  effort: SearchEffort,
): Partial<StartingPoint> {
  const initialPopulationStrategy = InitialPopulationStrategy.FROM_BEST_AVAILABLE
  return {
    ...startingWith({ initialPopulationStrategy, bestAvailablePadRandom }, effort),
    seeds: [seed, ...parts.start.seeds],
  }
}

interface Snapshot {
  readonly seconds: number
  readonly tested: number
  readonly best: Candidate | undefined
}

function snapshot({ parts: { budget }, history }: SearchSession): Snapshot {
  return { seconds: budget.elapsedMs / 1000, tested: history.all.length, best: history.best }
}
