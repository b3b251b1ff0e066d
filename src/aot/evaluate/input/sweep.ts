/**
 * A sweep: everything that was measured of one kernel on one device, merged over lines, files and runs.
 * Shapes are told apart by hash and features, configs by their contents; all samples of a cell are kept. The
 * order of the result does not depend on the order of the lines.
 */
import { type ConfigData, isOpen } from '../../../config/value.ts'
import { type BatchedSpec, type Features, withoutBatched } from '../../../heuristics/features.ts'
import { median } from '../../../support/maths.ts'
import { sha16, stableStringify } from '../../../support/stable.ts'
import type { ConfigFacts, ToldFacts } from '../../facts/told_facts.ts'
import type { KernelRecord, MeasurementStatus, RunRecord } from '../../records.ts'
import { addFacts, type FactsByShape, settledFacts } from './settled_facts.ts'

export interface SweepShape {
  readonly hash: string
  readonly features: Features
  readonly weight: number
}

export interface SweepConfig {
  readonly hash: string
  readonly data: ConfigData
  /** What it comes to on any shape, where the compiler has said so. */
  readonly facts?: ConfigFacts | undefined
}

export interface SweepCell {
  /** Milliseconds, in ascending order; empty when the config failed here. */
  readonly samples: readonly number[]
  /** Milliseconds with warm caches, where they were measured. */
  readonly warmMs?: number | undefined
  /** `ok`, or why the config may not run on this shape. */
  readonly status: MeasurementStatus
}

export interface Sweep {
  readonly kernel: string
  readonly shapes: readonly SweepShape[]
  readonly configs: readonly SweepConfig[]
  /** The cell of a shape and a config by their positions; `undefined` where nothing was measured. */
  readonly cell: (shape: number, config: number) => SweepCell | undefined
  /**
   * Milliseconds of a shape's default config, `undefined` where it is not known. Tools differ in what they
   * have for a default: the fastest counts, so that no gain is made up.
   */
  readonly defaultMs: (shape: number) => number | undefined
  /**
   * A shape's default config as records tell it, in complete fields, and its cell: the slowest where versions
   * of the compiler have had several. Undefined where it is not known or did not run.
   */
  readonly defaultCell: (shape: number) => DefaultCell | undefined
  /** How many measurements were of `{}`. */
  readonly openMeasurements: number
  /** What records say about the kernel; CSV files say nothing. */
  readonly facts: KernelRecord | undefined
  readonly run: RunRecord | undefined
}

export interface DefaultCell extends SweepCell {
  /** Hash of the config. */
  readonly hash: string
}

/** One outcome, from whichever kind of file. */
export interface Outcome {
  readonly shapeHash: string
  readonly features: Features
  readonly config: ConfigData
  readonly status: MeasurementStatus
  readonly samples: readonly number[]
  readonly warmMs?: number | undefined
  readonly weight?: number | undefined
  /** The config is the default of this shape. */
  readonly isDefault?: boolean | undefined
  /** Samples of a first round count where there are no others. */
  readonly isFirst?: boolean | undefined
  readonly facts?: ToldFacts | undefined
}

interface ShapeEntry {
  readonly hash: string
  readonly features: Features
  weight: number
}

/** Large sweeps have a million of them, mostly of one sample: those that stay empty share one list. */
interface CellEntry {
  samples: number[]
  firstSamples: number[]
  warmTimes: number[]
  failures: MeasurementStatus[]
  isDefault: boolean
}

const NONE = Object.freeze([]) as unknown as never[]

/** Collects the outcomes of one kernel. */
export class SweepBuilder {
  readonly kernel: string
  readonly #batched: BatchedSpec | undefined
  readonly #shapes = new Map<string, ShapeEntry>()
  readonly #configs = new Map<string, ConfigData>()
  readonly #cells = new Map<string, Map<string, CellEntry>>()
  readonly #told = new Map<string, FactsByShape>()
  #openMeasurements = 0
  readonly #shapeKeys = new WeakMap<Features, Map<string, string>>()
  readonly #configKeys = new WeakMap<ConfigData, string>()

  constructor(kernel: string, batched?: BatchedSpec) {
    this.kernel = kernel
    this.#batched = batched
  }

