/**
 * LLM-guided search: a language model is told of the kernel, the device and the space, proposes configs, and
 * learns in further rounds what came of them. Without the model it is a small random search, and says so.
 */

import { entryPoint } from '../../support/call_site.ts'
import { SECRET } from '../../support/secret.ts'
import { integer, number, oneOf, orNull, TEXT } from '../../support/setting_kinds.ts'
import { LLM_PROVIDERS, type Settings } from '../../support/settings.ts'
import { takes } from '../../support/signature.ts'
import { COMMON_OPTIONS, type OptionTable, type OptionValues, Search } from '../search/search.ts'
import type { SearchEffort } from '../search/session/effort_profiles.ts'
import { impliedOptions } from '../search/session/implied_options.ts'
import type { SearchSession } from '../search/session/search_session.ts'
import { searchWholeSpace } from '../search/session/whole_space.ts'
import { resolveEndpoint } from './endpoint.ts'
import { LlmError } from './llm_error.ts'
import { attempt, exploreWithModel, type LLMGuidedSearchOptions, measureStart } from './model_rounds.ts'

/** A day: longer timers do not exist. */
const MOST_SECONDS = 86_400

/** Asks a language model for configs, measures them, and tells it what came of them, for some rounds. */
export class LLMGuidedSearch extends Search<LLMGuidedSearchOptions> {
  static override readonly name: string = 'LLMGuidedSearch'
  static override readonly doc: string = 'Asks a language model for configs, and tells it what came of them.'
  static override readonly options: OptionTable<LLMGuidedSearchOptions> = {
    provider: {
      kind: orNull(oneOf(LLM_PROVIDERS)),
      quick: null,
      full: null,
      doc: "The API that is spoken; null tells it by the model's name.",
    },
    model: { kind: TEXT, quick: 'gpt-5-2', full: 'gpt-5-2', doc: 'Name of the model.' },
    configsPerRound: { kind: integer(1, 100), quick: 15, full: 15, doc: 'Configs to ask for in each round.' },
    maxRounds: { kind: integer(1), quick: 1, full: 4, doc: 'Questions in all.' },
    initialRandomConfigs: {
      kind: integer(0),
      quick: 10,
      full: 10,
      doc: 'Random configs to measure while the first question is under way.',
    },
    minImprovementDelta: {
      kind: number(0, 1),
      quick: 0.005,
      full: 0.005,
      doc: 'Share of the time that one of two rounds must save for another to follow.',
    },
    apiBase: { kind: orNull(TEXT), quick: null, full: null, doc: 'Base URL of the API.' },
    apiKey: { kind: orNull(SECRET), quick: null, full: null, doc: 'Key of the API.' },
    requestTimeoutS: {
      kind: number(0, MOST_SECONDS),
      quick: 120,
      full: 120,
      doc: 'Seconds that an answer may take.',
    },
    compileTimeoutS: {
      kind: number(0),
      quick: 15,
      full: 15,
      doc: 'Seconds that the compilation of a proposed config may take.',
    },
    caBundle: {
      kind: orNull(TEXT),
      quick: null,
      full: null,
      doc: 'PEM file of further authorities to trust.',
    },
    clientCert: {
      kind: orNull(TEXT),
      quick: null,
      full: null,
      doc: 'PEM file of the certificate that a proxy asks for.',
    },
    clientKey: { kind: orNull(TEXT), quick: null, full: null, doc: 'PEM file of its key.' },
    exhaustiveLimit: {
      kind: integer(0),
      quick: 100,
      full: 500,
      doc: 'Spaces of at most so many configs are measured whole, and no model is asked.',
    },
  }

  static override readonly commonOptions: Partial<typeof COMMON_OPTIONS> = {
    initialPopulationStrategy: COMMON_OPTIONS.initialPopulationStrategy,
    finishingRounds: COMMON_OPTIONS.finishingRounds,
    compileTimeoutLowerBound: COMMON_OPTIONS.compileTimeoutLowerBound,
    compileTimeoutQuantile: COMMON_OPTIONS.compileTimeoutQuantile,
  }

  protected override async explore(session: SearchSession, options: LLMGuidedSearchOptions): Promise<void> {
    const endpoint = attempt(() => resolveEndpoint(options, this.name))
    if (await searchWholeSpace(session, options.exhaustiveLimit)) return
    const isReachable = !(endpoint instanceof LlmError)
    if (!isReachable) await measureStart(session, options)
    const failure = isReachable ? await exploreWithModel(session, endpoint, options) : endpoint
    if (failure)
      session.parts.log.warning(
        `helion-aot: ${this.name} goes on without the language model: ${failure.message}`,
      )
  }
}

/** Options of LLMGuidedSearch under an effort, with what settings and environment say. */
export const guidedSearchKwargsFromProfile: (effort: SearchEffort, settings: Settings) => OptionValues =
  entryPoint(
    takes('guidedSearchKwargsFromProfile', 'effort: effort, settings: object', (effort, settings) =>
      LLMGuidedSearch.getKwargsFromProfile(effort, settings),
    ),
  )

/** The same over options of one's own; settings and environment have the last word. */
export const guidedSearchKwargsFromConfig: (
  config: Partial<LLMGuidedSearchOptions>,
  settings: Settings,
) => OptionValues = entryPoint(
  takes('guidedSearchKwargsFromConfig', 'config: object, settings: object', (config, settings) => {
    const said = Object.entries(impliedOptions(settings)).filter(
      ([name, value]) => value !== undefined && Object.hasOwn(LLMGuidedSearch.options, name),
    )
    return { ...guidedSearchKwargsFromProfile('full', settings), ...config, ...Object.fromEntries(said) }
  }),
)
