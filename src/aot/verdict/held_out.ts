/**
 * What a build is worth on shapes that it has not seen: shapes are held out in turns, a module is built from
 * the others, its text is read, and its choices for the held-out shapes are looked up in all measurements.
 */
import { DataError } from '../../support/errors.ts'
import { type BuildOptions, buildHeuristics } from '../evaluate/build.ts'
import { readModule } from '../evaluate/emit/read_module.ts'
import type { Sweep } from '../evaluate/input/sweep.ts'
import { toMatrix } from '../evaluate/matrix.ts'
import { fileLines } from '../lines.ts'
import { type ModuleScore, type ShapeScore, scoreShape, summarised } from './score_module.ts'

/** Up to so many shapes each is held out alone; more are held out in groups. */
const ONE_BY_ONE = 8
const FOLDS = 4
const LEAST_SHAPES = 3

/**
 * The score on held-out shapes; undefined for sweeps of fewer than three. `records` is the file of the
 * sweep.
 */
export function heldOutScore(
  records: string,
  sweep: Sweep,
  options: Omit<BuildOptions, 'files'>,
): ModuleScore | undefined {
  const matrix = toMatrix(sweep)
  const count = matrix.shapes.length
  if (count < LEAST_SHAPES) return undefined
  const folds = count <= ONE_BY_ONE ? count : FOLDS
  const scores = matrix.shapes.map((): ShapeScore | undefined => undefined)
  for (let fold = 0; fold < folds; fold++) {
    const rows = matrix.shapes.flatMap((_, row) => (row % folds === fold ? [row] : []))
    const hidden = rows.flatMap((row) => matrix.shapes[row]?.hash ?? [])
    const text = buildWithout(records, hidden, sweep.kernel, options)
    const module = text === undefined ? undefined : readModule(text, sweep.kernel, `fold ${fold}`)
    for (const row of rows) if (module) scores[row] = scoreShape(module, matrix, row)
  }
  const choices = scores.map(
    (score, row): ShapeScore =>
      score ?? {
        shapeHash: matrix.shapes[row]?.hash ?? '',
        configHash: '',
        slowdown: Number.POSITIVE_INFINITY,
        overDefault: undefined,
      },
  )
  return summarised(sweep, matrix, choices)
}

/** A module built without some shapes; undefined when the rest is not enough for one. */
function buildWithout(
  path: string,
  hidden: readonly string[],
  kernel: string,
  options: Omit<BuildOptions, 'files'>,
): string | undefined {
  const lines = without(fileLines(path), hidden)
  try {
    const { kernels } = buildHeuristics({
      ...options,
      previous: undefined,
      kernels: [kernel],
      files: [{ path, lines }],
    })
    return kernels[0]?.text
  } catch (error) {
    if (error instanceof DataError) return undefined
    throw error
  }
}

function* without(lines: Iterable<string>, shapes: readonly string[]): Generator<string> {
  const marks = shapes.map((hash) => `"shape_hash":${JSON.stringify(hash)}`)
  for (const line of lines) if (!marks.some((mark) => line.includes(mark))) yield line
}
