/**
 * Proof that the runtime finds and uses a module: the lines that HELION_AOT_TRACE made a program write,
 * compared with the file that was emitted and with what that file answers.
 */
import { existsSync, realpathSync } from 'node:fs'
import { parseJson } from '../../support/json.ts'
import type { Chooser } from '../evaluate/emit/read_module.ts'
import type { Sweep } from '../evaluate/input/sweep.ts'
import { fileLines } from '../lines.ts'
import type { ChoiceLine } from '../serve/choice_log.ts'
import { chosenHash } from './score_module.ts'

export interface Proof {
  /** Shapes of the program for which the emitted module decided. */
  readonly shapes: number
  /** What speaks against it, one sentence each; empty when the module is found and used. */
  readonly doubts: readonly string[]
}

/** The choices that a program wrote down. */
export function readTrace(path: string): readonly ChoiceLine[] {
  if (!existsSync(path)) return []
  return [...fileLines(path)].flatMap((line) => {
    try {
      const choice = parseJson(line) as Partial<Record<keyof ChoiceLine, unknown>> | null
      const texts = [choice?.kernel, choice?.module, choice?.shape_hash, choice?.config_hash]
      return texts.every((text) => typeof text === 'string') ? [choice as unknown as ChoiceLine] : []
    } catch {
      return []
    }
  })
}

/** Whether `emitted` is what decided for a kernel. */
export function proveUse(
  trace: readonly ChoiceLine[],
  emitted: string,
  module: Chooser,
  sweep: Sweep,
): Proof {
  const ofKernel = trace.filter(({ kernel }) => kernel === sweep.kernel)
  const byModule = ofKernel.filter((line) => samePath(line.module, emitted))
  const others = [...new Set(ofKernel.filter((line) => !byModule.includes(line)).map((line) => line.module))]
  const doubts = others.map((other) => `${other} decided for ${sweep.kernel} instead of ${emitted}`)
  if (ofKernel.length === 0)
    doubts.push(`no module decided for ${sweep.kernel}: the program did not find ${emitted}`)
  const shapes = new Map(sweep.shapes.map((shape) => [shape.hash, shape]))
  for (const { shape_hash, config_hash } of byModule) {
    const shape = shapes.get(shape_hash)
    if (shape && chosenHash(module, shape) !== config_hash)
      doubts.push(`the program chose another config for shape ${shape_hash} than ${emitted} answers with`)
  }
  return { shapes: new Set(byModule.map((line) => line.shape_hash)).size, doubts }
}

function samePath(a: string, b: string): boolean {
  return a === b || (existsSync(a) && existsSync(b) && realpathSync(a) === realpathSync(b))
}
