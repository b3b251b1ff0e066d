/**
 * Measures candidates on one shape, with the tuner's own benchmarker: each is built, checked and timed once,
 * unless the search of this run has done so with the same program; those near the best are then timed again
 * in turns, round by round, and only these samples count for them. Every outcome becomes a record as soon as
 * it is known, so that a start that is cut off has lost nothing.
 */

import { Budget } from '../../autotuner/budget.ts'
import type { Benchmarker, Measurement, RemeasureOptions, Status } from '../../autotuner/trial/benchmarker.ts'
import { KernelBenchmarker } from '../../autotuner/trial/kernel_benchmarker.ts'
import type { Config } from '../../config/config.ts'
import type { ConfigSpec } from '../../config/config_spec.ts'
import type { ExclusiveRequest } from '../../kernel/config_source.ts'
import { AdapterError, ConfigError, HelionError, orRefusal } from '../../support/errors.ts'
import { createLog } from '../../support/log.ts'
import { median } from '../../support/maths.ts'
import { evenly, rounded } from '../evenly.ts'
import { factsOfCall } from '../facts/facts_of_call.ts'
import { fitConfig } from '../fit_config.ts'
import type { MeasurementRecord, MeasurementStatus } from '../records.ts'
import type { ShapeAttempts } from '../run/attempts.ts'
import { attemptsAt, CarefulBenchmarker } from '../run/careful_benchmarker.ts'
import type { Session } from '../run/session.ts'
import { measurementOf } from '../run/trial_results.ts'
import type { ShapeOfCall } from '../shape.ts'
import type { CandidateConfig } from './candidates.ts'
import { measureProgress } from './measure_progress.ts'
import { unsure } from './unsure.ts'
import { openCandidates, openContenders } from './what_is_left.ts'

/** Configs near the best are timed in turns for so long each. */
const CONTENDER_MS = 100
/** Those of them within this multiple of the best are timed with warm caches too, for so long each. */
const WARM_LIMIT = 1.25
const WARM_MS = 40
const MAX_SAMPLES = 64
/** Those that samples cannot tell apart are timed again so often: with three times the samples in the end. */
const MOST_AGAIN = 2

const STATUSES: Readonly<Record<Status, MeasurementStatus>> = {
  ok: 'ok',
  duplicate: 'ok',
  invalid: 'invalid',
  filtered: 'invalid',
  wrong: 'wrong',
  timeout: 'timeout',
  error: 'error',
}

/**
 * Measures what the records lack of `candidates` on one shape. Rejects with AdapterError when the device is
 * lost. One that is `made` counts for no goal: nobody called it.
 */
export async function measureShape(
  request: ExclusiveRequest,
  shape: ShapeOfCall,
  candidates: readonly CandidateConfig[],
  session: Session,
  made = false,
): Promise<void> {
  const { definition, bound, call, device, stream } = request
  const { name: kernel, options } = definition
  const { settings } = options
  const spec = bound.specFor(call, device)
  const log = createLog(settings.autotuneLogLevel)
  const work = { session, kernel, shapeHash: shape.hash, settings }
  const recordOf = recorder(request, shape, made)
  const groups = groupsOf(spec, openCandidates(session.known.measured(kernel, shape.hash), candidates))
  for (const { candidate, reason } of groups.refused)
    session.append(recordOf(candidate, { status: 'invalid', samples: [], reason }))
  const tell = measureProgress(session, kernel, shape.text, groups.configs.length)
  const plain = new KernelBenchmarker({ bound, spec, call, device, stream, settings, log })
  const record = (result: Measurement): void => {
    const members = groups.members.get(result.config.hash) ?? []
    session.append(...members.map((member) => recordOf(member, outcomeOf(result))))
    tell(result)
  }
  const benchmarker = new CarefulBenchmarker(plain, work, {
    known: () => undefined,
    record,
    knownTurns: () => undefined,
    recordTurns: () => {},
  })
  try {
    const trials = await trialsOf(groups.configs, attemptsAt(work), plain)
    for (const trial of trials.values()) record(trial)
    const open = groups.configs.filter(({ hash }) => !trials.has(hash))
    const compileTimeoutMs = settings.autotuneCompileTimeout * 1000
    await benchmarker.measure(open, { budget: unlimited(), compileTimeoutMs })
    const contenders = openContenders(session.known.measured(kernel, shape.hash), candidates)
    await measureUntilSure(benchmarker, spec, contenders, session)
  } finally {
    plain.dispose()
  }
}

interface Groups {
  readonly configs: readonly Config[]
  /** Candidates by the hash of what they come to on this shape. */
  readonly members: ReadonlyMap<string, readonly CandidateConfig[]>
  readonly refused: readonly { readonly candidate: CandidateConfig; readonly reason: string }[]
}

/** Candidates may differ in what a shape has no room for: each distinct config is measured once. */
function groupsOf(spec: ConfigSpec, candidates: readonly CandidateConfig[]): Groups {
  const configs = new Map<string, Config>()
  const members = new Map<string, CandidateConfig[]>()
  const refused: { candidate: CandidateConfig; reason: string }[] = []
  for (const candidate of candidates) {
    const config = orRefusal(() => fitConfig(spec, candidate.data))
    if (config instanceof ConfigError) {
      refused.push({ candidate, reason: config.what })
      continue
    }
    configs.set(config.hash, config)
    members.set(config.hash, [...(members.get(config.hash) ?? []), candidate])
  }
  return { configs: [...configs.values()], members, refused }
}

