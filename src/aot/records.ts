/**
 * The records of a run, `records_<hardware_id>.jsonl`: one JSON object a line, appended and flushed line by
 * line, the source of truth from which every other file of a run is derived. Here: the kinds of event, and
 * the reader, which never gives up on a file. A line that cannot be used becomes a `LineProblem` and is left
 * out.
 */
import type { ConfigData } from '../config/value.ts'
import type { BatchedSpec, Features } from '../heuristics/features.ts'
import { show } from '../support/json.ts'
import { checkFacts, type ToldFacts } from './facts/told_facts.ts'
import {
  checkBatched,
  checkConfig,
  checkFamily,
  checkFeatures,
  checkFilePart,
  checkLine,
  checkName,
  checkObject,
  checkPath,
  checkTexts,
  checkTime,
  checkWeight,
  jsonIn,
  LineError,
  type LineProblem,
  toProblem,
} from './line_checks.ts'
import type { EndedRecord, TimeSummary, TrialRecord, TryingRecord, TurnsRecord } from './trial_records.ts'

/** What one line of a run's records says; `event` tells which. */
export type AotRecord =
  | RunRecord
  | KernelRecord
  | ShapeRecord
  | TunedRecord
  | FailureRecord
  | MeasurementRecord
  | TrialRecord
  | TurnsRecord
  | TryingRecord
  | EndedRecord

/** A run begins or is resumed. Applies to the lines that follow. */
export interface RunRecord {
  readonly event: 'run'
  readonly run_id: string
  /** ISO 8601. The only date that a build knows. */
  readonly started_at: string
  readonly hardware_id: string
  /** As in the names of generated modules, e.g. `webgpu_nvidia_hopper`. */
  readonly device_family: string
  /** Name to version: helion-aot, webgpu, node, driver, … */
  readonly versions: Readonly<Record<string, string>>
  readonly device: Readonly<Record<string, string>>
  /** Multiprocessors, or what the device's kind usually has. */
  readonly compute_units?: number
  readonly command: readonly string[]
}

/** A kernel takes part. Measurements that follow are of this version of its source. */
export interface KernelRecord {
  readonly event: 'kernel'
  readonly kernel: string
  readonly source_file: string
  readonly source_hash: string
  readonly batched?: BatchedSpec
  /** True when the author gave a `key` function: features are then `key_0`, `key_1`, … */
  readonly has_key?: boolean
  readonly baseline?: string
}

/** A kernel met a shape: what configs that leave fields open mean there, in complete fields. */
export interface ShapeRecord {
  readonly event: 'shape'
  readonly kernel: string
  readonly shape_hash: string
  readonly shape_features: Features
  /** What runs there when there is no module; absent where nothing can be built. */
  readonly default_config?: ConfigData
  /** The author's own configs. */
  readonly configs?: readonly ConfigData[]
  /** No call had it: the measure phase made it up. */
  readonly made?: boolean
}

/** One shape was tuned. */
export interface TunedRecord {
  readonly event: 'tuned'
  readonly kernel: string
  readonly shape_hash: string
  readonly shape_features: Features
  readonly config: ConfigData
  readonly timing_ms: number
  readonly configs_tried: number
  readonly seconds: number
  /** Reason to how many configs. */
  readonly failures: Readonly<Record<string, number>>
  /** Other good configs, the best first: candidates for shapes that nobody tuned. */
  readonly runners_up?: readonly ConfigData[]
}

/** One shape could not be tuned or measured at all. */
export interface FailureRecord {
  readonly event: 'failure'
  readonly phase: string
  readonly kernel: string
  readonly shape_hash: string
  readonly shape_features: Features
  readonly reason: string
}

export type MeasurementStatus = 'ok' | 'invalid' | 'wrong' | 'timeout' | 'error'

/** One config was timed on one shape, or could not be. */
export interface MeasurementRecord {
  readonly event: 'measurement'
  readonly kernel: string
  readonly shape_hash: string
  readonly config_hash: string
  readonly config: ConfigData
  readonly shape_features: Features
  readonly status: MeasurementStatus
  /** Milliseconds, each positive; empty unless status is ok. */
  readonly samples: readonly number[]
  /** Median of the samples; null unless status is ok. */
  readonly timing_ms: number | null
  /** Relative spread of the samples. */
  readonly spread?: number | null
  /** Milliseconds with warm caches; the samples are of cold ones. */
  readonly warm_ms?: number
  /** How much this shape counts; 1 when absent. */
  readonly weight?: number
  readonly reason?: string
  readonly compile_ms?: number | null
  readonly wgsl_hash?: string
  /** This is the default config of this very shape. */
  readonly is_default?: boolean
  /**
   * `first`: timed alone; `turns`: timed in turns with others near the best, which counts instead. Absent
   * where all samples count.
   */
  readonly round?: 'first' | 'turns'
  /** What the compiler says of the config there. */
  readonly facts?: ToldFacts
}

