/**
 * Finds the generated module of a kernel for a device: modules given in code, then `$HELION_HEURISTIC_DIR`,
 * then beside the kernel's source; in each place the device's own family first, then older ones, then the
 * portable one. A candidate that is broken or not about this kernel is reported and passed over, and never
 * hides a later one.
 */
import { errorMessage } from '../support/errors.ts'
import { fileError } from '../support/file_errors.ts'
import { nodeBuiltin, requireNode } from '../support/node.ts'
import { loadModule, MODULE_EXTENSIONS, StuckModule } from './load_module.ts'
import {
  heuristicIn,
  type KernelHeuristic,
  type KernelIdentity,
  type ModuleNamespace,
  nameIn,
} from './module.ts'
import { isModuleFor, moduleFileName } from './module_names.ts'
import { type KernelPlace, sourceFiles } from './source_file.ts'

export interface LookupRequest extends KernelPlace, KernelIdentity {
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
export function heuristicInCode(request: LookupRequest): LookupResult {
  const { kernel, families, modules } = request
  const problems: string[] = []
  const found = modules.flatMap((module, position) => {
    const name = nameIn(module, request)
    if (name === undefined) return []
    try {
      const heuristic = heuristicIn(module, name, `the option heuristics[${position}] of ${kernel}`)
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
  for await (const path of moduleFiles(request)) {
    try {
      return { heuristic: heuristicIn(await loadModule(path), request.kernel, path), problems }
    } catch (error) {
      problems.push(errorMessage(error))
    }
  }
  return { heuristic: await heuristicOfRenamed(request, problems), problems }
}

/** The first module that was made for the same source under another name. */
async function heuristicOfRenamed(
  request: LookupRequest,
  problems: string[],
): Promise<KernelHeuristic | undefined> {
  for await (const path of filesOfAnyKernel(request, problems)) {
    try {
      const module = await loadModule(path)
      const name = nameIn(module, request)
      if (name !== undefined && name !== request.kernel) return heuristicIn(module, name, path)
    } catch (error) {
      // What is wrong with modules of other kernels is told where those are called, if nobody waited for it.
      if (error instanceof StuckModule) problems.push(error.message)
    }
  }
  return undefined
}

/** Existing files that are named for the kernel, best first. */
export async function* moduleFiles(request: LookupRequest): AsyncGenerator<string> {
  const [fs, path] = [nodeBuiltin('fs'), nodeBuiltin('path')]
  if (!fs || !path) return
  for (const folder of await foldersOf(request))
    for (const family of request.families)
      for (const extension of MODULE_EXTENSIONS) {
        const name = moduleFileName(request.kernel, family).replace(/\.ts$/, extension)
        const file = path.join(folder, name)
        if (fs.existsSync(file)) yield file
      }
}

/** Modules of the device's families for whichever kernel, best first. */
async function* filesOfAnyKernel(request: LookupRequest, problems: string[]): AsyncGenerator<string> {
  const path = nodeBuiltin('path')
  if (!path) return
  for (const folder of await foldersOf(request)) {
    const files = namesIn(folder, problems)
    const modules = files.map((file) => path.parse(file)).filter(({ ext }) => MODULE_EXTENSIONS.includes(ext))
    for (const family of request.families)
      for (const { name, base } of modules) if (isModuleFor(family, name)) yield path.join(folder, base)
  }
}

/** What lies in a folder; nothing, and a problem, where it cannot be listed. */
function namesIn(folder: string, problems: string[]): readonly string[] {
  const fs = requireNode('fs', 'looking for a module')
  try {
    return fs.existsSync(folder) ? fs.readdirSync(folder).sort() : []
  } catch (error) {
    problems.push((fileError(error, folder) ?? (error as Error)).message)
    return []
  }
}

/** Where modules may lie: the folder of the environment, then beside the source. */
async function foldersOf({ directory, sourceFile, location }: LookupRequest): Promise<readonly string[]> {
  const path = nodeBuiltin('path')
  if (!path) return []
  const beside = (await sourceFiles({ sourceFile, location })).map((file) => path.dirname(file))
  return [...new Set([...(directory ? [path.resolve(directory)] : []), ...beside])]
}
