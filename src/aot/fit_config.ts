/** From the plain data of a config, as records and modules hold it, to complete fields for one call. */
import { Config } from '../config/config.ts'
import type { ConfigSpec } from '../config/config_spec.ts'
import { FIELDS, isFieldName } from '../config/fields.ts'
import { type ConfigData, isList, isOpen } from '../config/value.ts'

/** Throws ConfigError where the config does not fit the kernel. */
export function fitConfig(spec: ConfigSpec, data: ConfigData): Config {
  return isOpen(data) ? spec.defaultConfig() : spec.normalize(new Config(data), 'strict')
}

/**
 * The same config with every field named, for whatever shape: what it leaves open is filled in as this call's
 * default has it, sizes beyond those of this call stay. Throws ConfigError like `fitConfig`.
 */
export function completeConfig(spec: ConfigSpec, data: ConfigData): ConfigData {
  const entries = Object.entries(fitConfig(spec, data).data).map(([field, fitted]) => {
    const given = data[field] ?? fitted
    const isWhole = isList(given) && isList(fitted) && given.length === fitted.length
    return [field, isWhole && isFieldName(field) && FIELDS[field].fitted ? given : fitted] as const
  })
  return Object.fromEntries(entries)
}
