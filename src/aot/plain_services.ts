/**
 * Kernels that are tuned at their first call take no part in a run of the command line. So that it can say
 * so, they write their names into the file that HELION_AOT_PLAIN_KERNELS names.
 */
import type { ConfigSource } from '../kernel/config_source.ts'
import type { KernelDefinition } from '../kernel/definition.ts'
import type { KernelServices } from '../kernel/kernel.ts'
import { writeText } from '../support/files.ts'
import { environment } from '../support/node.ts'

/** Set by the command line: a file of names, one a line. */
export const PLAIN_KERNELS = 'HELION_AOT_PLAIN_KERNELS'

/** The same services; outside the command line nothing is added to them. */
export function plainServices(services: KernelServices): KernelServices {
  const path = environment(PLAIN_KERNELS)
  if (path === undefined) return services
  return { ...services, sourceOf: (definition) => telling(definition, services.sourceOf(definition), path) }
}

function telling({ name }: KernelDefinition, source: ConfigSource, path: string): ConfigSource {
  let isTold = false
  return {
    ...source,
    ready(request) {
      if (!isTold) writeText(path, `${name}\n`, { append: true })
      isTold = true
      return source.ready(request)
    },
  }
}
