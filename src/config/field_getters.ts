/** The getters that `Config` has for its fields: made from the rows. */
import type { FieldGetters } from './field_types.ts'
import { ACTING_ROWS, type ActingField, FIELDS } from './fields.ts'
import { type ConfigData, type ConfigValue, isList } from './value.ts'

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