/** What the search found out about those of `configs` that make the same programs now. */
async function trialsOf(
  configs: readonly Config[],
  { trials }: ShapeAttempts,
  benchmarker: KernelBenchmarker,
): Promise<ReadonlyMap<string, Measurement>> {
  const found = new Map<string, Measurement>()
  for (const config of configs) {
    const record = trials.get(config.hash)
    const result = record && measurementOf(config, record)
    if (
      result &&
      (Number.isFinite(result.ms) || result.status === 'wrong') &&
      result.programHash === (await benchmarker.programHash(config))
    )
      found.set(config.hash, result)
  }
  return found
}

/** All in turns, then again those that their samples cannot tell apart: which is chosen may hang on them. */
async function measureUntilSure(
  benchmarker: Benchmarker,
  spec: ConfigSpec,
  contenders: readonly MeasurementRecord[],
  session: Session,
): Promise<void> {
  const samples = new Map<string, readonly number[]>()
  let open = contenders
  for (let round = 0; open.length > 0 && round <= MOST_AGAIN; round++) {
    const cells = await measureInTurns(benchmarker, spec, open)
    session.append(...cells)
    const ofPrograms = new Map(cells.map((cell) => [programOf(cell), cell.samples]))
    for (const [program, timed] of ofPrograms)
      samples.set(program, [...(samples.get(program) ?? []), ...timed])
    const programs = [...samples.keys()]
    const again = unsure([...samples.values()]).map((position) => programs[position])
    open = contenders.filter((cell) => again.includes(programOf(cell)))
  }
}

/** Configs may come to the same program. */
function programOf({ wgsl_hash, config_hash }: MeasurementRecord): string {
  return wgsl_hash ?? config_hash
}

/** The same results with the samples of these rounds; of the best among them, times with warm caches too. */
async function measureInTurns(
  benchmarker: Benchmarker,
  spec: ConfigSpec,
  contenders: readonly MeasurementRecord[],
): Promise<readonly MeasurementRecord[]> {
  const programs = new Map(contenders.map((cell) => [programOf(cell), fitConfig(spec, cell.config)]))
  const timed = await remeasured(benchmarker, [...programs.values()], { targetMs: CONTENDER_MS })
  const limitMs = WARM_LIMIT * Math.min(...[...timed.values()].map(({ ms }) => ms))
  const near = [...timed.values()].flatMap(({ config, ms }) => (ms <= limitMs ? config : []))
  const warm = await remeasured(benchmarker, near, { targetMs: WARM_MS, warmCache: true })
  return contenders.map((cell) => {
    const hash = programs.get(programOf(cell))?.hash ?? ''
    const [result, warmMs] = [timed.get(hash), warm.get(hash)?.ms]
    if (!result) return { ...cell, round: 'turns' }
    const times = timesOf(evenly(result.samplesMs, MAX_SAMPLES), result.spread)
    return {
      ...cell,
      ...times,
      round: 'turns',
      ...(warmMs === undefined ? {} : { warm_ms: rounded(warmMs) }),
    }
  })
}

/** By hash; none where they could not be compared. */
async function remeasured(
  benchmarker: Benchmarker,
  configs: readonly Config[],
  options: Pick<RemeasureOptions, 'targetMs' | 'warmCache'>,
): Promise<ReadonlyMap<string, Measurement>> {
  if (configs.length === 0) return new Map()
  const common = { budget: unlimited(), maxSamples: MAX_SAMPLES }
  const timed = await benchmarker.remeasure(configs, { ...common, ...options }).catch((error: unknown) => {
    // What was measured before still stands, unless the device is gone.
    if (error instanceof AdapterError || !(error instanceof HelionError)) throw error
    return []
  })
  return new Map(timed.filter(({ ms }) => Number.isFinite(ms)).map((result) => [result.config.hash, result]))
}

interface Outcome {
  readonly status: MeasurementStatus
  readonly samples: readonly number[]
  readonly spread?: number
  readonly reason?: string | undefined
  readonly compileMs?: number | undefined
  readonly programHash?: string | undefined
}

function outcomeOf({ status, samplesMs, spread, reason, compileMs, programHash }: Measurement): Outcome {
  const kept = STATUSES[status]
  return {
    status: kept,
    samples: kept === 'ok' ? evenly(samplesMs, MAX_SAMPLES) : [],
    spread,
    reason,
    compileMs,
    programHash,
  }
}

function recorder(request: ExclusiveRequest, shape: ShapeOfCall, made: boolean) {
  const { name: kernel } = request.definition
  const { hash, features } = shape
  return (candidate: CandidateConfig, outcome: Outcome): MeasurementRecord => {
    const { status, samples, spread, reason, compileMs, programHash } = outcome
    const facts = factsOfCall(request, shape, candidate.data)
    return {
      event: 'measurement',
      kernel,
      shape_hash: hash,
      config_hash: candidate.hash,
      config: candidate.data,
      shape_features: features,
      status,
      ...(status === 'ok'
        ? { ...timesOf(samples, spread ?? 0), round: 'first' }
        : { samples, timing_ms: null }),
      ...(reason === undefined ? {} : { reason }),
      ...(compileMs === undefined ? {} : { compile_ms: rounded(compileMs) }),
      ...(programHash === undefined ? {} : { wgsl_hash: programHash }),
      ...(candidate.isDefault ? { is_default: true } : {}),
      ...(facts ? { facts } : {}),
      ...(made ? { weight: 0 } : {}),
    }
  }
}

function timesOf(samples: readonly number[], spread: number) {
  return { samples, timing_ms: rounded(median(samples)), spread: rounded(spread) }
}

function unlimited(): Budget {
  return new Budget({ seconds: null })
}