export interface ReadResult<T> {
  readonly records: readonly T[]
  /** Line of each record, from 1. */
  readonly lineNumbers: readonly number[]
  readonly problems: readonly LineProblem[]
}

/**
 * Reads the lines of one records file. Never throws on contents; blank lines are no problem. Repeated lines
 * of measurements are left out; other records may repeat, a resumed run says again what it works on.
 */
export function readRecords(lines: Iterable<string>, file: string): ReadResult<AotRecord> {
  const records: AotRecord[] = []
  const lineNumbers: number[] = []
  const problems: LineProblem[] = []
  const seen = new Set<string>()
  let number = 0
  for (const text of lines) {
    number++
    if (text.trim() === '') continue
    try {
      checkLine(text)
      if (seen.has(text)) throw new LineError('duplicate', 'the same line was read before')
      const record = parseRecord(text)
      records.push(record)
      lineNumbers.push(number)
      if (record.event === 'measurement') seen.add(text)
    } catch (error) {
      problems.push(toProblem(error, file, number))
    }
  }
  return { records, lineNumbers, problems }
}

type Fields = Readonly<Record<string, unknown>>

/** How each kind of event is checked. A reader that meets an unknown kind calls the line foreign. */
const CHECKS: { readonly [Kind in AotRecord['event']]: (fields: Fields) => AotRecord } = {
  run: (fields) => ({
    ...(fields as unknown as RunRecord),
    hardware_id: checkFilePart(fields.hardware_id, 'hardware_id'),
    device_family: checkFamily(fields.device_family, 'device_family'),
    started_at: checkName(fields.started_at, 'started_at'),
    run_id: checkName(fields.run_id, 'run_id'),
    versions: checkTexts(fields.versions, 'versions'),
    device: checkTexts(fields.device, 'device'),
    ...(fields.compute_units === undefined ? {} : { compute_units: checkUnits(fields.compute_units) }),
  }),
  kernel: (fields) => ({
    ...(fields as unknown as KernelRecord),
    kernel: checkName(fields.kernel, 'kernel'),
    source_hash: checkName(fields.source_hash, 'source_hash'),
    source_file: checkPath(fields.source_file, 'source_file'),
    ...(fields.batched ? { batched: checkBatched(fields.batched) } : {}),
  }),
  shape: (fields) => ({
    ...(fields as unknown as ShapeRecord),
    kernel: checkName(fields.kernel, 'kernel'),
    shape_hash: checkName(fields.shape_hash, 'shape_hash'),
    shape_features: checkFeatures(fields.shape_features),
    ...(fields.default_config ? { default_config: checkConfig(fields.default_config) } : {}),
    ...(Array.isArray(fields.configs) ? { configs: fields.configs.map(checkConfig) } : {}),
  }),
  tuned: (fields) => ({
    ...(fields as unknown as TunedRecord),
    kernel: checkName(fields.kernel, 'kernel'),
    shape_hash: checkName(fields.shape_hash, 'shape_hash'),
    shape_features: checkFeatures(fields.shape_features),
    config: checkConfig(fields.config),
    timing_ms: checkTime(fields.timing_ms),
    ...(Array.isArray(fields.runners_up) ? { runners_up: fields.runners_up.map(checkConfig) } : {}),
  }),
  failure: (fields) => ({
    ...(fields as unknown as FailureRecord),
    kernel: checkName(fields.kernel, 'kernel'),
    shape_hash: checkName(fields.shape_hash, 'shape_hash'),
    shape_features: checkFeatures(fields.shape_features),
    reason: typeof fields.reason === 'string' ? fields.reason : show(fields.reason),
  }),
  measurement: (fields) => ({
    ...(fields as unknown as MeasurementRecord),
    kernel: checkName(fields.kernel, 'kernel'),
    shape_hash: checkName(fields.shape_hash, 'shape_hash'),
    config: checkConfig(fields.config),
    shape_features: checkFeatures(fields.shape_features),
    ...checkOutcome(fields),
    ...(fields.weight === undefined ? {} : { weight: checkWeight(fields.weight, 'the weight') }),
    ...(fields.warm_ms === undefined ? {} : { warm_ms: checkTime(fields.warm_ms) }),
    ...(fields.round === undefined ? {} : { round: checkOneOf(ROUNDS, fields.round, 'round') }),
    ...(fields.facts === undefined ? {} : { facts: checkFacts(fields.facts) }),
  }),
  trial: (fields) => ({
    ...(fields as unknown as TrialRecord),
    kernel: checkName(fields.kernel, 'kernel'),
    shape_hash: checkName(fields.shape_hash, 'shape_hash'),
    config_hash: checkName(fields.config_hash, 'config_hash'),
    config: checkConfig(fields.config),
    status: checkName(fields.status, 'status'),
    seconds: checkNumber(fields.seconds, 'seconds'),
    ...(fields.time === undefined ? {} : { time: checkSummary(fields.time) }),
    ...(fields.cost_ms === undefined ? {} : { cost_ms: checkNumber(fields.cost_ms, 'cost_ms') }),
    ...(fields.origin === undefined ? {} : { origin: checkName(fields.origin, 'origin') }),
  }),
  turns: (fields) => ({
    ...(fields as unknown as TurnsRecord),
    kernel: checkName(fields.kernel, 'kernel'),
    shape_hash: checkName(fields.shape_hash, 'shape_hash'),
    config_hashes: checkNames(fields.config_hashes),
    times: checkList(fields.times, 'times').map(checkSummary),
  }),
  trying: (fields) => ({
    ...(fields as unknown as TryingRecord),
    kernel: checkName(fields.kernel, 'kernel'),
    shape_hash: checkName(fields.shape_hash, 'shape_hash'),
    config_hashes: checkNames(fields.config_hashes),
  }),
  ended: (fields) => ({
    event: 'ended',
    how: typeof fields.how === 'string' ? fields.how : show(fields.how),
    cause: checkOneOf(CAUSES, fields.cause, 'cause'),
  }),
}

