/** The key of a kernel: what of a binding, a device and the settings decides which config is best. */
import type { Config } from '../../config/config.ts'
import type { ConfigSpec } from '../../config/config_spec.ts'
import type { BoundKernel } from '../../kernel/bound_kernel.ts'
import { describeAdapter } from '../../runtime/adapter/adapter.ts'
import { webgpuVersion } from '../../runtime/adapter/webgpu_version.ts'
import type { Device } from '../../runtime/device.ts'
import { toolName } from '../../support/package_version.ts'
import type { SettingName, Settings } from '../../support/settings.ts'
import { SETTINGS } from '../../support/settings_table.ts'
import { sha16, stableStringify } from '../../support/stable.ts'
import type { CacheKey } from './cache_key.ts'

/** Settings that change code, accuracy, or which configs a search may choose. */
const DECISIVE = [
  'autotuneConfigOverrides',
  'autotuneBestOfK',
  'autotuneAccuracyCheck',
  'autotuneFlushCache',
  'autotuneBaselineAtol',
  'autotuneBaselineRtol',
  'persistentReservedSms',
] as const satisfies readonly SettingName[]

export interface KernelTask {
  readonly bound: BoundKernel
  readonly device: Device
  readonly spec: ConfigSpec
  readonly settings: Settings
  /** Configs to choose from instead of searching the space. */
  readonly choices?: readonly Config[] | undefined
}

/** All that is known of the task; functions among the arguments count by what they do to the program. */
export function kernelKey({ bound, device, spec, settings, choices }: KernelTask): CacheKey {
  const { vendor, architecture, device: name, description } = device.info
  const { configFilter } = bound.definition.options.own
  return {
    kernel: bound.definition.name,
    ir: bound.irHash,
    specialization: bound.key.replace(/@\d+/g, '@'),
    space: spec.fingerprint,
    device: [vendor, architecture, name].filter(Boolean).join(' ') || describeAdapter(device.info),
    settings: stableStringify({
      ...decisive(settings),
      choices: choices && sha16(choices.map(({ data }) => data)),
      configFilter: configFilter && sha16(String(configFilter)),
    }),
    tool: toolName(),
    runtime: webgpuVersion(),
    driver: description,
  }
}

function decisive(settings: Settings): Readonly<Record<string, unknown>> {
  const changed = DECISIVE.filter(
    (name) => stableStringify(settings[name]) !== stableStringify(SETTINGS[name].default),
  )
  return Object.fromEntries(changed.map((name) => [name, settings[name]]))
}
