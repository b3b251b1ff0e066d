/**
 * What the module that serves a kernel now would choose for a shape. A module in a file is read as data: to
 * tune is no reason to run code that lies beside the kernel. One given in code runs in the program anyway.
 */
import type { ConfigData } from '../../config/value.ts'
import { heuristicInCode, type LookupRequest, moduleFiles } from '../../heuristics/lookup.ts'
import { DataError } from '../../support/errors.ts'
import { fileError } from '../../support/file_errors.ts'
import { readText } from '../../support/files.ts'
import { readModule } from '../evaluate/emit/read_module.ts'
import type { ShapeOfCall } from '../shape.ts'

export interface ModuleChoice {
  readonly config: ConfigData
  /** The file, or the place in the code. */
  readonly origin: string
}

/** Undefined where no module tells; `values` are those that a module given in code takes. */
export async function moduleChoice(
  request: LookupRequest,
  shape: ShapeOfCall,
  values: readonly unknown[],
): Promise<ModuleChoice | undefined> {
  const { heuristic } = heuristicInCode(request)
  if (heuristic)
    return orNothing(() => ({ config: heuristic.choose(values).config, origin: heuristic.origin }))
  for await (const path of moduleFiles(request)) {
    const choice = orNothing(() => choiceIn(path, request.kernel, shape))
    if (choice) return choice
  }
  return undefined
}

function choiceIn(path: string, kernel: string, { features }: ShapeOfCall): ModuleChoice | undefined {
  const { configs, key } = readModule(readText(path), kernel, path)
  const config = configs[key(features)]
  return config && { config, origin: path }
}

/** A module that cannot tell is no reason not to search. */
function orNothing<T>(tell: () => T): T | undefined {
  try {
    return tell()
  } catch (error) {
    if (error instanceof DataError || fileError(error)) return undefined
    throw error
  }
}
