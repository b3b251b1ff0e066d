/**
 * Adds the verdicts of the evaluate phase to `evaluation_<hardware_id>.json`, beside what the build wrote
 * there.
 */
import { existsSync } from 'node:fs'
import type { ModuleScore } from '../aot/verdict/score_module.ts'
import { DataError } from '../support/errors.ts'
import { whyUnreadable } from '../support/file_errors.ts'
import { readText, writeFileAtomic } from '../support/files.ts'
import { parseJson } from '../support/json.ts'
import type { KernelVerdict } from './run.ts'

type KernelEntries = Readonly<Record<string, Readonly<Record<string, unknown>>>>

export function writeEvaluation(path: string, verdicts: readonly KernelVerdict[]): void {
  const before = readEvaluation(path)
  const entries = verdicts.map((verdict) => [
    verdict.kernel,
    { ...before[verdict.kernel], ...entryOf(verdict) },
  ])
  writeFileAtomic(path, `${JSON.stringify({ ...before, ...Object.fromEntries(entries) }, null, 2)}\n`)
}

/** Numbers of a score as they stand in files: null for infinity. */
export function scoreNumbers({
  statistics,
  further,
  overDefault,
  covered,
  shapes,
}: ModuleScore): Record<string, unknown> {
  const { geomean, p95, worst, worseThanDefault, forbidden } = statistics
  return {
    geomean_slowdown: geomean,
    p95_slowdown: p95,
    max_slowdown: forbidden > 0 ? null : worst,
    further_shapes: further && {
      shapes: further.shapes,
      geomean_slowdown: further.geomean,
      max_slowdown: further.forbidden > 0 ? null : further.worst,
    },
    coverage: shapes > 0 ? covered / shapes : 0,
    over_default: overDefault ?? null,
    worse_than_default: worseThanDefault,
  }
}

function entryOf({ module, score, used, doubts }: KernelVerdict): Record<string, unknown> {
  return {
    module,
    emitted: scoreNumbers(score),
    used_in_program: { shapes: used, doubts },
  }
}

function readEvaluation(path: string): KernelEntries {
  if (!existsSync(path)) return {}
  try {
    const entries = parseJson(readText(path))
    const isObject = (value: unknown) => typeof value === 'object' && value !== null && !Array.isArray(value)
    if (!isObject(entries) || !Object.values(entries as object).every(isObject))
      throw new Error('it holds no object for each kernel')
    return entries as KernelEntries
  } catch (error) {
    throw new DataError(whyUnreadable(path, error), { remedy: `Remove ${path}, and build again.` })
  }
}
