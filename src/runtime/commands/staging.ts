/**
 * Copies from GPU buffers to the host through mapped staging buffers, of which a few are kept. A read takes
 * its place in the command stream when it is asked for, not when it is awaited.
 */

import { BUFFER_USAGE, MAP_READ } from '../adapter/gpu_flags.ts'
import type { Answer } from '../adapter/poll_rest.ts'
import { type Block, sizeClass } from '../memory/buffer_pool.ts'
import type { Recorder } from './recorder.ts'

/** Larger staging buffers are not kept. */
const MAX_KEPT_BYTES = 64 * 2 ** 20
const MAX_KEPT = 8

export class Staging {
  readonly #gpu: GPUDevice
  readonly #recorder: Recorder
  readonly #answer: Answer
  readonly #idle: GPUBuffer[] = []

  constructor(gpu: GPUDevice, recorder: Recorder, answer: Answer) {
    this.#gpu = gpu
    this.#recorder = recorder
    this.#answer = answer
  }

  /** The first `bytes` bytes of a buffer as they are after everything encoded so far. */
  async read(block: Block, bytes: number): Promise<ArrayBuffer> {
    const size = Math.ceil(bytes / 4) * 4
    if (size === 0) return new ArrayBuffer(0)
    const staging = this.#take(size)
    this.#recorder.commands().copyBufferToBuffer(block.buffer, 0, staging, 0, size)
    this.#recorder.flush()
    await this.#answer(staging.mapAsync(MAP_READ, 0, size))
    const copy = staging.getMappedRange(0, size).slice(0, bytes)
    staging.unmap()
    this.#giveBack(staging)
    return copy
  }

  #take(bytes: number): GPUBuffer {
    const size = sizeClass(bytes)
    const index = this.#idle.findIndex((buffer) => buffer.size === size)
    const [kept] = index >= 0 ? this.#idle.splice(index, 1) : []
    const usage = BUFFER_USAGE.mapRead | BUFFER_USAGE.copyTarget
    return kept ?? this.#gpu.createBuffer({ label: 'staging', size, usage })
  }

  #giveBack(buffer: GPUBuffer): void {
    if (buffer.size > MAX_KEPT_BYTES) {
      buffer.destroy()
      return
    }
    this.#idle.push(buffer)
    if (this.#idle.length > MAX_KEPT) this.#idle.shift()?.destroy()
  }
}
