/** Ranges of tunables, as people write them: `tunables: { block: tunable.powerOf2(16, 256) }`. */
import { entryPoint } from '../support/call_site.ts'
import { UsageError } from '../support/errors.ts'
import { isPowerOf2 } from '../support/maths.ts'
import { takes } from '../support/signature.ts'
import { permutation } from './composite_fragments.ts'
import { boolean, choice, type Fragment, integer, powerOf2 } from './fragments.ts'
import type { TunableRange } from './tunable_space.ts'
import { type ConfigValue, toConfigValue } from './value.ts'

/** The ranges that a tunable may have; those who tune see their values, and searches move in them. */
export interface TunableRanges {
  /** Powers of two from `low` to `high`, both included; starts from `standard`, else from `low`. */
  readonly powerOf2: (low: number, high: number, standard?: number) => TunableRange<number>
  /** Integers from `low` to `high`, both included; starts from `standard`, else from `low`. */
  readonly integer: (low: number, high: number, standard?: number) => TunableRange<number>
  /** One of several values, none of which is nearer to another; starts from the first. */
  readonly enumeration: <const Value extends ConfigValue>(...values: readonly Value[]) => TunableRange<Value>
  /** False or true; starts from `standard`, else from false. */
  readonly boolean: (standard?: boolean) => TunableRange<boolean>
  /** An order of 0 to `count` - 1; starts from that one. */
  readonly permutation: (count: number) => TunableRange<readonly number[]>
}

/** Makes ranges of tunables. */
export const tunable: TunableRanges = tunableRanges('tunable')

/** The makers of ranges as members of `owner`, by which messages name them. */
export function tunableRanges(owner: string): TunableRanges {
  return Object.freeze({
    powerOf2: entryPoint(range(`${owner}.powerOf2`, powerOf2, 'powers of two', isPowerOf2)),
    integer: entryPoint(range(`${owner}.integer`, integer, 'integers', Number.isInteger)),
    enumeration: entryPoint(<Value extends ConfigValue>(...values: readonly Value[]) => {
      const choices = values.map((value, index) => toConfigValue(value, `${owner}.enumeration(…)[${index}]`))
      if (choices.length === 0) throw new UsageError(`${owner}.enumeration needs values to choose from`)
      return choice(choices) as TunableRange<Value>
    }),
    boolean: entryPoint(
      takes(
        `${owner}.boolean`,
        'standard?: flag',
        (standard = false): TunableRange<boolean> => boolean(standard) as TunableRange<boolean>,
      ),
    ),
    permutation: entryPoint(
      takes(`${owner}.permutation`, 'count: number', (count: number): TunableRange<readonly number[]> => {
        if (Number.isInteger(count) && count >= 1)
          return permutation(count) as TunableRange<readonly number[]>
        throw new UsageError(`${owner}.permutation(${count}) orders nothing`, {
          remedy: 'Give it a count of things.',
        })
      }),
    ),
  })
}

function range(
  what: string,
  make: (low: number, high: number, standard?: number) => Fragment,
  kind: string,
  fits: (value: number) => boolean,
): TunableRanges['integer'] {
  return takes(what, 'low: number, high: number, standard?: number', (low, high, standard = low) => {
    if (fits(low) && fits(high) && fits(standard) && low <= standard && standard <= high)
      return make(low, high, standard) as TunableRange<number>
    throw new UsageError(`${what}(${low}, ${high}, ${standard}) is no range`, {
      remedy: `Give ${kind}, the least first, and a start between them.`,
    })
  })
}
