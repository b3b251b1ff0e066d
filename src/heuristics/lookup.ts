/**
 * Finds the generated module of a kernel for a device: modules given in code, then `$HELION_HEURISTIC_DIR`,
 * then beside the kernel's source; in each place the device's own family first, then older ones, then the
 * portable one. A candidate that is broken or not about this kernel is reported and passed over, and never
 * hides a later one.
 */
import { errorMessage } from '../support/errors.ts'
import { nodeBuiltin } from '../support/node.ts'
import { loadModule, MODULE_EXTENSIONS } from './load_module.ts'
import { heuristicIn, isAboutAnother, type KernelHeuristic, type ModuleNamespace } from './module.ts'
import { moduleFileName } from './module_names.ts'
import { type KernelPlace, sourceFiles } from './source_file.ts'

export interface LookupRequest extends KernelPlace {
  readonly kernel: string
  /** Of the device, best first. */
  readonly families: readonly string[]
  /** Modules given in code. */
  readonly modules: readonly ModuleNamespace[]
  /** HELION_HEURISTIC_DIR. */
  readonly directory: string | null
}

export interface LookupResult {
  readonly heuristic: KernelHeuristic | undefined
  /** What was wrong with candidates that were passed over, one sentence each. */
  readonly problems: readonly string[]
}

/**
 * The best module given in code: the one whose family comes first among the device's; modules that name no
 * family come after those that do. Works everywhere, at once.
 */
export function heuristicInCode({ kernel, families, modules }: LookupRequest): LookupResult {
  const problems: string[] = []
  const found = modules.flatMap((module, position) => {
    if (isAboutAnother(module, kernel)) return []
    try {
      const heuristic = heuristicIn(module, kernel, `the option heuristics[${position}] of ${kernel}`)
      const rank = heuristic.family === undefined ? families.length : families.indexOf(heuristic.family)
      return rank < 0 ? [] : [{ heuristic, rank }]
    } catch (error) {
      problems.push(errorMessage(error))
      return []
    }
  })
  found.sort((a, b) => a.rank - b.rank)
  return { heuristic: found[0]?.heuristic, problems }
}

/** The first usable module in files. There are none outside Node. */
export async function heuristicInFiles(request: LookupRequest): Promise<LookupResult> {
  const problems: string[] = []
  for await (const path of candidateFiles(request)) {
    try {
      return { heuristic: heuristicIn(await loadModule(path), request.kernel, path), problems }
    } catch (error) {
      problems.push(errorMessage(error))
    }
  }
  return { heuristic: undefined, problems }
}

/** Existing files that may hold the module, best first. */
async function* candidateFiles({
  kernel,
  families,
  directory,
  ...place
}: LookupRequest): AsyncGenerator<string> {
  const fs = nodeBuiltin('fs')
  const path = nodeBuiltin('path')
  if (!fs || !path) return
  function* inFolder(folder: string): Generator<string> {
    for (const family of families)
      for (const extension of MODULE_EXTENSIONS) {
        const name = moduleFileName(kernel, family).replace(/\.ts$/, extension)
        const file = path?.join(folder, name) ?? name
        if (fs?.existsSync(file)) yield file
      }
  }
  if (directory) yield* inFolder(path.resolve(directory))
  const folders = (await sourceFiles(place)).map((file) => path.dirname(file))
  for (const folder of new Set(folders)) yield* inFolder(folder)
}
