/** What a build has to say to somebody, in sentences: goals missed, shapes left out, better ways. */
import { geomean } from '../../../support/maths.ts'
import type { HeldOut } from '../learn/validation.ts'
import { defaultRegrets } from '../matrix.ts'
import type { BackendName } from '../models/model.ts'
import { at, entryAt, meanOf, range } from '../numeric.ts'
import type { Selection } from '../select/subset.ts'
import type { FittedModel } from './compare_models.ts'
import type { Decision } from './decision.ts'

/**
 * Another backend is worth a word when its held-out geomean is better by this factor, and by so many standard
 * errors: of a few shapes, any one makes the difference.
 */
const WORTH_SAYING = 1.005
const SURELY = 3
/** So are the default configs of the shapes. */
const DEFAULTS_WORTH_SAYING = 1.02
/** The rest is in the report. */
const MOST_NAMED = 5

export function warningsOf(
  decision: Omit<Decision, 'warnings'>,
  selection: Selection,
  models: Readonly<Record<BackendName, FittedModel>>,
): readonly string[] {
  const { goal, settings, matrix } = decision
  const warnings: string[] = []
  if (!goal.reachable)
    warnings.push(
      `goal ${settings.goal.name} <= ${settings.goal.threshold} is not met: ` +
        `the best ${goal.configs} of ${decision.sweep.configs.length} configs reach ` +
        `${format(goal.statistic)} (allowed: ${settings.maxConfigs})`,
    )
  else if (!goal.met)
    warnings.push(
      `goal ${settings.goal.name} <= ${settings.goal.threshold} is not met: the kept configs reach ` +
        `${format(goal.statistic)}, but the choices among them only ${format(goal.chosen)}: ` +
        whyMissed(decision),
    )
  if (selection.uncovered.length > 0)
    warnings.push(
      `no kept config runs on ${names(selection.uncovered.map((row) => entryAt(matrix.shapes, row).hash))}`,
    )
  if (matrix.uncovered.length > 0)
    warnings.push(`no config runs on ${names(matrix.uncovered.map((shape) => shape.hash))}: left out`)
  const { openMeasurements } = decision.sweep
  if (openMeasurements > 0)
    warnings.push(
      `${openMeasurements} measurements are of {}, the default config of the version that made them: ` +
        'they count as times of the default, and {} is not among the configs to choose from',
    )
  const better = betterBackend(decision, models)
  if (better) warnings.push(better)
  const defaults = betterDefaults(decision)
  if (defaults) warnings.push(defaults)
  return warnings
}

function whyMissed({ backend }: Omit<Decision, 'warnings'>): string {
  return backend === 'decision_tree'
    ? 'no feature tells apart shapes that want different configs'
    : `--backend decision_tree follows every measured shape, ${backend} does not`
}

function betterBackend(
  decision: Omit<Decision, 'warnings'>,
  models: Readonly<Record<BackendName, FittedModel>>,
): string | undefined {
  const own = decision.comparison.find(({ backend }) => backend === decision.backend)?.heldOut
  if (!own) return undefined
  const best = decision.comparison
    .flatMap(({ backend, heldOut }) =>
      heldOut && heldOut.forbidden <= own.forbidden ? [{ backend, heldOut }] : [],
    )
    .sort((a, b) => a.heldOut.geomean - b.heldOut.geomean)[0]
  if (!best || best.heldOut.geomean * WORTH_SAYING > own.geomean) return undefined
  const sureness = certainty(models[decision.backend].heldOut, models[best.backend].heldOut)
  if (!(sureness >= SURELY)) return undefined
  return (
    `--backend ${best.backend} would have been better on held-out shapes: ` +
    `${format(best.heldOut.geomean)} against ${format(own.geomean)} times the best time`
  )
}

/** By how many standard errors the regrets of `own` are above those of `other`, shape by shape. */
function certainty(own: HeldOut, other: HeldOut): number {
  const [first] = own
  const gains = range(first?.length ?? 0)
    .map((row) => meanOf(own.map((regrets, i) => Math.log(at(regrets, row) / at(entryAt(other, i), row)))))
    .filter(Number.isFinite)
  const mean = meanOf(gains)
  const deviation = Math.sqrt(meanOf(gains.map((gain) => (gain - mean) ** 2)))
  return mean / (deviation / Math.sqrt(gains.length - 1))
}

/** A default config is worked out from the sizes of its shape: on new ones it may beat a choice among few. */
function betterDefaults(decision: Omit<Decision, 'warnings'>): string | undefined {
  const own = decision.comparison.find(({ backend }) => backend === decision.backend)?.heldOut
  const regrets = defaultRegrets(decision.matrix)
  if (!own || !regrets || regrets.some(Number.isNaN)) return undefined
  const standard = geomean(regrets)
  if (standard * DEFAULTS_WORTH_SAYING > own.geomean) return undefined
  return (
    `on shapes that were not measured the default config of each would be the better choice: ` +
    `${format(standard)} against ${format(own.geomean)} times the best time; ` +
    `${decision.settings.defaults ? '' : 'build with --defaults, or '}tune more shapes, or for longer`
  )
}

function names(hashes: readonly string[]): string {
  const rest = hashes.length - MOST_NAMED
  const shown = hashes.slice(0, MOST_NAMED).join(', ')
  const noun = hashes.length === 1 ? 'shape' : 'shapes'
  return `${hashes.length} ${noun} (${shown}${rest > 0 ? `, and ${rest} more` : ''})`
}

function format(factor: number): string {
  return Number.isFinite(factor) ? factor.toFixed(3) : 'no end'
}
