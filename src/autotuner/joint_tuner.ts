/**
 * Tuning for several calls of a kernel at once (`autotuneMulti`): one search, each config tried on all of
 * them, one config for all. The space is that of the call with the most configs to choose from: where another
 * takes smaller blocks only, it gets the largest that it takes.
 */
import type { Config } from '../config/config.ts'
import type { ConfigSpec } from '../config/config_spec.ts'
import type { BoundKernel } from '../kernel/bound_kernel.ts'
import { type CallArguments, describeCall } from '../kernel/call_arguments.ts'
import type { MultiTuneOptions } from '../kernel/options.ts'
import type { Stream } from '../runtime/stream.ts'
import { ConfigError, UsageError } from '../support/errors.ts'
import { sum } from '../support/maths.ts'
import { oneOf, orNull, type SettingKind, TEXT } from '../support/setting_kinds.ts'
import { didYouMean } from '../support/similar.ts'
import { sha16, stableStringify } from '../support/stable.ts'
import type { CacheKey } from './cache/cache_key.ts'
import { searchSpace } from './kernel_space.ts'
import { type Bench, type BenchParts, benchOfCall, tuneOn } from './kernel_tuner.ts'
import { formatMs } from './progress.ts'
import { baselineTime } from './trial/baseline.ts'
import type { MeasureOptions } from './trial/benchmarker.ts'
import { type Aggregation, JointBenchmarker, type JointPart } from './trial/joint_benchmarker.ts'

/** One of the calls. */
export interface TuningCase {
  readonly bound: BoundKernel
  readonly call: CallArguments
}

interface JointOptions {
  readonly aggregation: Aggregation
  readonly relativeTo: 'default' | 'baseline' | null
  readonly cacheTag: string
}

const JOINT_OPTIONS: { readonly [Name in keyof JointOptions]: SettingKind<JointOptions[Name]> } = {
  aggregation: oneOf(['geomean', 'max']),
  relativeTo: orNull(oneOf(['default', 'baseline'])),
  cacheTag: TEXT,
}
const NAMES = Object.keys(JOINT_OPTIONS)

/**
 * The best config for all calls together: stored, or searched for. Rejects as `autotune` does, and with
 * UsageError for wrong options and for calls whose spaces have different fields.
 */
export async function tuneTogether(
  cases: readonly TuningCase[],
  stream: Stream,
  options: MultiTuneOptions,
): Promise<Config> {
  const { aggregation, relativeTo, cacheTag, ...others } = options
  const joint = readOptions({ aggregation, relativeTo, cacheTag }, Object.keys(others))
  const device = await stream.opened()
  const spaces = cases.map((one) => ({ ...one, spec: one.bound.specFor(one.call, device) }))
  const widest = spaces.reduce((a, b) => (b.spec.cardinality > a.spec.cardinality ? b : a))
  for (const space of spaces) checkFields(widest, space)
  const { bound, call } = widest
  let tell = (_winner: Config): void => {}
  const { config, source } = await tuneOn({ bound, call, stream, options: others }, (parts) => {
    const benches = cases.map((one) => {
      const spec = searchSpace(one.bound, one.call, device, parts.settings)
      return { ...one, spec, bench: benchOfCall(one, { ...parts, spec }) }
    })
    const bench = jointBench(benches, joint, parts)
    tell = (winner) => tellTimes(bench.benchmarker, winner, parts)
    return bench
  })
  if (source === 'search') tell(config)
  return config
}

function readOptions(
  given: Partial<Record<keyof JointOptions, unknown>>,
  others: readonly string[],
): JointOptions {
  for (const option of others) {
    const meant = didYouMean(option, NAMES)
    if (meant !== '')
      throw new UsageError(`autotuneMulti has no option ${option}`, {
        remedy: `It has ${NAMES.join(', ')}, and those of the search.${meant}`,
      })
  }
  return {
    aggregation: read('aggregation', given, 'geomean'),
    relativeTo: read('relativeTo', given, null),
    cacheTag: read('cacheTag', given, ''),
  }
}

function read<Name extends keyof JointOptions>(
  name: Name,
  { [name]: given }: Partial<Record<keyof JointOptions, unknown>>,
  otherwise: JointOptions[Name],
): JointOptions[Name] {
  const { allowed, read: reader } = JOINT_OPTIONS[name]
  const value = given === undefined ? otherwise : reader(given)
  if (value !== undefined) return value
  throw new UsageError(`option ${name} of autotuneMulti is ${JSON.stringify(given)}; allowed: ${allowed}`)
}

