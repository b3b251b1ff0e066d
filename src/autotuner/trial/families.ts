/**
 * Which configs are not tried any more because others like them were lost: those with as many warps and as
 * many elements per tile, which decide how large a shader gets and what it takes of the device. A family is
 * given up after three ends of the same kind, unless one of it has worked.
 */
import type { Config } from '../../config/config.ts'
import { product } from '../../support/maths.ts'

const ENOUGH = 3

export class Families {
  /** Ends of each kind, by family. */
  readonly #ends = new Map<string, Map<string, number>>()
  readonly #working = new Set<string>()
  readonly #familyOf: (config: Config) => string

  constructor(of: (config: Config) => string = familyOf) {
    this.#familyOf = of
  }

  /** A config ended what tried it, in this way. */
  lost(config: Config, end: string): void {
    const family = this.#familyOf(config)
    const ends = this.#ends.get(family) ?? new Map<string, number>()
    this.#ends.set(family, ends.set(end, (ends.get(end) ?? 0) + 1))
  }

  works(config: Config): void {
    this.#working.add(this.#familyOf(config))
  }

  /** Why the config is not to be tried. */
  verdict(config: Config): string | undefined {
    const family = this.#familyOf(config)
    if (this.#working.has(family)) return undefined
    const lost = [...(this.#ends.get(family) ?? [])].find(([, count]) => count >= ENOUGH)
    return lost && `${lost[1]} configs with ${family} were lost (${lost[0]}), and none worked`
  }
}

/** What decides how large the shader of a kernel gets, and what it takes of the device. */
export function familyOf({ numWarps, blockSizes }: Config): string {
  return `num_warps ${numWarps} and tiles of ${product(blockSizes)} elements`
}
