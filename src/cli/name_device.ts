/**
 * The id of the device that kernels will run on, named by a process of its own where that is possible:
 * drivers write their warnings straight to standard error, and nothing of a device is to stay behind here.
 */
import { execa } from 'execa'
import { hardwareIdOf } from '../runtime/adapter/device_facts.ts'
import { openDevice } from '../runtime/device.ts'
import { AdapterError, EXIT } from '../support/errors.ts'
import { parseJson } from '../support/json.ts'
import { NAME_DEVICE } from './name_device_argument.ts'

/** `entry` is the script of this program, if it runs as one. Rejects with AdapterError when there is none. */
export async function nameDevice(entry: string | undefined): Promise<string> {
  if (entry === undefined) return await nameDeviceHere()
  const args = [...process.execArgv, entry, NAME_DEVICE]
  const { exitCode, stdout } = await execa(process.execPath, args, { reject: false, stdin: 'ignore' })
  const said = stdout.trim().split('\n').at(-1)
  if (exitCode === EXIT.noAdapter && said) throw readRefusal(said)
  return exitCode === EXIT.done && said ? said : await nameDeviceHere()
}

/** What the process that names the device prints, and its exit code. */
export async function nameOrRefusal(): Promise<readonly [text: string, exitCode: number]> {
  try {
    return [await nameDeviceHere(), EXIT.done]
  } catch (error) {
    if (!(error instanceof AdapterError)) throw error
    const { what, remedy } = error
    return [JSON.stringify({ what, remedy } satisfies Refusal), EXIT.noAdapter]
  }
}

/** An AdapterError on its way to another process. */
interface Refusal {
  readonly what: string
  readonly remedy: string | undefined
}

function readRefusal(text: string): AdapterError {
  const { what, remedy } = parseJson(text) as Refusal
  return new AdapterError(what, { remedy })
}

async function nameDeviceHere(): Promise<string> {
  const device = await openDevice()
  const id = hardwareIdOf(device.info)
  device.destroy()
  return id
}