  add(outcome: Outcome): void {
    const shapeKey = this.#shapeKey(outcome)
    const configKey = this.#configKey(outcome.config)
    const shape = this.#shapes.get(shapeKey)
    if (shape && outcome.weight !== undefined) shape.weight = Math.max(shape.weight, outcome.weight)
    if (!shape) {
      const features = withoutBatched(outcome.features, this.#batched)
      this.#shapes.set(shapeKey, { hash: outcome.shapeHash, features, weight: outcome.weight ?? 1 })
    }
    // `{}` was the default of the tool that measured it, so it has a time, and cannot be chosen.
    if (isOpen(outcome.config)) this.#openMeasurements++
    else this.#configs.set(configKey, outcome.config)
    if (outcome.facts) {
      const told: FactsByShape = this.#told.get(configKey) ?? new Map()
      this.#told.set(configKey, told)
      addFacts(told, outcome.facts, outcome.features)
    }
    const cell = this.#cellOf(shapeKey, configKey)
    cell.isDefault ||= isOpen(outcome.config) || (outcome.isDefault ?? false)
    if (outcome.isFirst) cell.firstSamples = added(cell.firstSamples, outcome.samples)
    else cell.samples = added(cell.samples, outcome.samples)
    if (outcome.warmMs !== undefined) cell.warmTimes = added(cell.warmTimes, [outcome.warmMs])
    if (outcome.status !== 'ok') cell.failures = added(cell.failures, [outcome.status])
  }

  /** The merged sweep; `weights` overrides the weights of shapes by hash. */
  finish(
    facts: KernelRecord | undefined,
    run: RunRecord | undefined,
    weights: Readonly<Record<string, number>> = {},
  ): Sweep {
    const shapes = sortedEntries(this.#shapes)
    const configs = sortedEntries(this.#configs)
    return {
      kernel: this.kernel,
      shapes: shapes.map(([, shape]) => ({
        ...shape,
        weight: (Object.hasOwn(weights, shape.hash) ? weights[shape.hash] : undefined) ?? shape.weight,
      })),
      configs: configs.map(([hash, data]) => ({ hash, data, facts: settledFacts(this.#told.get(hash)) })),
      cell: (shape, config) => {
        const entry = this.#cells.get(shapes[shape]?.[0] ?? '')?.get(configs[config]?.[0] ?? '')
        return entry && settle(entry)
      },
      defaultMs: (shape) => {
        const cells = [...(this.#cells.get(shapes[shape]?.[0] ?? '')?.values() ?? [])]
        const times = cells.flatMap((entry) => {
          const { samples } = settle(entry)
          return entry.isDefault && samples.length > 0 ? median(samples) : []
        })
        return times.length > 0 ? Math.min(...times) : undefined
      },
      defaultCell: (shape) => {
        const row = this.#cells.get(shapes[shape]?.[0] ?? '')
        const cells = configs.flatMap(([hash]) => {
          const entry = row?.get(hash)
          const cell = entry?.isDefault ? settle(entry) : undefined
          return cell && cell.samples.length > 0 ? { ...cell, hash } : []
        })
        return cells.sort((a, b) => median(b.samples) - median(a.samples))[0]
      },
      openMeasurements: this.#openMeasurements,
      facts,
      run,
    }
  }

  #cellOf(shapeKey: string, configKey: string): CellEntry {
    const row = this.#cells.get(shapeKey) ?? new Map<string, CellEntry>()
    this.#cells.set(shapeKey, row)
    const known = row.get(configKey)
    if (known) return known
    const cell = { samples: NONE, firstSamples: NONE, warmTimes: NONE, failures: NONE, isDefault: false }
    row.set(configKey, cell)
    return cell
  }

  /**
   * Features first: the order of shapes, on which chance depends, is then the same whoever made the hashes.
   */
  #shapeKey({ features, shapeHash }: Outcome): string {
    const known = this.#shapeKeys.get(features) ?? new Map<string, string>()
    this.#shapeKeys.set(features, known)
    const key =
      known.get(shapeHash) ?? `${stableStringify(withoutBatched(features, this.#batched))} ${shapeHash}`
    known.set(shapeHash, key)
    return key
  }

  #configKey(config: ConfigData): string {
    const key = this.#configKeys.get(config) ?? sha16(config)
    this.#configKeys.set(config, key)
    return key
  }
}

/**
 * A wrong or refused config stays so; a time-out or an error is forgiven once the config ran all the same.
 */
function settle({ samples, firstSamples, warmTimes, failures }: CellEntry): SweepCell {
  for (const status of ['wrong', 'invalid'] as const)
    if (failures.includes(status)) return { samples: [], status }
  const kept = samples.length > 0 ? samples : firstSamples
  const warmMs = warmTimes.length > 0 ? median(warmTimes) : undefined
  if (kept.length > 0) return { samples: ascending(kept), warmMs, status: 'ok' }
  return { samples: [], status: [...failures].sort()[0] ?? 'error' }
}

function ascending(samples: readonly number[]): readonly number[] {
  return samples.length === 1 ? samples : samples.toSorted((a, b) => a - b)
}

/** The list with more at its end; an empty one may be that of others. */
function added<T>(list: T[], more: readonly T[]): T[] {
  if (list.length === 0) return [...more]
  list.push(...more)
  return list
}

function sortedEntries<T>(map: ReadonlyMap<string, T>): [string, T][] {
  return [...map].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
}
