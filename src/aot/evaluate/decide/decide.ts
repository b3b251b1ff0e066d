/**
 * From a sweep to a decision: matrix, features, lesson, configs to keep, validation, model, tidying, safety.
 * Pure: the same sweep and settings give the same decision, whatever the order of the measurements was.
 */
import type { Features } from '../../../heuristics/features.ts'
import { type ColumnTable, callingOf, toColumns } from '../features/columns.ts'
import { toTerms } from '../features/terms.ts'
import type { Sweep } from '../input/sweep.ts'
import { type Lesson, prepareLesson } from '../learn/lesson.ts'
import { validate } from '../learn/validation.ts'
import { blamedLosses, defaultRegrets, regretOf, type TimingMatrix, toMatrix } from '../matrix.ts'
import { BACKENDS } from '../models/backends.ts'
import { at, entryAt, ROUNDING, range } from '../numeric.ts'
import { GOALS, type Goal } from '../select/goals.ts'
import type { Selection } from '../select/subset.ts'
import { choose } from './choose.ts'
import { compareModels, type FittedModel } from './compare_models.ts'
import type { Decision } from './decision.ts'
import { type Finished, finishProgram, servingAfter } from './finish_program.ts'
import { keepConfigs, narrowed, subsetCurve } from './keep_configs.ts'
import { hashesOf, isRebuilt, type PreviousChoices, previousIsGood } from './previous_choices.ts'
import type { DecisionSettings } from './settings.ts'
import { judgedRegrets } from './statistics.ts'
import { warningsOf } from './warnings.ts'

/** The curve of configs against loss goes this far beyond the limit: what one or two more would save. */
const CURVE_BEYOND = 2

/** Decides for one kernel. Throws DataError when nothing in the sweep ran. */
export function decide(sweep: Sweep, settings: DecisionSettings, previous?: PreviousChoices): Decision {
  const matrix = narrowed(toMatrix(sweep), settings)
  const shapes = matrix.shapes.map((shape) => shape.features)
  const table = toColumns(shapes, settings.featureSelection)
  const lesson = prepareLesson(matrix, table.columns, table.rows, toTerms(table.columns, table.rows))
  const validation = validate(
    matrix,
    table.columns,
    table.rows,
    Object.values(BACKENDS),
    // Not with an eye on an earlier module: what is held out must say the same of equal measurements.
    (part) => servingAfter(part, keepConfigs(part, settings).configs, settings),
    lesson.teacher.memory,
  )
  const ofDefault = defaultRegrets(matrix)
  const tolerated = Math.log(settings.goal.threshold)
  const build = (preferred?: ReadonlySet<string>): Built => {
    const selection = keepConfigs(lesson, settings, preferred)
    const models = compareModels(lesson, selection.configs, validation, ofDefault, tolerated)
    const model = models[settings.backend]
    return { selection, models, model, fresh: finishProgram(lesson, selection.configs, model, settings) }
  }
  const { selection, models, model, fresh, kept } = besidePrevious(previous, lesson, settings, build)
  const final = kept ?? fresh
  const decision = { ...describe(sweep, settings, lesson, table, shapes), ...final }
  const result: Omit<Decision, 'warnings'> = {
    ...decision,
    dropped: [...table.dropped, ...final.dropped],
    ...outcome(lesson, final, kept ? kept.kept : selection.configs, model, settings, ofDefault),
    comparison: Object.values(models).map(({ comparison }) => comparison),
    curve: subsetCurve(matrix, settings.maxConfigs + CURVE_BEYOND),
    keptPrevious: kept !== undefined,
  }
  return { ...result, warnings: warningsOf(result, selection, models) }
}

interface Built {
  readonly selection: Selection
  readonly models: ReturnType<typeof compareModels>
  /** The one that was asked for. */
  readonly model: FittedModel
  readonly fresh: Finished
}

/** A build that stays close to an earlier module, and that module's program where it may stay. */
function besidePrevious(
  previous: PreviousChoices | undefined,
  lesson: Lesson,
  settings: DecisionSettings,
  build: (preferred?: ReadonlySet<string>) => Built,
): Built & { readonly kept?: Finished | undefined } {
  const anew = build()
  // Equal measurements give the equal module again, with all that speaks for it.
  if (!previous || isRebuilt(previous, lesson, settings, anew.fresh, anew.model)) return anew
  const near = build(new Set(hashesOf(previous)))
  return {
    ...near,
    kept: previousIsGood(previous, lesson, settings, near.fresh, near.model),
  }
}

function describe(
  sweep: Sweep,
  settings: DecisionSettings,
  lesson: Lesson,
  table: ColumnTable,
  shapes: readonly Features[],
): Pick<
  Decision,
  'kernel' | 'sweep' | 'settings' | 'matrix' | 'calling' | 'columns' | 'rows' | 'terms' | 'backend'
> {
  return {
    kernel: sweep.kernel,
    sweep,
    settings,
    matrix: lesson.matrix,
    calling: callingOf(shapes),
    columns: table.columns,
    rows: table.rows,
    terms: lesson.terms,
    backend: settings.backend,
  }
}

/**
 * Numbers about the final program on the measured shapes, and about its model on held-out ones. The goal can
 * be missed by the configs that could be chosen, or by the choices among them.
 */
function outcome(
  lesson: Lesson,
  final: Finished,
  choosable: readonly number[],
  model: FittedModel,
  { goal }: DecisionSettings,
  ofDefault: readonly number[] | undefined,
): Pick<Decision, 'goal' | 'training' | 'further' | 'heldOut' | 'worstOfKept' | 'heldOutRegrets'> {
  const { matrix } = lesson
  const chosenColumns = lesson.rows
    .slice(0, lesson.measured)
    .map((row) =>
      entryAt(final.kept, choose(final.program, lesson.terms, final.guard, final.fallbacks[0] ?? 0, row)),
    )
  const regrets = chosenColumns.map((column, row) => regretOf(matrix, row, column))
  const blamed = blamedLosses(matrix).map((row, index) => Math.exp(at(row, entryAt(chosenColumns, index))))
  const possible = range(lesson.measured).map((row) =>
    Math.min(...choosable.map((column) => regretOf(matrix, row, column))),
  )
  const statistic = statisticOf(goal, possible, matrix)
  const chosen = statisticOf(goal, regrets, matrix)
  const reachable = reaches(goal, statistic)
  const { counted, further } = judgedRegrets(matrix.shapes, regrets, ofDefault)
  return {
    goal: {
      met: reachable && reaches(goal, statisticOf(goal, blamed, matrix)),
      reachable,
      statistic,
      configs: choosable.length,
      chosen,
    },
    training: counted,
    further,
    heldOut: model.comparison.heldOut,
    worstOfKept: Math.max(
      ...range(lesson.measured).flatMap((row) => final.kept.map((column) => regretOf(matrix, row, column))),
    ),
    heldOutRegrets: model.heldOut,
  }
}

function reaches({ threshold }: Goal, statistic: number): boolean {
  return statistic <= threshold * (1 + ROUNDING)
}

function statisticOf(goal: Goal, regrets: readonly number[], matrix: TimingMatrix): number {
  return GOALS[goal.name].statistic({
    logs: Float64Array.from(regrets, Math.log),
    weights: Float64Array.from(matrix.shapes, (shape) => shape.weight),
  })
}
