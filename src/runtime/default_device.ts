/**
 * The device and stream that everything uses unless told otherwise. The stream is there before the device:
 * the first job opens it. Both can be replaced after the device was lost.
 */
import { entryPoint, lazyCallSite } from '../support/call_site.ts'
import { takes } from '../support/signature.ts'
import { type Device, openDevice } from './device.ts'
import { Stream } from './stream.ts'

let device: Promise<Device> | undefined
let stream: Stream | undefined

/** The default device, opened once; a failed attempt is not remembered. Rejects with AdapterError. */
export const getDevice: () => Promise<Device> = entryPoint(
  takes('getDevice', '', () => defaultStream().opened()),
)

async function openOnce(): Promise<Device> {
  device ??= openDevice()
  const attempt = device
  return attempt.catch((error) => {
    if (device === attempt) device = undefined
    throw error
  })
}

/** The stream of the default device. */
export function defaultStream(): Stream {
  stream ??= new Stream(openOnce)
  return stream
}

/**
 * Runs `action` with another stream in the place of the default one, until it returns: for functions of
 * users that are called inside an exclusive job, where work on the outer stream would wait for the job to
 * end. What a function does after its first `await` is not covered.
 */
export function withDefaultStream<T>(other: Stream, action: () => T): T {
  const outer = stream
  stream = other
  try {
    return action()
  } finally {
    stream = outer
  }
}

/** Waits for everything on the default stream. Rejects with errors of earlier calls. */
export const sync: () => Promise<void> = entryPoint(
  takes('sync', '', () => defaultStream().sync(lazyCallSite())),
)

/**
 * Closes the default device, if there is one. The next use opens another; tensors of the old one are gone.
 */
export async function resetDevice(): Promise<void> {
  const old = device
  device = undefined
  stream = undefined
  const opened = await old?.catch(() => undefined)
  opened?.destroy()
}
