/** Files and settings that hold configs, as accidents and enemies leave them: a config, or a sentence. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { Config } from '../../src/config/config.ts'
import { ConfigSpec } from '../../src/config/config_spec.ts'
import type { ConfigData } from '../../src/config/value.ts'
import { HelionError, unlessRefused } from '../../src/support/errors.ts'
import { resolveSettings } from '../../src/support/resolve_settings.ts'
import { forEachMutation } from '../mutations.ts'
import { temporaryFolder } from '../temporary_folder.ts'
import { matmulInput } from './spec_inputs.ts'

const spec = new ConfigSpec(matmulInput())
const path = join(temporaryFolder(), 'config.json')

function orRefused<T>(action: () => T): T | undefined {
  try {
    return action()
  } catch (error) {
    if (!(error instanceof HelionError)) throw error
    return undefined
  }
}

it('Config.load', async () => {
  const whole = { ...spec.defaultConfig().data, flavour: 'plain', order: [[1, 0]] }
  new Config(whole).save(path)
  await forEachMutation(JSON.stringify(whole, null, 2), 41, (text) => {
    writeFileSync(path, text)
    const config = orRefused(() => Config.load(path))
    if (!config) return
    expect(Object.getPrototypeOf(config.data)).toBe(Object.prototype)
    expect(new Config(JSON.parse(JSON.stringify(config))).hash).toBe(config.hash)
    expect(String(config)).toMatch(/^new Config\(/)
    for (const manner of ['strict', 'repair'] as const) unlessRefused(() => spec.normalize(config, manner))
  })
  expect({}).not.toHaveProperty('polluted')
})

it('a field named __proto__ is refused', () => {
  expect(() => Config.fromJSON('{"num_warps": 4, "__proto__": [[1, 2]]}')).toThrow(
    'config has a field named __proto__, which is no name',
  )
})

it.each([
  ['autotuneConfigOverrides', { num_warps: 4, block_sizes: [16, 16, 16] }],
  ['autotuneSeedConfigs', [{ num_warps: 4 }, { block_sizes: [32, 16, 16] }]],
] as const)('the setting %s', async (name, value) => {
  await forEachMutation(JSON.stringify(value, null, 2), 42, (text) => {
    writeFileSync(path, text)
    for (const given of [text, path]) {
      const settings = orRefused(() => resolveSettings({ [name]: given }, () => undefined))
      for (const fields of [settings?.[name] ?? []].flat())
        orRefused(() => spec.normalize(new Config(fields as ConfigData), 'repair'))
    }
  })
})