/** Sizes of 0 and 1, and constants, may change what there is to decide. */
function checkFields(widest: SpaceOfCase, { call, spec }: SpaceOfCase): void {
  try {
    spec.normalize(widest.spec.defaultConfig(), 'strict')
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    const [one, other] = [describeCall(call), describeCall(widest.call)]
    throw new UsageError(
      `autotuneMulti of ${widest.bound.definition.name}: no config serves both (${one}) and (${other}): ` +
        error.what,
      { remedy: 'Tune them by themselves.' },
    )
  }
}

interface SpaceOfCase extends TuningCase {
  readonly spec: ConfigSpec
}

interface CaseBench extends SpaceOfCase {
  readonly bench: Bench
}

function jointBench(cases: readonly CaseBench[], joint: JointOptions, parts: BenchParts): JointBench {
  // What has nothing to do takes no time, with any config.
  const timed = cases.filter(({ bench }) => !bench.isEmpty)
  const list = timed.map((one): JointPart => {
    const { spec, bench } = one
    return {
      name: bench.shape,
      benchmarker: bench.benchmarker,
      fit: (config) => spec.normalize(config, 'strict'),
      referenceMs: referenceOf(one, joint, parts),
    }
  })
  return {
    shape: cases.map(({ bench }) => bench.shape).join(' + '),
    benchmarker: new JointBenchmarker(list, joint.aggregation),
    cacheKey: jointKey(cases, joint),
    lengthOf: (config) => lengthOnAll(timed, config),
    isEmpty: timed.length === 0,
  }
}

type JointBench = Bench & { readonly benchmarker: JointBenchmarker }

function referenceOf(
  { bound, call, spec, bench }: CaseBench,
  { relativeTo }: JointOptions,
  { stream, device }: BenchParts,
): JointPart['referenceMs'] {
  if (relativeTo === null) return undefined
  if (relativeTo === 'baseline') return () => baselineTime(bound, call, stream, device)
  return async (options: MeasureOptions) => {
    const quiet = { ...options, onTrying: undefined, onMeasured: undefined, enough: undefined }
    const [result] = await bench.benchmarker.measure([spec.defaultConfig()], quiet)
    if (!result || Number.isFinite(result.ms)) return result?.ms
    const what = `the default config of ${bound.definition.name} does not work on (${bench.shape})`
    throw new ConfigError(`${what}, so that no time can be seen in relation to it: ${result.reason}`, {
      remedy: "Leave relativeTo: 'default' out.",
    })
  }
}

/** The key of the widest space, with all that tells these calls and what is asked for from others. */
function jointKey(cases: readonly CaseBench[], joint: JointOptions): CacheKey {
  const keys = cases.map(({ bench }) => bench.cacheKey)
  const [first] = keys
  if (!first) throw new Error('no calls')
  const calls = cases.map(({ call: { tensors, scalars } }) => [
    tensors.map(({ dtype, shape }) => [dtype, shape]),
    scalars,
  ])
  return {
    ...first,
    ir: sha16(keys.map(({ ir }) => ir)),
    specialization: keys.map(({ specialization }) => specialization).join(' + '),
    space: sha16(keys.map(({ space }) => space)),
    settings: stableStringify({ each: keys.map(({ settings }) => settings), calls, ...joint }),
  }
}

function lengthOnAll(cases: readonly CaseBench[], config: Config): number | undefined {
  const lengths = cases.map(({ spec, bench }) => bench.lengthOf(spec.normalize(config, 'repair')))
  const known = lengths.filter((length) => length !== undefined)
  return known.length === lengths.length ? sum(known) : undefined
}

/** One line for each call: what it takes with the winner, and with the default config. */
function tellTimes(benchmarker: JointBenchmarker, winner: Config, { spec, log }: BenchParts): void {
  const before = benchmarker.timesOf(spec.defaultConfig())
  for (const [index, { name, ms }] of benchmarker.timesOf(winner).entries()) {
    const standard = before[index]?.ms ?? Number.NaN
    const gain = Number.isFinite(standard)
      ? `, ${(standard / ms).toFixed(2)} times the speed of the default`
      : ''
    log.info(`  ${name}: ${formatMs(ms)}${gain}`)
  }
}
