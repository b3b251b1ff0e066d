/**
 * What makes a kernel an AOT kernel: HELION_AOT_MODE decides where its configs come from. Light, because
 * every program that serves with generated modules loads it; the phases that tune are imported when they are
 * asked for.
 */
import type { ChoiceRequest, ConfigSource } from '../kernel/config_source.ts'
import type { KernelDefinition } from '../kernel/definition.ts'
import type { KernelServices } from '../kernel/kernel.ts'
import type { AotMode } from '../support/settings.ts'
import { finished, unfinished } from './run/unfinished.ts'
import { heuristicSource, isFixed } from './serve/heuristic_source.ts'
import { leavingOut } from './serve/left_out.ts'

/** `plain` are the services of kernels that tune at their first call. */
export function aotServices(plain: KernelServices): KernelServices {
  const sources: Readonly<Record<AotMode, (definition: KernelDefinition) => ConfigSource>> = {
    evaluate: (definition) => leavingOut(definition, heuristicSource(definition)),
    compile: heuristicSource,
    disabled: plain.sourceOf,
    collect: (definition) =>
      takesPart(definition)
        ? lazily(async () => (await import('./collect/collect_source.ts')).collectSource(definition))
        : heuristicSource(definition, { quiet: true }),
    measure: (definition) =>
      takesPart(definition)
        ? lazily(async () => (await import('./measure/measure_source.ts')).measureSource(definition))
        : heuristicSource(definition, { quiet: true }),
  }
  return {
    ...plain,
    sourceOf: (definition) => sources[definition.options.settings.aotMode](definition),
  }
}

/** Whether a phase works on this kernel: it has something to decide, and HELION_AOT_KERNELS lets it. */
function takesPart(definition: KernelDefinition): boolean {
  const { aotKernels } = definition.options.settings
  return !isFixed(definition) && (aotKernels.length === 0 || aotKernels.includes(definition.name))
}

/** A source that is loaded at the first call. */
function lazily(load: () => Promise<ConfigSource>): ConfigSource {
  let loading: Promise<ConfigSource> | undefined
  let source: ConfigSource | undefined
  const loaded = async (): Promise<ConfigSource> => {
    loading ??= load()
    source = await loading
    return source
  }
  return {
    expect: (call) => unfinished(keyOf(call)),
    ready(request) {
      const choice = source?.ready(request)
      if (choice) finished(keyOf(request))
      return choice
    },
    async prepare(request) {
      try {
        await (await loaded()).prepare?.(request)
      } catch (error) {
        finished(keyOf(request))
        throw error
      }
    },
    async search(request) {
      try {
        const own = await loaded()
        if (!own.search) throw new Error(`no config was chosen for ${request.definition.name}`)
        return await own.search(request)
      } finally {
        finished(keyOf(request))
      }
    },
  }
}

function keyOf({ definition, bound, call }: Omit<ChoiceRequest, 'device'>): string {
  return `${definition.name} ${bound.key} ${call.signature}`
}
