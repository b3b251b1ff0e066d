/**
 * `hl.registerTunable`: plain numbers and other values that a config chooses. A kernel is traced for each of
 * their combinations that is asked for, since anything in it may depend on them.
 */
import type { Fragment } from '../../config/fragments.ts'
import { slotOf, type TunableConfig, type TunableValues } from '../../config/tunable_space.ts'
import { type ConfigData, type ConfigValue, printValue } from '../../config/value.ts'
import { callSite } from '../../support/call_site.ts'
import { AuthorError, ConfigError } from '../../support/errors.ts'
import { stableStringify } from '../../support/stable.ts'

/** The value that the config has for a name, from a range (`hl.powerOf2(1, 16)`) or a list. */
export type RegisterTunable = <const Values extends TunableValues>(
  name: string,
  values: Values,
) => TunableConfig<{ value: Values }>['value']

/** The tunables of one kernel, with the values that it is traced for. */
export class Tunables {
  readonly #values: ConfigData
  readonly #ranges = new Map<string, Fragment>()

  /** Those without a value have their default. */
  constructor(values: ConfigData = {}) {
    this.#values = values
  }

  /** What each may be, by name. */
  get ranges(): Readonly<Record<string, Fragment>> {
    return Object.fromEntries(this.#ranges)
  }

  register(name: unknown, values: TunableValues): ConfigValue {
    const range = rangeOf(name, values)
    const known = this.#ranges.get(range.field)
    if (known && !sameRange(known, range.fragment)) {
      throw new AuthorError(`the tunable ${range.field} is registered twice, with different values`, {
        location: callSite(),
        remedy: 'Register it once and pass its value on, or give the second one another name.',
      })
    }
    this.#ranges.set(range.field, range.fragment)
    const value = this.#values[range.field]
    return value === undefined ? range.fragment.default : value
  }
}

function sameRange(a: Fragment, b: Fragment): boolean {
  return stableStringify([a.fingerprint, a.default]) === stableStringify([b.fingerprint, b.default])
}

function rangeOf(name: unknown, values: TunableValues): ReturnType<typeof slotOf> {
  if (typeof name !== 'string' || !/^[A-Za-z_]\w*$/.test(name)) {
    throw new AuthorError(`a tunable is named ${typeof name === 'string' ? printValue(name) : typeof name}`, {
      location: callSite(),
      remedy: 'Its name stands in configs: letters, digits and _.',
    })
  }
  if (!Array.isArray(values) && typeof (values as Partial<Fragment> | null)?.nearest !== 'function') {
    throw new AuthorError(`the tunable ${name} has no range`, {
      location: callSite(),
      remedy: 'Give hl.powerOf2(1, 16), hl.integer(1, 8), hl.oneOf(…), or a list of values.',
    })
  }
  try {
    return slotOf(name, values)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    const { what, remedy } = error
    throw new AuthorError(what, { location: callSite(), ...(remedy && { remedy }) })
  }
}
