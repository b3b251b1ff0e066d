/**
 * Storage buffers of one device, kept for reuse by size class. A class is at most an eighth larger than what
 * was asked for. Idle buffers beyond a limit are destroyed, the longest unused first. Contents of a reused
 * buffer are whatever was there.
 */

import { type GpuError, UsageError } from '../../support/errors.ts'
import { extensionOf, STORAGE, type StorageType } from '../../support/storage_types.ts'
import { BUFFER_USAGE } from '../adapter/gpu_flags.ts'

/** Places in memory are u32 on the device. */
const MOST_ELEMENTS = 2 ** 32 - 1
const SMALLEST_CLASS = 256
const CLASSES_PER_DOUBLING = 8
const USAGE = BUFFER_USAGE.storage | BUFFER_USAGE.copySource | BUFFER_USAGE.copyTarget

/** A GPU buffer of the pool. `id` is never used twice on a device. */
export interface Block {
  readonly id: number
  readonly buffer: GPUBuffer
  readonly bytes: number
  readonly pool: BufferPool
  /** Why the buffer is none, once WebGPU has said so: there was no memory for it. */
  failure: GpuError | undefined
}

export interface PoolOptions {
  /** Largest buffer that can be bound whole. */
  readonly maxBindingBytes: number
  readonly shaderF16: boolean
  /** Idle bytes to keep. */
  readonly maxIdleBytes: number
  /** Called before a buffer is destroyed: commands not yet submitted may use it. */
  readonly beforeDestroy: () => void
  /** Called after a buffer was destroyed, with its id. */
  readonly afterDestroy: (id: number) => void
}

export interface PoolStats {
  readonly liveBytes: number
  readonly idleBytes: number
  /** Buffers created since the beginning. */
  readonly created: number
}

/** Makes a GPU buffer; calls `failed` when it turns out, never at once, that there is no memory for it. */
export type CreateBuffer = (bytes: number, usage: number, failed: (error: GpuError) => void) => GPUBuffer

export class BufferPool {
  readonly #create: CreateBuffer
  readonly #options: PoolOptions
  readonly #largest: number
  readonly #idle = new Map<number, Block[]>()
  /** All idle blocks, the longest unused first. */
  readonly #byAge = new Set<Block>()
  #idleBytes = 0
  #liveBytes = 0
  #created = 0

  constructor(create: CreateBuffer, options: PoolOptions) {
    this.#create = create
    this.#options = options
    this.#largest = Math.floor(options.maxBindingBytes / 16) * 16
  }

  /** Throws UsageError when the device cannot hold so many bytes of this type in one buffer. */
  check(bytes: number, dtype: StorageType): void {
    if (extensionOf(dtype) && !this.#options.shaderF16)
      throw new UsageError(
        `Tensors of dtype ${dtype} need an adapter with the feature shader-f16; this one has it not`,
        {
          remedy: 'Use f32, or another adapter.',
        },
      )
    const elements = (8 * bytes) / STORAGE[dtype].bits
    if (bytes <= this.#largest && elements > MOST_ELEMENTS)
      throw new UsageError(
        `A ${dtype} tensor of ${elements} elements is longer than 32-bit places count (${MOST_ELEMENTS})`,
        { remedy: 'Split it into several tensors.' },
      )
    if (bytes > this.#largest)
      throw new UsageError(
        `A ${dtype} tensor of ${bytes} bytes is larger than this device can bind (${this.#largest} bytes)`,
        { remedy: 'Split it into several tensors.' },
      )
  }

  /** A buffer of at least `bytes`, idle or new, for elements of a type. Throws UsageError as `check` does. */
  take(bytes: number, dtype: StorageType): Block {
    this.check(bytes, dtype)
    const size = Math.min(sizeClass(bytes), this.#largest)
    const block = this.#idle.get(size)?.pop() ?? this.#make(size)
    if (this.#byAge.delete(block)) this.#idleBytes -= size
    this.#liveBytes += size
    return block
  }

  /** Takes a block back. It may still be used by commands encoded before. */
  giveBack(block: Block): void {
    this.#liveBytes -= block.bytes
    if (block.failure) {
      this.#options.afterDestroy(block.id)
      return
    }
    const list = this.#idle.get(block.bytes)
    if (list) list.push(block)
    else this.#idle.set(block.bytes, [block])
    this.#byAge.add(block)
    this.#idleBytes += block.bytes
    if (this.#idleBytes > this.#options.maxIdleBytes) this.trim(this.#options.maxIdleBytes)
  }

  /** Destroys idle buffers until at most `keepBytes` of them are left. */
  trim(keepBytes = 0): void {
    if (this.#idleBytes <= keepBytes) return
    this.#options.beforeDestroy()
    for (const block of this.#byAge) {
      if (this.#idleBytes <= keepBytes) return
      this.#byAge.delete(block)
      this.#idleBytes -= block.bytes
      const list = this.#idle.get(block.bytes) ?? []
      list.splice(list.indexOf(block), 1)
      block.buffer.destroy()
      this.#options.afterDestroy(block.id)
    }
  }

  get stats(): PoolStats {
    return { liveBytes: this.#liveBytes, idleBytes: this.#idleBytes, created: this.#created }
  }

  #make(bytes: number): Block {
    const buffer = this.#create(bytes, USAGE, (error) => {
      block.failure = error
    })
    const block: Block = { id: ++this.#created, buffer, bytes, pool: this, failure: undefined }
    return block
  }
}

/** The size of the buffer that serves a request: a multiple of 16, with few sizes per doubling. */
export function sizeClass(bytes: number): number {
  if (bytes <= SMALLEST_CLASS) return SMALLEST_CLASS
  const step = 2 ** Math.floor(Math.log2(bytes - 1)) / CLASSES_PER_DOUBLING
  return Math.ceil(bytes / step) * step
}
