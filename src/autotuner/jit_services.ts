/**
 * Where configs of plain kernels come from, in this order: the default config when effort is none, a single
 * given config, else the result of a search at the first call of each binding. The tuner itself is loaded
 * when it is needed.
 */
import type { Config } from '../config/config.ts'
import type { BoundKernel } from '../kernel/bound_kernel.ts'
import type { Choice, ChoiceRequest, ConfigSource } from '../kernel/config_source.ts'
import type { KernelDefinition } from '../kernel/definition.ts'
import type { KernelServices } from '../kernel/kernel.ts'
import { givenConfigs } from '../kernel/options.ts'
import { warnOnce } from '../support/log.ts'

export const JIT_SERVICES: KernelServices = {
  sourceOf: jitSource,
  async tune(bound, call, stream, options) {
    const { tuneKernel } = await import('./kernel_tuner.ts')
    return tuneKernel({ bound, call, stream, options })
  },
  async tuneTogether(cases, stream, options) {
    const { tuneTogether } = await import('./joint_tuner.ts')
    return tuneTogether(cases, stream, options)
  },
}

function jitSource(definition: KernelDefinition): ConfigSource {
  const tuned = new WeakMap<BoundKernel, Config>()
  return {
    ready(request) {
      const config = tuned.get(request.bound) ?? withoutSearch(definition, request)
      return config && forBinding(config)
    },
    async search({ bound, call, stream }) {
      const { tuneKernel } = await import('./kernel_tuner.ts')
      const config = await tuneKernel({ bound, call, stream, options: { force: false } })
      tuned.set(bound, config)
      return forBinding(config)
    },
  }
}

/** The config that the options leave no doubt about. */
function withoutSearch(
  { name, options }: KernelDefinition,
  { bound, call, device }: ChoiceRequest,
): Config | undefined {
  const { settings } = options
  const configs = givenConfigs(options)
  const spec = bound.specFor(call, device)
  if (settings.autotuneEffort === 'none' && (configs.length === 0 || settings.forceAutotune)) {
    const config = spec.defaultConfig()
    warnOnce(
      `implicit ${name} ${bound.key}`,
      `helion-aot: ${name} uses its default config: ${config.minimize(spec)}`,
    )
    return config
  }
  const [only] = configs
  return configs.length === 1 && only && !settings.forceAutotune ? spec.normalize(only, 'strict') : undefined
}

function forBinding(config: Config): Choice {
  return { config, holdsFor: 'binding' }
}
