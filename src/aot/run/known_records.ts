/**
 * What the records of a run know, looked up by kernel, shape and config, so that no work is done twice.
 * Results of an earlier version of a kernel's source do not count.
 */
import { stableStringify } from '../../support/stable.ts'
import type {
  AotRecord,
  FailureRecord,
  KernelRecord,
  MeasurementRecord,
  RunRecord,
  ShapeRecord,
  TunedRecord,
} from '../records.ts'
import { Attempts } from './attempts.ts'

interface KernelKnowledge {
  readonly record: KernelRecord | undefined
  /** By shape hash: the latest word on each shape. */
  readonly shapes: Map<string, ShapeRecord>
  /** By shape hash. */
  readonly tuned: Map<string, TunedRecord>
  /** By shape hash, then by config hash. */
  readonly cells: Map<string, Map<string, MeasurementRecord>>
  /** By phase and shape hash: the latest failure, unless the shape succeeded since. */
  readonly failures: Map<string, FailureRecord>
}

export class KnownRecords {
  readonly attempts: Attempts = new Attempts()
  #run: RunRecord | undefined
  readonly #kernels = new Map<string, KernelKnowledge>()

  constructor(records: Iterable<AotRecord> = []) {
    for (const record of records) this.add(record)
  }

  add(record: AotRecord): void {
    switch (record.event) {
      case 'run':
        this.#run = record
        return
      case 'kernel':
        this.#addKernel(record)
        return
      case 'shape':
        this.#of(record.kernel).shapes.set(record.shape_hash, record)
        return
      case 'tuned':
        this.#of(record.kernel).tuned.set(record.shape_hash, record)
        this.#of(record.kernel).failures.delete(`collect ${record.shape_hash}`)
        return
      case 'failure':
        this.#of(record.kernel).failures.set(`${record.phase} ${record.shape_hash}`, record)
        return
      case 'measurement':
        this.#addMeasurement(record)
        return
      default:
        this.attempts.add(record)
    }
  }

  /** The run that the latest lines belong to. */
  get run(): RunRecord | undefined {
    return this.#run
  }

  /** Names of kernels in the order in which they appeared. */
  get kernels(): readonly string[] {
    return [...this.#kernels.keys()]
  }

  kernel(name: string): KernelRecord | undefined {
    return this.#kernels.get(name)?.record
  }

  /** Shapes of a kernel, in the order in which they were met. */
  shapes(kernel: string): readonly ShapeRecord[] {
    return [...(this.#kernels.get(kernel)?.shapes.values() ?? [])]
  }

  /** Tuned shapes of a kernel, in the order in which they were tuned. */
  tuned(kernel: string): readonly TunedRecord[] {
    return [...(this.#kernels.get(kernel)?.tuned.values() ?? [])]
  }

  tunedShape(kernel: string, shapeHash: string): TunedRecord | undefined {
    return this.#kernels.get(kernel)?.tuned.get(shapeHash)
  }

  /** Measurements of a shape by config hash. */
  measured(kernel: string, shapeHash: string): ReadonlyMap<string, MeasurementRecord> {
    return this.#kernels.get(kernel)?.cells.get(shapeHash) ?? new Map()
  }

  /** Shapes that have any measurement. */
  measuredShapes(kernel: string): readonly string[] {
    return [...(this.#kernels.get(kernel)?.cells.keys() ?? [])]
  }

  /** Shapes of a kernel that could not be tuned or measured. */
  failures(kernel: string): readonly FailureRecord[] {
    return [...(this.#kernels.get(kernel)?.failures.values() ?? [])]
  }

  #addKernel(record: KernelRecord): void {
    const known = this.#kernels.get(record.kernel)
    const sameSource = known?.record?.source_hash === record.source_hash
    if (!sameSource) this.attempts.forget(record.kernel)
    this.#kernels.set(record.kernel, { ...(known && sameSource ? known : nothing()), record })
  }

  #addMeasurement(record: MeasurementRecord): void {
    const { cells, failures } = this.#of(record.kernel)
    failures.delete(`measure ${record.shape_hash}`)
    const shape = cells.get(record.shape_hash) ?? new Map<string, MeasurementRecord>()
    cells.set(record.shape_hash, shape)
    if (record.round === 'turns') settleFirsts(shape)
    shape.set(record.config_hash, record)
  }

  #of(kernel: string): KernelKnowledge {
    const known = this.#kernels.get(kernel) ?? nothing()
    this.#kernels.set(kernel, known)
    return known
  }
}

/** Where some were timed in turns, others were too slow for that: their first times are all there will be. */
function settleFirsts(shape: Map<string, MeasurementRecord>): void {
  for (const [hash, { round, ...cell }] of shape) if (round === 'first') shape.set(hash, cell)
}

function nothing(): KernelKnowledge {
  return { record: undefined, shapes: new Map(), tuned: new Map(), cells: new Map(), failures: new Map() }
}

/** Whether two records say the same, whatever the order of their fields, apart from those in `except`. */
export function sameRecord(a: object | undefined, b: object, except: readonly string[] = []): boolean {
  const text = (record: object) =>
    stableStringify(Object.fromEntries(Object.entries(record).filter(([name]) => !except.includes(name))))
  return a !== undefined && text(a) === text(b)
}
