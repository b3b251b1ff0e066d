/**
 * What stands between two timed passes: a buffer larger than the cache that is overwritten, so that each
 * sample starts cold, and a kernel that touches it, so that the GPU finishes everything before the next pass
 * begins.
 */

import { type Launch, NO_WORDS } from '../commands/launch.ts'
import type { Device } from '../device.ts'
import { Storage } from '../memory/storage.ts'
import type { PipelineRequest } from '../pipelines/pipeline_request.ts'

const TOUCH: PipelineRequest = {
  label: 'between_samples',
  wgsl: `@group(0) @binding(0) var<storage, read_write> scratch: array<u32>;
@compute @workgroup_size(1) fn main() { scratch[0] += 1u; }`,
  bindings: [{ access: 'read_write' }],
  words: { length: 0 },
  wordsIn: 'immediate',
}

/** The cache is overwritten this many times over. */
const CACHE_MULTIPLE = 2

export class Scratch {
  readonly flushesCache: boolean
  readonly #device: Device
  readonly #storage: Storage
  readonly #touch: Launch

  static async open(device: Device, flushCache: boolean): Promise<Scratch> {
    const wanted = flushCache ? device.facts.cacheBytes * CACHE_MULTIPLE : 0
    const bytes = Math.min(wanted, device.limits.maxBindingBytes)
    const storage = new Storage(bytes, 'u32')
    const pipeline = await device.pipelines.get(TOUCH)
    return new Scratch(device, storage, { pipeline, storages: [storage], words: NO_WORDS, grid: [1, 1, 1] })
  }

  private constructor(device: Device, storage: Storage, touch: Launch) {
    this.#device = device
    this.#storage = storage
    this.#touch = touch
    this.flushesCache = storage.bytes > 0
  }

  /** Encodes the separation. */
  separate(encoder: GPUCommandEncoder): void {
    const { pool, recorder } = this.#device
    encoder.clearBuffer(this.#storage.in(pool).buffer)
    // Passes with nothing in common may overlap on the GPU. Going from copying to computing in this buffer
    // is a barrier for all that follows, and going back is one for all that came before.
    const pass = encoder.beginComputePass()
    recorder.dispatchInto(pass, this.#touch)
    pass.end()
  }

  release(): void {
    this.#storage.release()
  }
}
