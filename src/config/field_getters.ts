/** The getters that `Config` has for its fields, and what people write for them: made from the rows. */
import { ACTING_ROWS, type ActingField, FIELDS, type FieldValues } from './fields.ts'
import { type ConfigData, type ConfigValue, isList } from './value.ts'

/** The value, or one entry for all places where that is a list of plain values. */
type Written<Value> = Value extends readonly (infer Entry)[]
  ? Value | (Entry extends readonly unknown[] ? never : Entry)
  : Value

/** Every field that acts, as people write it. */
export type FieldInputs = { readonly [F in keyof FieldValues]?: Written<FieldValues[F]> }

type CamelCase<Name extends string> = Name extends `${infer Head}_${infer Tail}`
  ? `${Head}${Capitalize<CamelCase<Tail>>}`
  : Name

/** `blockSizes` for `block_sizes`, and so on; where nothing is said lists are empty, values the default. */
export type FieldGetters = { readonly [F in ActingField as CamelCase<F>]: FieldValues[F] }

class Getters {
  readonly data: ConfigData

  constructor(data: ConfigData) {
    this.data = data
  }
}

for (const field of ACTING_ROWS.keys()) {
  Object.defineProperty(Getters.prototype, camelCase(field), {
    configurable: true,
    get(this: Getters): ConfigValue {
      return heldBy(this.data, field)
    },
  })
}

/** A config's data with a getter for each field. */
export const ConfigFields: new (data: ConfigData) => FieldGetters & { readonly data: ConfigData } =
  Getters as new (
    data: ConfigData,
  ) => Getters & FieldGetters

function heldBy(data: ConfigData, field: ActingField): ConfigValue {
  const value = data[field]
  if (FIELDS[field].per === 'kernel') return value ?? FIELDS[field].default
  if (value === undefined) return []
  return isList(value) ? value : [value]
}

function camelCase(field: string): string {
  return field.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase())
}
