/**
 * The id of the device that kernels will run on, named by a process of its own where that is possible:
 * drivers write their warnings straight to standard error, and nothing of a device is to stay behind here.
 */
import { execa } from 'execa'
import { hardwareIdOf } from '../runtime/adapter/device_facts.ts'
import { openDevice } from '../runtime/device.ts'
import { NAME_DEVICE } from './name_device_argument.ts'

/** `entry` is the script of this program, if it runs as one. Rejects with AdapterError when there is none. */
export async function nameDevice(entry: string | undefined): Promise<string> {
  if (entry === undefined) return await nameDeviceHere()
  const args = [...process.execArgv, entry, NAME_DEVICE]
  const { exitCode, stdout } = await execa(process.execPath, args, { reject: false, stdin: 'ignore' })
  const id = stdout.trim().split('\n').at(-1)
  // Here it fails in words.
  return exitCode === 0 && id ? id : await nameDeviceHere()
}

export async function nameDeviceHere(): Promise<string> {
  const device = await openDevice()
  const id = hardwareIdOf(device.info)
  device.destroy()
  return id
}
