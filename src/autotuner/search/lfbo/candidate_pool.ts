/**
 * Configs that a search thinks of but has not measured. Nothing is forgotten because it was passed over once:
 * a config leaves when it is chosen to be measured, or when the pool is full of better ones.
 */
import type { Config } from '../../../config/config.ts'
import { leafSimilarity } from '../model/forest.ts'
import type { Surrogate } from '../model/surrogate.ts'
import type { ConfigGeneration, FlatConfig } from '../session/config_generation.ts'

export interface PoolEntry {
  readonly flat: FlatConfig
  readonly point: Float64Array
  readonly origin: string
}

export class CandidatePool {
  readonly #generation: ConfigGeneration
  readonly #capacity: number
  readonly #entries = new Map<string, PoolEntry>()
  readonly #measured = new Set<string>()

  constructor(generation: ConfigGeneration, capacity: number) {
    this.#generation = generation
    this.#capacity = capacity
  }

  get size(): number {
    return this.#entries.size
  }

  /** Adds slot values in the form of candidates; false when they are known already. */
  add(flat: FlatConfig, origin: string): boolean {
    const key = JSON.stringify(flat)
    if (this.#measured.has(key) || this.#entries.has(key)) return false
    this.#entries.set(key, { flat, point: this.#generation.encodeFlat(flat), origin })
    return true
  }

  /** Whether slot values were taken out. */
  isOut(flat: FlatConfig): boolean {
    return this.#measured.has(JSON.stringify(flat))
  }

  /** Takes slot values out, for good, in the form of candidates; false where they were out already. */
  reserve(flat: FlatConfig): boolean {
    const key = JSON.stringify(flat)
    if (this.#measured.has(key)) return false
    this.#measured.add(key)
    this.#entries.delete(key)
    return true
  }

  /** Takes a config out, for good. */
  measured(config: Config): void {
    this.reserve(this.#generation.flatten(config))
  }

  /**
   * Takes out the `count` most promising entries, for good. Each one after the first loses what `penalty`
   * takes off for being like those before it, in the eyes of the model. The least promising leave where the
   * pool is full.
   */
  take(surrogate: Surrogate, count: number, penalty: number): readonly PoolEntry[] {
    const ranked = [...this.#entries]
      .map(([key, entry]) => ({ key, entry, promise: surrogate.promise(entry.point) }))
      .sort((a, b) => b.promise - a.promise)
    for (const { key } of ranked.slice(this.#capacity)) this.#entries.delete(key)
    const rivals = ranked.slice(0, RIVALS * count).map(({ key, entry, promise }) => ({
      key,
      entry,
      promise,
      leaves: surrogate.leaves(entry.point),
      likeness: 0,
    }))
    const taken: PoolEntry[] = []
    while (taken.length < count && rivals.length > 0) {
      const worth = ({ promise, likeness }: (typeof rivals)[number]) =>
        promise - (LIKENESS * penalty * likeness) / Math.max(1, taken.length)
      const best = rivals.reduce((a, b) => (worth(b) > worth(a) ? b : a))
      rivals.splice(rivals.indexOf(best), 1)
      for (const rival of rivals) rival.likeness += leafSimilarity(rival.leaves, best.leaves)
      this.reserve(best.entry.flat)
      taken.push(best.entry)
    }
    return taken
  }
}

/** As many times more entries than are wanted are compared with each other. */
const RIVALS = 8
/** What a penalty of 1 takes off a twin, where the fastest known config has a promise of about 1. */
const LIKENESS = 0.1
