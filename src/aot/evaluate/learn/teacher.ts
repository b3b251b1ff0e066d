/**
 * The teacher: expected losses of every config on any shape, by two models. One knows what a config comes to
 * on a shape, and learns from every config about every other; to the other configs are names. It is never
 * shipped. Trees are grown on what it says about shapes between the measured ones, which is how a small tree
 * gets its cuts right.
 */
import type { Row } from '../features/columns.ts'
import type { Losses } from '../matrix.ts'
import { at, entryAt, minOf } from '../numeric.ts'
import { fitCellModel, shareOfCells } from './cell_model.ts'
import { FORBIDDEN_LOSS, type ForbiddenMap, forbiddenMap } from './forbidden.ts'
import { guessLayout, type Layout, type LayoutTask, layoutAxes, layoutFacts } from './guessed_facts.ts'
import { fitNamesModel, type NamesMemory } from './names_model.ts'
import { speedLimits } from './speed_limits.ts'

export interface Teacher {
  /** Expected loss per config, at least 0 and 0 for the best; `FORBIDDEN_LOSS` where a config should fail. */
  readonly losses: (row: Row) => Float64Array
  /** The same for a shape that nobody has measured, where the best config is not known but guessed. */
  readonly guessed: (row: Row) => Float64Array
  readonly forbidden: ForbiddenMap
  /** To be handed to the fit of a part of the same rows. */
  readonly memory: TeacherMemory
}

/** What a similar fit found: saves most of the search. */
export interface TeacherMemory {
  readonly layout: Layout | undefined
  readonly names: NamesMemory | undefined
  /** What a guess loses on a shape that is held out. */
  readonly guessLoss?: number | undefined
}

/** Losses saturate: 3 times as slow and 30 times as slow are equally out of the question. */
const SATURATION = 1
/** Believed less than this, the model of cells gains 0.2 % (52 shapes, ten kernels) and costs far more. */
const LEAST_SHARE = 0.5

export interface TeacherTask extends LayoutTask {
  /** Milliseconds by row, then by config; infinite where a config failed. */
  readonly times: readonly Float64Array[]
  /** In the same order: 1 where the compiler refused the config. */
  readonly refused: readonly Uint8Array[]
}

/** Fits the `losses` of the configs at the rows; with `memory` faster. Rows must not be empty. */
export function fitTeacher(task: TeacherTask, losses: Losses, memory?: TeacherMemory): Teacher {
  const { columns, rows, configs, compiled } = task
  const isRefused = (row: number, config: number) => task.refused[row]?.[config] === 1
  const failing = forbiddenMap(columns, rows, losses, isRefused)
  const forbidden: ForbiddenMap = {
    ...failing,
    expected: (row, config) => failing.expected(row, config) || (compiled?.isRefused(row, config) ?? false),
  }
  const outputs = toOutputs(rows, losses, forbidden)
  const timed = outputs.map((row, index) =>
    row.map((output, config) => (Number.isFinite(losses[index]?.[config]) ? output : Number.NaN)),
  )
  const possible = shareOfCells(rows.length * configs.length)
  const layout = memory?.layout ?? (memory || possible < LEAST_SHARE ? undefined : guessLayout(task, timed))
  const cells = layout && fitCellModel(layoutAxes(task, layout), rows, timed)
  const limits = layout && speedLimits(layoutFacts(task, layout), rows, task.times)
  const share = cells ? possible : 0
  const names = share < 1 ? fitNamesModel(columns, rows, configs, outputs, memory?.names) : undefined
  const expected = (row: Row): Float64Array =>
    toLosses(mixed(cells?.predict(row), names?.predict(row), share), limits?.(row), (config) =>
      forbidden.expected(row, config),
    )
  return {
    forbidden,
    memory: { layout, names: names?.memory },
    losses: expected,
    guessed: expected,
  }
}

/** The mean of two predictions, each about a mean of its own, of which one may be missing. */
function mixed(
  cells: Float64Array | undefined,
  names: Float64Array | undefined,
  share: number,
): Float64Array {
  if (!cells || !names) return cells ?? names ?? new Float64Array()
  return cells.map((value, config) => share * value + (1 - share) * at(names, config))
}

/** Saturated losses, less the row's median: what configs have in common is not worth learning. */
function toOutputs(rows: readonly Row[], losses: Losses, forbidden: ForbiddenMap): Float64Array[] {
  const typical = typicalLosses(losses)
  return rows.map((_, index) => {
    const saturated = entryAt(losses, index).map((loss, config) => {
      if (Number.isFinite(loss)) return saturate(loss)
      return forbidden.systematic[config] ? saturate(FORBIDDEN_LOSS) : at(typical, config)
    })
    const middle = at(saturated.slice().sort(), saturated.length >> 1)
    return saturated.map((value) => value - middle)
  })
}

function saturate(loss: number): number {
  return SATURATION * (1 - Math.exp(-loss / SATURATION))
}

function typicalLosses(losses: Losses): Float64Array {
  const configs = losses[0]?.length ?? 0
  return Float64Array.from({ length: configs }, (_, config) => {
    const finite = losses.map((row) => at(row, config)).filter(Number.isFinite)
    return finite.reduce((sum, loss) => sum + saturate(loss), 0) / Math.max(1, finite.length)
  })
}

/** Back from saturated differences to losses, which are not below `limits`. */
function toLosses(
  outputs: Float64Array,
  limits: Float64Array | undefined,
  isForbidden: (config: number) => boolean,
): Float64Array {
  const least = minOf(outputs)
  const losses = outputs.map((output, config) => {
    if (isForbidden(config)) return FORBIDDEN_LOSS
    const rest = Math.max(1 - (output - least) / SATURATION, 0.05)
    return Math.max(-SATURATION * Math.log(rest), limits ? at(limits, config) : 0)
  })
  const best = minOf(losses)
  return best > 0 ? losses.map((loss) => loss - best) : losses
}
