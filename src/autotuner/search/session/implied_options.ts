/** What settings say about the options of searches: each holds for every search that has such an option. */
import { InitialPopulationStrategy, type Settings } from '../../../support/settings.ts'

type Implied = Readonly<Record<string, unknown>>

/** Options by name; undefined or null where the settings are silent. */
export function impliedOptions(settings: Partial<Settings>): Implied {
  const { autotuneNumNeighborsCap = -1, forceAutotune } = settings
  const { FROM_RANDOM } = InitialPopulationStrategy
  return {
    maxGenerations: settings.autotuneMaxGenerations,
    numNeighborsCap: autotuneNumNeighborsCap < 0 ? undefined : autotuneNumNeighborsCap,
    finishingRounds: settings.autotuneFinishingRounds,
    // Who asks for another search does not want the old answer, unless they ask for that, too.
    initialPopulationStrategy:
      settings.autotuneInitialPopulation ?? (forceAutotune ? FROM_RANDOM : undefined),
    ...impliedForModels(settings),
  }
}

/** Searches made of others have the same options, named for the part that they are of. */
function impliedForModels(settings: Partial<Settings>): Implied {
  const { llmProvider, llmModel, llmApiBase, llmCompileTimeout, llmCaBundle } = settings
  const { llmClientCert, llmClientKey, hybridSecondStageAlgorithm, hybridLlmMaxRounds } = settings
  return {
    provider: llmProvider,
    model: llmModel,
    apiBase: llmApiBase,
    compileTimeoutS: llmCompileTimeout,
    caBundle: llmCaBundle,
    clientCert: llmClientCert,
    clientKey: llmClientKey,
    llmProvider,
    llmModel,
    llmApiBase,
    llmCompileTimeoutS: llmCompileTimeout,
    llmCaBundle,
    llmClientCert,
    llmClientKey,
    llmMaxRounds: hybridLlmMaxRounds,
    secondStageAlgorithm: hybridSecondStageAlgorithm,
  }
}
