/**
 * Calls that the proof of a run leaves out, as the phases before did: their configs ended the program, and
 * would end or block it for ever once more. The command line names the shapes in the environment.
 */
import type { ChoiceRequest, ConfigSource } from '../../kernel/config_source.ts'
import type { KernelDefinition } from '../../kernel/definition.ts'
import { warnOnce } from '../../support/log.ts'
import { environment } from '../../support/node.ts'
import { shapeOf } from '../shape.ts'

/** Set by the command line: `kernel shape_hash`, separated by commas. */
export const LEFT_OUT = 'HELION_AOT_LEFT_OUT'

/** The source itself, unless shapes are to be left out. */
export function leavingOut(definition: KernelDefinition, source: ConfigSource): ConfigSource {
  const shapes = environment(LEFT_OUT)?.split(',')
  if (!shapes) return source
  const isLeftOut = ({ call }: Pick<ChoiceRequest, 'call'>): boolean =>
    shapes.includes(`${definition.name} ${shapeOf(definition, call).hash}`)
  return {
    ready: (request) => (isLeftOut(request) ? undefined : source.ready(request)),
    prepare: async (request) => (isLeftOut(request) ? undefined : await source.prepare?.(request)),
    async search(request) {
      if (isLeftOut(request)) {
        const { name } = definition
        warnOnce(
          `left out of the proof ${name}`,
          `helion-aot: ${name}: calls are left out, as in the phases before`,
        )
        return undefined
      }
      if (!source.search) throw new Error(`no config was chosen for ${definition.name}`)
      return await source.search(request)
    },
  }
}
