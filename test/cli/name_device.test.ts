/** The device is named by a process of its own, and here where there can be none. */
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { nameDevice } from '../../src/cli/name_device.ts'
import { getDevice, hardwareId } from '../../src/index.ts'

it.each([
  ['a process of its own', fileURLToPath(new URL('./children/run_cli.ts', import.meta.url))],
  ['this process, without a script', undefined],
  ['this process, where the other one fails', '/no/such/script.js'],
])('is named by %s', async (_, entry) => {
  expect(await nameDevice(entry)).toBe(hardwareId(await getDevice()))
})
