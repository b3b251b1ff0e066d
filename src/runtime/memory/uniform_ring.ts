/**
 * Launch words for pipelines without `var<immediate>`: one uniform buffer, a slot per launch, addressed by
 * dynamic offset. Slots collect on the host and go up in one write before a submit; after it they are free
 * again, because the queue keeps the order of writes and submits. Equal words within a submit share a slot.
 */
import { BUFFER_USAGE } from '../adapter/gpu_flags.ts'

const BYTES = 2 ** 16

export class UniformRing {
  readonly buffer: GPUBuffer
  readonly #gpu: GPUDevice
  readonly #alignment: number
  readonly #host: Uint32Array<ArrayBuffer> = new Uint32Array(BYTES / 4)
  readonly #slots = new Map<string, number>()
  #used = 0

  constructor(gpu: GPUDevice) {
    this.#gpu = gpu
    this.#alignment = Math.max(16, gpu.limits.minUniformBufferOffsetAlignment)
    const usage = BUFFER_USAGE.uniform | BUFFER_USAGE.copyTarget
    this.buffer = gpu.createBuffer({ label: 'launch words', size: BYTES, usage })
  }

  /** The offset of a slot that will hold `words`; `undefined` when there is no room: submit first. */
  place(words: Uint32Array): number | undefined {
    const key = words.join()
    const known = this.#slots.get(key)
    if (known !== undefined) return known
    const offset = this.#used
    const end = offset + Math.ceil((words.length * 4) / this.#alignment) * this.#alignment
    if (end > BYTES) return undefined
    this.#host.set(words, offset / 4)
    this.#slots.set(key, offset)
    this.#used = end
    return offset
  }

  /** Writes the slots in use and frees them. Call right before the submit of the commands that use them. */
  upload(): void {
    if (this.#used === 0) return
    this.#gpu.queue.writeBuffer(this.buffer, 0, this.#host, 0, this.#used / 4)
    this.#slots.clear()
    this.#used = 0
  }
}
