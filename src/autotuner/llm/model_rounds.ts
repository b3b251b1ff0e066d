/**
 * Rounds with a language model: it proposes configs, they are measured, and it is told what came of them.
 * The first question is under way while the default and a few random configs are measured. Whatever goes
 * wrong with the model, what was measured stays.
 */
import type { Secret } from '../../support/secret.ts'
import type { LlmProvider } from '../../support/settings.ts'
import { initialPopulation } from '../search/session/initial_population.ts'
import { ORIGINS, proposals } from '../search/session/proposal.ts'
import type { SearchSession } from '../search/session/search_session.ts'
import { readAnswer } from './configs.ts'
import { addressOf, type Endpoint } from './endpoint.ts'
import { describeResults } from './feedback.ts'
import { LlmError } from './llm_error.ts'
import { Conversation } from './prompting.ts'
import type { LlmRequest } from './providers.ts'
import { ask } from './transport.ts'
import { describeTask } from './workload.ts'

/** Options of `LLMGuidedSearch`: which model to ask, and how often. */
export interface LLMGuidedSearchOptions {
  /** The API that is spoken; null tells it by the model's name. */
  readonly provider: LlmProvider | null
  /** Name of the model. */
  readonly model: string
  /** Configs to ask for in each round. */
  readonly configsPerRound: number
  /** Questions in all. */
  readonly maxRounds: number
  /** Random configs to measure while the first question is under way. */
  readonly initialRandomConfigs: number
  /** Share of the time that one of two rounds must save for another to follow. */
  readonly minImprovementDelta: number
  /** Base URL of the API. */
  readonly apiBase: string | null
  /** Key of the API. */
  readonly apiKey: Secret | string | null
  /** Seconds that an answer may take. */
  readonly requestTimeoutS: number
  /** Seconds that the compilation of a proposed config may take. */
  readonly compileTimeoutS: number
  /** PEM file of further authorities to trust. */
  readonly caBundle: string | null
  /** PEM file of the certificate that a proxy asks for. */
  readonly clientCert: string | null
  /** PEM file of its key. */
  readonly clientKey: string | null
  /** Spaces of at most so many configs are measured whole, and no model is asked. */
  readonly exhaustiveLimit: number
}

/** Rounds in a row without a gain after which the model is not asked again. */
const FRUITLESS = 2
/** Best configs that are timed again after each round. */
const CONFIRMED = 5
/** How often the budget is looked at while an answer is awaited. */
const WATCH_MS = 50

/** Asks and measures until nothing comes of it. Answers why the model failed, if it did. */
export async function exploreWithModel(
  session: SearchSession,
  endpoint: Endpoint,
  options: LLMGuidedSearchOptions,
): Promise<LlmError | undefined> {
  const { generation, history, log } = session.parts
  const { maxRounds, configsPerRound, minImprovementDelta } = options
  const { seeds } = session.parts.start
  const task = describeTask(
    session.parts.workload?.(),
    generation.spec,
    seeds.map(({ config }) => config),
  )
  const conversation = new Conversation(task, configsPerRound)
  log.info(`asking ${endpoint.model} at ${addressOf(endpoint)} for configs; it is sent what is tuned`)
  session.capCompileTimeout(options.compileTimeoutS * 1000)
  let fruitless = 0
  while (fruitless < FRUITLESS && session.nextGeneration(maxRounds)) {
    const isFirst = session.generations === 1
    const question = conversation.ask(isFirst ? '' : describeResults(history, generation))
    const meanwhile = isFirst ? () => measureStart(session, options) : undefined
    const answer = await answerTo(session, endpoint, question, options, meanwhile)
    if (answer instanceof LlmError || answer === undefined) return answer
    const read = attempt(() => readAnswer(answer, generation, configsPerRound))
    if (read instanceof LlmError) return read
    conversation.answered(read)
    const open = read.configs.filter((config) => !history.has(config))
    log.debug(
      `round ${session.generations}: ${open.length} new configs; left out: ${read.refusals.join('; ')}`,
    )
    if (open.length === 0) return undefined
    const before = history.best?.ms ?? Number.POSITIVE_INFINITY
    await session.evaluate(proposals(open, `${endpoint.model}, round ${session.generations}`))
    await session.rebenchmark(history.ranked)
    await session.confirm(history.ranked.slice(0, CONFIRMED))
    const improved = (history.best?.ms ?? before) < before * (1 - minImprovementDelta)
    fruitless = improved ? 0 : fruitless + 1
  }
  return undefined
}

/** The configs that serve with or without a model: what is known, and a few random ones. */
export async function measureStart(
  session: SearchSession,
  { initialRandomConfigs }: Pick<LLMGuidedSearchOptions, 'initialRandomConfigs'>,
): Promise<void> {
  const { generation, parts } = session
  const known = initialPopulation(generation, { ...parts.start, padding: 'none' }, 1)
  const random = generation.randomPopulation(
    initialRandomConfigs,
    known.map(({ config }) => config),
  )
  await session.evaluate([...known, ...proposals(random, ORIGINS.random)])
}

/** What `work` answers, or the LlmError that it throws. */
export function attempt<T>(work: () => T): T | LlmError {
  try {
    return work()
  } catch (error) {
    if (error instanceof LlmError) return error
    throw error
  }
}

/**
 * The answer, why there is none, or undefined when the session ended before it. `meanwhile` is done while it
 * is on its way.
 */
async function answerTo(
  session: SearchSession,
  endpoint: Endpoint,
  question: LlmRequest,
  { requestTimeoutS }: LLMGuidedSearchOptions,
  meanwhile: (() => Promise<void>) | undefined,
): Promise<string | LlmError | undefined> {
  const controller = new AbortController()
  const { signal } = controller
  const asked = ask(endpoint, question, { timeoutMs: requestTimeoutS * 1000, signal }).catch(
    (error: unknown) => {
      if (error instanceof LlmError) return error
      throw error
    },
  )
  const watch = setInterval(() => session.exhausted && controller.abort(), WATCH_MS)
  try {
    await meanwhile?.()
    if (session.exhausted) controller.abort()
    const answer = await asked
    return signal.aborted ? undefined : answer
  } finally {
    clearInterval(watch)
    controller.abort()
  }
}
