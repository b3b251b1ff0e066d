/**
 * Files in, sweeps out: records of one or several runs of a device, and measurement CSVs, merged kernel by
 * kernel. What cannot be used is listed with file and line; nothing is fatal and nothing is lost in silence.
 */

import type { LineProblem } from '../../line_checks.ts'
import { type KernelRecord, type MeasurementRecord, type RunRecord, readRecords } from '../../records.ts'
import { type CsvMeasurement, readMeasurementCsv } from './measurement_csv.ts'
import { type SearchTrace, TraceCollector } from './search_traces.ts'
import { type Outcome, type Sweep, SweepBuilder } from './sweep.ts'

export interface InputFile {
  /** For messages, and its ending tells the format: `.csv`, anything else is records. */
  readonly path: string
  readonly lines: Iterable<string>
}

export interface ReadOptions {
  /** Kernels to read; all when absent or empty. */
  readonly kernels?: readonly string[] | undefined
  /** Only runs of this family; when absent, that of the first run decides. */
  readonly device?: string | undefined
  /** Weight by shape hash. */
  readonly weights?: Readonly<Record<string, number>> | undefined
}

export interface ReadSweeps {
  readonly sweeps: readonly Sweep[]
  /** What the searches of these kernels tried. */
  readonly searches: readonly SearchTrace[]
  readonly problems: readonly LineProblem[]
  /** Device family that the records name; `undefined` for CSV files alone. */
  readonly device: string | undefined
}

/** A measurement with what applied to it when it was written. */
interface Sighting {
  readonly record: MeasurementRecord
  readonly sourceHash: string | undefined
  readonly file: string
  readonly line: number
}

export function readSweeps(files: readonly InputFile[], options: ReadOptions = {}): ReadSweeps {
  const problems: LineProblem[] = []
  const collector = new Collector(options, problems)
  for (const file of files) {
    if (file.path.endsWith('.csv'))
      for (const row of readMeasurementCsv(file.lines, file.path, problems)) collector.add(row)
    else collector.addRecords(file)
  }
  const { device, searches } = collector
  return { sweeps: collector.finish(), searches, problems, device }
}

/** Builders by kernel. Measurements from records wait until the current version of their kernel is known. */
class Collector {
  device: string | undefined
  readonly #options: ReadOptions
  readonly #problems: LineProblem[]
  readonly #builders = new Map<string, SweepBuilder>()
  readonly #facts = new Map<string, { readonly record: KernelRecord; readonly at: string }>()
  readonly #waiting = new Map<string, Sighting[]>()
  readonly #traces = new TraceCollector()
  #run: RunRecord | undefined

  constructor(options: ReadOptions, problems: LineProblem[]) {
    this.#options = options
    this.#problems = problems
    this.device = options.device
  }

  /** One measurement of a CSV. */
  add({ kernel, shapeHash, features, config, timingMs, facts }: CsvMeasurement): void {
    if (!this.#isWanted(kernel)) return
    const builder = this.#builders.get(kernel) ?? new SweepBuilder(kernel)
    this.#builders.set(kernel, builder)
    builder.add({ shapeHash, features, config, status: 'ok', samples: [timingMs], facts })
  }

  addRecords({ path, lines }: InputFile): void {
    const { records, problems, lineNumbers } = readRecords(lines, path)
    this.#problems.push(...problems)
    let run: RunRecord | undefined
    let isForeign = false
    const hashes = new Map<string, string>()
    records.forEach((record, index) => {
      const line = lineNumbers[index] ?? 0
      if (record.event === 'run') {
        run = record
        this.device ??= run.device_family
        isForeign = run.device_family !== this.device
        if (!isForeign && (!this.#run || run.started_at > this.#run.started_at)) this.#run = run
      }
      if (!isForeign) this.#traces.add(record)
      if (isForeign)
        this.#refuse(path, line, `of another device, ${run?.device_family} instead of ${this.device}`)
      else if (record.event === 'kernel') {
        hashes.set(record.kernel, record.source_hash)
        this.#learn(record, run?.started_at ?? '')
      } else if (record.event === 'measurement' && this.#isWanted(record.kernel)) {
        const waiting = this.#waiting.get(record.kernel) ?? []
        this.#waiting.set(record.kernel, waiting)
        waiting.push({ record, sourceHash: hashes.get(record.kernel), file: path, line })
      }
    })
  }

  get searches(): readonly SearchTrace[] {
    return this.#traces.finish().filter(({ kernel }) => this.#isWanted(kernel))
  }

  /** The sweeps, by name of kernel. */
  finish(): readonly Sweep[] {
    for (const [kernel, sightings] of this.#waiting) this.#addCurrent(kernel, sightings)
    const kernels = [...this.#builders.keys()].sort()
    return kernels.flatMap((kernel) => {
      const facts = this.#facts.get(kernel)?.record
      const builder = this.#builders.get(kernel)
      return builder ? [builder.finish(facts, this.#run, this.#options.weights)] : []
    })
  }

  #addCurrent(kernel: string, sightings: readonly Sighting[]): void {
    const facts = this.#facts.get(kernel)?.record
    const builder = new SweepBuilder(kernel, facts?.batched)
    this.#builders.set(kernel, this.#builders.get(kernel) ?? builder)
    for (const { record, sourceHash, file, line } of sightings) {
      if (facts && sourceHash !== undefined && sourceHash !== facts.source_hash) {
        this.#refuse(file, line, `of an older version of kernel ${kernel}`)
        continue
      }
      this.#builders.get(kernel)?.add(outcomeOf(record))
    }
  }

  /** The newest record of a kernel says which version is current. */
  #learn(record: KernelRecord, at: string): void {
    const known = this.#facts.get(record.kernel)
    if (!known || at >= known.at) this.#facts.set(record.kernel, { record, at })
  }

  #isWanted(kernel: string): boolean {
    const { kernels } = this.#options
    return !kernels || kernels.length === 0 || kernels.includes(kernel)
  }

  #refuse(file: string, line: number, reason: string): void {
    this.#problems.push({ file, line, kind: 'foreign', reason })
  }
}

/** What a sweep takes from a record. */
export function outcomeOf(record: MeasurementRecord): Outcome {
  return {
    shapeHash: record.shape_hash,
    features: record.shape_features,
    config: record.config,
    status: record.status,
    samples: record.samples,
    warmMs: record.warm_ms,
    weight: record.weight,
    isDefault: record.is_default,
    isFirst: record.round === 'first',
    facts: record.facts,
  }
}
