/** Memory of a device's pool that work keeps, in files whose tests share the device. */
import type { Device } from '../src/runtime/device.ts'

/**
 * Bytes in use that there are more after `work` than before. Where there are fewer, tensors of other tests
 * were collected meanwhile, and it is done once more.
 */
export async function grownBytes(
  { pool }: Pick<Device, 'pool'>,
  work: () => Promise<unknown>,
): Promise<number> {
  for (;;) {
    const { liveBytes } = pool.stats
    await work()
    const grown = pool.stats.liveBytes - liveBytes
    if (grown >= 0) return grown
  }
}
