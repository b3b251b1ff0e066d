/**
 * What searches tried, shape by shape, from the records of a run: the material for pictures of how they went.
 * Of a shape that several runs searched, the latest run counts.
 */
import type { ConfigData } from '../../../config/value.ts'
import type { Features } from '../../../heuristics/features.ts'
import { median } from '../../../support/maths.ts'
import type { AotRecord } from '../../records.ts'

/** One config that a search tried. */
export interface TracedTrial {
  readonly config: ConfigData
  readonly status: string
  /** Absent where it failed; the median of the times taken in turns with others, where there are any. */
  readonly ms: number | undefined
  readonly reason: string | undefined
  readonly origin: string | undefined
  /** Since the search of this shape began. */
  readonly seconds: number
}

/** The search of one shape. */
export interface SearchTrace {
  readonly kernel: string
  readonly features: Features
  /** By hash as in the trials; what runs there without a module. */
  readonly defaultConfig: ConfigData | undefined
  readonly trials: readonly TracedTrial[]
}

interface Shape {
  readonly run: string
  readonly trials: Map<string, TracedTrial & { readonly turns: number[] }>
}

export class TraceCollector {
  readonly #shapes = new Map<string, Map<string, Shape>>()
  readonly #met = new Map<string, Pick<SearchTrace, 'features' | 'defaultConfig'>>()
  readonly #sources = new Map<string, string>()
  #run = ''

  add(record: AotRecord): void {
    switch (record.event) {
      case 'run':
        this.#run = record.run_id
        return
      case 'kernel':
        // What an older version of the kernel did is of no interest.
        if (this.#sources.get(record.kernel) !== record.source_hash) this.#shapes.delete(record.kernel)
        this.#sources.set(record.kernel, record.source_hash)
        return
      case 'shape':
        this.#met.set(`${record.kernel} ${record.shape_hash}`, {
          features: record.shape_features,
          defaultConfig: record.default_config,
        })
        return
      case 'trial':
        this.#shapeOf(record.kernel, record.shape_hash).trials.set(record.config_hash, {
          config: record.config,
          status: record.status,
          ms: record.time?.ms,
          reason: record.reason,
          origin: record.origin,
          seconds: record.seconds,
          turns: [],
        })
        return
      case 'turns':
        for (const [index, { ms }] of record.times.entries()) {
          const hash = record.config_hashes[index] ?? ''
          this.#shapeOf(record.kernel, record.shape_hash).trials.get(hash)?.turns.push(ms)
        }
        return
      default:
    }
  }

  /** The searches of all kernels; shapes in the order in which they were searched. */
  finish(): readonly SearchTrace[] {
    return [...this.#shapes].flatMap(([kernel, shapes]) =>
      [...shapes].map(([hash, { trials }]) => ({
        kernel,
        features: {},
        defaultConfig: undefined,
        ...this.#met.get(`${kernel} ${hash}`),
        trials: [...trials.values()].map(({ turns, ...trial }) =>
          turns.length > 0 && trial.ms !== undefined ? { ...trial, ms: median(turns) } : trial,
        ),
      })),
    )
  }

  #shapeOf(kernel: string, hash: string): Shape {
    const shapes = this.#shapes.get(kernel) ?? new Map<string, Shape>()
    this.#shapes.set(kernel, shapes)
    const known = shapes.get(hash)
    if (known?.run === this.#run) return known
    const shape: Shape = { run: this.#run, trials: new Map() }
    shapes.set(hash, shape)
    return shape
  }
}
