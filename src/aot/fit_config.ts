/** From the plain data of a config, as records and modules hold it, to a complete config for one call. */
import { Config } from '../config/config.ts'
import type { ConfigSpec } from '../config/config_spec.ts'
import type { ConfigData } from '../config/value.ts'

/** Stands for the default config of whatever shape it is used with. */
export const DEFAULT_CONFIG: ConfigData = Object.freeze({})

/** Throws ConfigError where the config does not fit the kernel. */
export function fitConfig(spec: ConfigSpec, data: ConfigData): Config {
  return Object.keys(data).length === 0 ? spec.defaultConfig() : spec.normalize(new Config(data), 'strict')
}
