/** The device is named by a process of its own, and here where there can be none. */
import { fileURLToPath } from 'node:url'
import { expect, it, vi } from 'vitest'
import { nameDevice } from '../../src/cli/name_device.ts'
import { getDevice, hardwareId } from '../../src/index.ts'
import { AdapterError } from '../../src/support/errors.ts'
import { temporaryFolder } from '../temporary_folder.ts'
import { runCommand } from './command.ts'

it.each([
  ['a process of its own', fileURLToPath(new URL('./children/run_cli.ts', import.meta.url))],
  ['this process, without a script', undefined],
  ['this process, where the other one fails', '/no/such/script.js'],
])('is named by %s', async (_, entry) => {
  expect(await nameDevice(entry)).toBe(hardwareId(await getDevice()))
})

it('says why there is none in the words of that process, without the lines of drivers', async () => {
  const entry = fileURLToPath(new URL('./children/run_cli.ts', import.meta.url))
  vi.stubEnv('HELION_ADAPTER', 'nowhere')
  const refused = await nameDevice(entry).catch((error: unknown) => error)
  vi.unstubAllEnvs()
  expect(refused).toBeInstanceOf(AdapterError)
  expect(refused).toMatchObject({ what: expect.stringContaining("No WebGPU adapter matches 'nowhere'") })
  expect((refused as AdapterError).remedy).toContain('Set HELION_ADAPTER')
  const args = ['--run-id', 'r', '--', 'node', '-e', '0']
  const { code, err } = runCommand(args, { cwd: temporaryFolder(), env: { HELION_ADAPTER: 'nowhere' } })
  expect([code, err]).toEqual([4, expect.stringMatching(/^helion-aot: No WebGPU adapter matches 'nowhere'/)])
})
