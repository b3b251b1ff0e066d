/**
 * Says which module chose which config: for people under HELION_AOT_VERBOSE, for programs as lines of JSON
 * in the file that HELION_AOT_TRACE names. The evaluate phase reads the latter as proof.
 */
import { Config } from '../../config/config.ts'
import type { HeuristicChoice, KernelHeuristic } from '../../heuristics/module.ts'
import type { CallArguments } from '../../kernel/call_arguments.ts'
import type { KernelDefinition } from '../../kernel/definition.ts'
import { writeText } from '../../support/files.ts'
import { warnOnce } from '../../support/log.ts'
import { nodeBuiltin } from '../../support/node.ts'
import { sha16 } from '../../support/stable.ts'
import { shapeOf } from '../shape.ts'

/** One line of the file. */
export interface ChoiceLine {
  readonly kernel: string
  /** The module, or the place in the code where it was given. */
  readonly module: string
  readonly shape_hash: string
  readonly index: number
  readonly config_hash: string
}

/** Tells of a choice for a shape that was not seen before. */
export function logChoice(
  definition: KernelDefinition,
  { origin }: KernelHeuristic,
  { index, config }: HeuristicChoice,
  call: CallArguments,
): void {
  const { name, options } = definition
  const { aotVerbose, aotTrace } = options.settings
  if (aotVerbose)
    warnOnce(
      `choice ${origin} ${name} ${index}`,
      `helion-aot: found ${origin} for ${name}, using config ${index} from it: ${new Config(config)}`,
    )
  if (!aotTrace || !nodeBuiltin('fs')) return
  const line: ChoiceLine = {
    kernel: name,
    module: origin,
    shape_hash: shapeOf(definition, call).hash,
    index,
    config_hash: sha16(config),
  }
  writeText(aotTrace, `${JSON.stringify(line)}\n`, { append: true })
}
