/**
 * Measures candidates on one shape, with the tuner's own benchmarker: each is built, checked and timed once;
 * those near the best are then timed again in turns, round by round, and only these samples count for them.
 * Every outcome becomes a record as soon as it is certain.
 */
import { failure, type Measurement, type Status } from '../../autotuner/benchmarker.ts'
import { Budget } from '../../autotuner/budget.ts'
import { KernelBenchmarker } from '../../autotuner/kernel_benchmarker.ts'
import type { Config } from '../../config/config.ts'
import type { ExclusiveRequest } from '../../kernel/config_source.ts'
import { AdapterError, ConfigError, errorMessage, HelionError } from '../../support/errors.ts'
import { createLog } from '../../support/log.ts'
import { median } from '../../support/maths.ts'
import { fitConfig } from '../fit_config.ts'
import type { MeasurementRecord, MeasurementStatus } from '../records.ts'
import type { ShapeOfCall } from '../shape.ts'
import type { CandidateConfig } from './candidates.ts'

/** Configs within this multiple of the best time are timed in turns, for so long each. */
const CONTENDER = 2
const CONTENDER_MS = 100
const MAX_SAMPLES = 64

const STATUSES: Readonly<Record<Status, MeasurementStatus>> = {
  ok: 'ok',
  duplicate: 'ok',
  invalid: 'invalid',
  filtered: 'invalid',
  wrong: 'wrong',
  timeout: 'timeout',
  error: 'error',
}

type Emit = (...records: readonly MeasurementRecord[]) => void
type EmitResults = (...results: readonly Measurement[]) => void

/** Emits one record for each candidate; how many. Rejects with AdapterError when the device is lost. */
export async function measureShape(
  { definition, bound, call, device, stream }: ExclusiveRequest,
  shape: ShapeOfCall,
  candidates: readonly CandidateConfig[],
  emit: Emit,
): Promise<number> {
  const { settings } = definition.options
  const spec = bound.specFor(call, device)
  const recordOf = recorder(definition.name, shape)
  // Candidates may differ in what this shape has no room for: each distinct config is measured once.
  const groups = new Map<string, { readonly config: Config; readonly members: CandidateConfig[] }>()
  for (const candidate of candidates) {
    try {
      const config = fitConfig(spec, candidate.data)
      const group = groups.get(config.hash) ?? { config, members: [] }
      groups.set(config.hash, group)
      group.members.push(candidate)
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error
      emit(recordOf(candidate, { status: 'invalid', samples: [], reason: error.what }))
    }
  }
  const emitFor: EmitResults = (...results) => {
    const records = results.flatMap((result) => {
      const members = groups.get(result.config.hash)?.members ?? []
      return members.map((member) => recordOf(member, outcomeOf(result)))
    })
    if (records.length > 0) emit(...records)
  }
  const log = createLog(settings.autotuneLogLevel)
  const benchmarker = new KernelBenchmarker({ bound, spec, call, device, stream, settings, log })
  const configs = [...groups.values()].map(({ config }) => config)
  try {
    const results = await measureOnce(benchmarker, configs, settings.autotuneCompileTimeout * 1000, emitFor)
    const contenders = contendersOf(results)
    const others = results.filter((result) => Number.isFinite(result.ms) && !contenders.includes(result))
    emitFor(...others, ...(await measureInTurns(benchmarker, contenders)))
  } finally {
    benchmarker.dispose()
  }
  return candidates.length
}

/** Builds, checks and times each config; failures are emitted at once. */
async function measureOnce(
  benchmarker: KernelBenchmarker,
  configs: readonly Config[],
  compileTimeoutMs: number,
  emitFor: EmitResults,
): Promise<readonly Measurement[]> {
  let done = 0
  const onMeasured = (result: Measurement): void => {
    done++
    if (!Number.isFinite(result.ms)) emitFor(result)
  }
  try {
    return await benchmarker.measure(configs, { budget: unlimited(), compileTimeoutMs, onMeasured })
  } catch (error) {
    const suspect = configs[done]
    // Recorded, so that a resumed run does not lose the device over the same config again.
    if (error instanceof AdapterError && suspect) emitFor(failure(suspect, 'error', errorMessage(error)))
    throw error
  }
}

/**
 * Configs near the best, and the one that was timed first: a GPU that was idle before may have been slow to
 * wake up.
 */
function contendersOf(results: readonly Measurement[]): readonly Measurement[] {
  const best = Math.min(...results.map(({ ms }) => ms))
  return results.filter(({ ms }, i) => Number.isFinite(ms) && (i === 0 || ms <= best * CONTENDER))
}

/** The same results with the samples of these rounds. */
async function measureInTurns(
  benchmarker: KernelBenchmarker,
  contenders: readonly Measurement[],
): Promise<readonly Measurement[]> {
  if (contenders.length === 0) return []
  const distinct = [...new Map(contenders.map((result) => [result.programHash, result])).values()]
  const options = { budget: unlimited(), targetMs: CONTENDER_MS, maxSamples: MAX_SAMPLES }
  const configs = distinct.map(({ config }) => config)
  const timed = await benchmarker.remeasure(configs, options).catch((error: unknown) => {
    // What was measured before still stands, unless the device is gone.
    if (error instanceof AdapterError || !(error instanceof HelionError)) throw error
    return []
  })
  const byProgram = new Map(timed.map((result) => [result.programHash, result]))
  return contenders.map((first) => {
    const { samplesMs, spread } = byProgram.get(first.programHash) ?? first
    return { ...first, samplesMs, spread }
  })
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
    samples: kept === 'ok' ? thinned(samplesMs) : [],
    spread,
    reason,
    compileMs,
    programHash,
  }
}

function recorder(kernel: string, { hash, features }: ShapeOfCall) {
  return (candidate: CandidateConfig, outcome: Outcome): MeasurementRecord => {
    const { status, samples, spread, reason, compileMs, programHash } = outcome
    const ok = status === 'ok'
    return {
      event: 'measurement',
      kernel,
      shape_hash: hash,
      config_hash: candidate.hash,
      config: candidate.data,
      shape_features: features,
      status,
      samples,
      timing_ms: ok ? rounded(median(samples)) : null,
      ...(ok && spread !== undefined ? { spread: rounded(spread) } : {}),
      ...(reason === undefined ? {} : { reason }),
      ...(compileMs === undefined ? {} : { compile_ms: rounded(compileMs) }),
      ...(programHash === undefined ? {} : { wgsl_hash: programHash }),
      ...(candidate.isDefault ? { is_default: true } : {}),
    }
  }
}

/** Evenly chosen among many samples, in their order. */
function thinned(samples: readonly number[]): readonly number[] {
  const step = Math.max(1, samples.length / MAX_SAMPLES)
  const count = Math.min(samples.length, MAX_SAMPLES)
  return Array.from({ length: count }, (_, i) => rounded(samples[Math.floor(i * step)] ?? Number.NaN))
}

/** Five digits say all that a clock knows. */
function rounded(value: number): number {
  return Number(value.toPrecision(5))
}

function unlimited(): Budget {
  return new Budget({ seconds: null })
}
