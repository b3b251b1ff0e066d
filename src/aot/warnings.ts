/** Warnings of the AOT runtime: each once per process, and silenced by its name in `ignoreWarnings`. */
import type { KernelDefinition } from '../kernel/definition.ts'
import { warnOnce } from '../support/log.ts'

/**
 * Names for `ignoreWarnings`. No module found; made for another version of the kernel; a module that cannot
 * be used; a choice that cannot run on the device.
 */
export type AotWarning =
  | 'NoAOTHeuristicWarning'
  | 'StaleAOTHeuristicWarning'
  | 'BrokenAOTHeuristicWarning'
  | 'AOTFallbackWarning'

/** Kernels of one name in different files are told apart. */
export function warn(definition: KernelDefinition, name: AotWarning, text: string): void {
  if (definition.options.settings.ignoreWarnings.includes(name)) return
  warnOnce(`${name} ${definition.sourceFile} ${definition.name} ${text}`, `helion-aot: ${text}`)
}
