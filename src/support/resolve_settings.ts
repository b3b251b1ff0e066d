/** Settings of one kernel: what code says, else what the environment says now, else the table. */
import { UsageError } from './errors.ts'
import { environment, nodeProcess } from './node.ts'
import type { GivenSettings, SettingName, Settings } from './settings.ts'
import { SETTINGS, type SettingRow } from './settings_table.ts'

/**
 * All settings: what `given` says, else what the environment says now, else the default. Throws UsageError
 * for an unknown key, a value of the wrong kind, and text in the environment that means nothing.
 */
export function resolveSettings(
  given: GivenSettings = {},
  readEnvironment: (name: string) => string | undefined = environment,
): Settings {
  for (const name of Object.keys(given)) if (!Object.hasOwn(SETTINGS, name)) throw unknownSetting(name)
  const rows = Object.entries(SETTINGS) as [SettingName, SettingRow<unknown>][]
  const values = rows.map(([name, row]) => [name, settingValue(name, row, given[name], readEnvironment)])
  return Object.freeze(Object.fromEntries(values)) as Settings
}

/** A setting as a message names it: by its variable too, where there is an environment. */
export function settingText(name: SettingName): string {
  const { env } = SETTINGS[name]
  return nodeProcess && env ? `${name} (${env})` : name
}

function settingValue(
  name: SettingName,
  { kind, env, default: standard }: SettingRow<unknown>,
  given: unknown,
  readEnvironment: (name: string) => string | undefined,
): unknown {
  // Empty text says nothing, wherever it stands.
  const inCode = given !== undefined && given !== ''
  const said = inCode ? given : env && readEnvironment(env)
  if (said === undefined || said === '') return standard
  const value = kind.read(said)
  if (value !== undefined) return value
  const what = inCode ? `setting ${name}` : `environment variable ${env}`
  throw new UsageError(`${what} is ${JSON.stringify(said)}; allowed: ${kind.allowed}`)
}

function unknownSetting(name: string): UsageError {
  const near = Object.keys(SETTINGS).filter((known) => known.toLowerCase().includes(name.toLowerCase()))
  return new UsageError(`unknown setting ${name}`, {
    remedy:
      near.length > 0 ? `Known are ${near.join(', ')}.` : `Known are ${Object.keys(SETTINGS).join(', ')}.`,
  })
}
