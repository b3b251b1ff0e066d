/** All chance in this package: one seeded generator, so that every run can be repeated. */
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64'
import { uniformInt } from 'pure-rand/distribution/uniformInt'
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus'

export class Random {
  readonly seed: number
  readonly #source: ReturnType<typeof xoroshiro128plus>

  /** `seed` is taken modulo 2^32. */
  constructor(seed: number) {
    this.seed = seed >>> 0
    this.#source = xoroshiro128plus(this.seed)
  }

  /** Uniform in [0, 1). */
  next(): number {
    return uniformFloat64(this.#source)
  }

  /** Uniform integer in low..high, both included. */
  int(low: number, high: number): number {
    return uniformInt(this.#source, low, high)
  }

  boolean(): boolean {
    return this.int(0, 1) === 1
  }

  /** One of `items`, which must not be empty. */
  choice<T>(items: readonly T[]): T {
    if (items.length === 0) throw new Error('choice of an empty list')
    return items[this.int(0, items.length - 1)] as T
  }

  /** A new array with the items in random order (Fisher-Yates). */
  shuffle<T>(items: readonly T[]): T[] {
    const result = [...items]
    for (let i = result.length - 1; i > 0; i--) {
      const j = this.int(0, i)
      ;[result[i], result[j]] = [result[j] as T, result[i] as T]
    }
    return result
  }

  /** `count` distinct items in random order; all of them when there are fewer. */
  sample<T>(items: readonly T[], count: number): T[] {
    return this.shuffle(items).slice(0, count)
  }
}
