/** Kernels in collect and measure modes, with a space of few configs, and what they recorded. */
import { readFileSync } from 'node:fs'
import { textLines } from '../../src/aot/lines.ts'
import { type AotRecord, type MeasurementRecord, readRecords } from '../../src/aot/records.ts'
import { hardwareIdsIn, runFiles } from '../../src/aot/run/run_folder.ts'
import {
  aotKernel,
  hl,
  type Kernel,
  type KernelOptions,
  type Settings,
  type Tensor,
} from '../../src/index.ts'

/** Everything but the block sizes is decided, and there are few of these. */
const FEW_CONFIGS = {
  num_warps: 2,
  pid_type: 'flat',
  num_sm_multiplier: 1,
  indexing: 'pointer',
}

/** Settings of a kernel in a phase whose run folder is `folder`. */
export function inPhase(phase: 'collect' | 'measure', folder: string): Partial<Settings> {
  return {
    aotMode: phase,
    aotDataDir: folder,
    autotuneEffort: 'quick',
    autotuneRandomSeed: 1,
    autotuneConfigOverrides: FEW_CONFIGS,
    autotuneFinalTargetMs: 20,
    autotuneFinishingRounds: 0,
    autotuneMaxGenerations: 1,
    autotuneLogLevel: 100,
    // How many there are otherwise depends on how long tuning took.
    aotDensify: 0,
    skipCache: true,
  }
}

export type Copying = (x: Tensor) => Tensor
export type InPlace = (x: Tensor, k: number) => void

/** x + 1. */
export function plusOne(options: KernelOptions<Copying>): Kernel<Copying> {
  return aotKernel(options, function plus_one(x: Tensor) {
    const out = hl.emptyLike(x)
    for (const t of hl.tile(x.shape[0])) out.at(t).set(x.at(t).add(1))
    return out
  })
}

/** x *= k: doing it twice shows. */
export function multiply(options: KernelOptions<InPlace>): Kernel<InPlace> {
  return aotKernel(options, function multiply(x: Tensor, k: number) {
    for (const t of hl.tile(x.shape[0])) x.at(t).set(x.at(t).mul(k))
  })
}

/** Sums of rows; the number of rows does not count. */
export function rowSum(options: KernelOptions<Copying>): Kernel<Copying> {
  return aotKernel({ batched: [[0, null]], ...options }, function row_sum(x: Tensor) {
    const out = hl.empty([x.shape[0]])
    for (const t of hl.tile(x.shape[0])) out.at(t).set(x.at(t, ':').sum(-1))
    return out
  })
}

/** All records in a run folder. */
export function recordsIn(folder: string): readonly AotRecord[] {
  return hardwareIdsIn(folder).flatMap((id) => {
    const { records } = runFiles(folder, id)
    const result = readRecords(textLines(readFileSync(records, 'utf8')), records)
    if (result.problems.length > 0) throw new Error(JSON.stringify(result.problems))
    return result.records
  })
}

/** Records of one kind. */
export function eventsIn<Kind extends AotRecord['event']>(
  folder: string,
  kind: Kind,
): readonly Extract<AotRecord, { event: Kind }>[] {
  return recordsIn(folder).filter((record) => record.event === kind) as never
}

/** The latest measurement of each config on each shape. */
export function cellsIn(folder: string): readonly MeasurementRecord[] {
  const cells = new Map(
    eventsIn(folder, 'measurement').map((cell) => [`${cell.shape_hash} ${cell.config_hash}`, cell]),
  )
  return [...cells.values()]
}