const ROUNDS = ['first', 'turns'] as const
const CAUSES = ['crash', 'unknown', 'other'] as const

const STATUSES: readonly unknown[] = ['ok', 'invalid', 'wrong', 'timeout', 'error']

function parseRecord(text: string): AotRecord {
  const fields = checkObject(jsonIn(text, 'the line'), 'the line')
  const { event } = fields
  if (typeof event !== 'string' || !Object.hasOwn(CHECKS, event))
    throw new LineError('foreign', `no known kind of record: event is ${show(event)}`)
  return CHECKS[event as AotRecord['event']](fields)
}

function checkOutcome(fields: Fields): Pick<MeasurementRecord, 'status' | 'samples' | 'timing_ms'> {
  if (!STATUSES.includes(fields.status)) throw new LineError('bad value', `status is ${show(fields.status)}`)
  const status = fields.status as MeasurementStatus
  if (status !== 'ok') return { status, samples: [], timing_ms: null }
  const listed = Array.isArray(fields.samples) ? fields.samples.map(checkTime) : []
  const timing_ms = checkTime(fields.timing_ms)
  return { status, timing_ms, samples: listed.length > 0 ? listed : [timing_ms] }
}

function checkOneOf<T extends string>(list: readonly T[], value: unknown, what: string): T {
  const found = list.find((each) => each === value)
  if (found !== undefined) return found
  throw new LineError('bad value', `${what} is ${show(value)}, not one of ${list.join(', ')}`)
}

function checkNumber(value: unknown, what: string): number {
  if (typeof value === 'number' && Number.isFinite(value)) return value
  throw new LineError('bad value', `${what} is ${show(value)}, not a number`)
}

function checkUnits(value: unknown): number {
  if (Number.isSafeInteger(value) && Number(value) > 0) return Number(value)
  throw new LineError('bad value', `compute_units is ${show(value)}, not a positive whole number`)
}

function checkList(value: unknown, what: string): readonly unknown[] {
  if (Array.isArray(value)) return value
  throw new LineError('bad value', `${what} is ${show(value)}, not a list`)
}

function checkNames(value: unknown): readonly string[] {
  return checkList(value, 'config_hashes').map((each) => checkName(each, 'a config hash'))
}

function checkSummary(value: unknown): TimeSummary {
  const { ms, spread, samples } = checkObject(value, 'a time')
  return {
    ms: checkTime(ms),
    spread: checkNumber(spread, 'spread'),
    samples: checkList(samples, 'samples').map(checkTime),
  }
}
