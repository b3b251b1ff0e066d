/**
 * What to say when no module serves a kernel: the way out depends on which modules were given in code, and on
 * whether this is Node, which finds modules in files, or a page, which does not.
 */
import type { LookupRequest } from '../../heuristics/lookup.ts'
import { nameIn, origins } from '../../heuristics/module.ts'
import { nodeProcess } from '../../support/node.ts'

/** The text of the NoAOTHeuristicWarning. */
export function noHeuristic(request: LookupRequest): string {
  const { kernel, families } = request
  const what = `no heuristic for the kernel ${kernel} on ${families[0]}: it runs with its default config.`
  return [what, ...reasons(request)].join('\n  ')
}

function reasons(request: LookupRequest): readonly string[] {
  const own = request.modules.filter((module) => nameIn(module, request) !== undefined)
  const others = listed(request.modules.map((module) => origins(module).kernel))
  if (own.length === 0 && others)
    return [
      `The modules given in code are for ${others}; compilers and bundlers rename functions.`,
      `Give the kernel the name that its module has: name: '${others.split(', ')[0]}'.`,
    ]
  const families = listed(own.map((module) => origins(module).family))
  return [...(families ? [`The modules given in code are for ${families}.`] : []), make()]
}

function make(): string {
  if (nodeProcess) return 'Make one with `npx helion-aot -- <the command that runs it>`.'
  return 'Make one with `npx helion-aot` on a machine with this GPU; give it in code: heuristics: [module].'
}

/** Those that are known, each once. */
function listed(names: readonly (string | undefined)[]): string {
  return [...new Set(names)].filter((name) => name !== undefined).join(', ')
}
