/**
 * The memory of a tensor, apart from the tensor: what launches and queued jobs hold on to. A storage has no
 * GPU buffer until something in stream order needs one, and gives it back when released or garbage-collected.
 * Buffers are multiples of 16 bytes: vector accesses of compiled kernels may touch the padding behind the
 * elements. It also carries the error of the job that should have filled it, so that nobody reads what was
 * never written.
 */

import { type HelionError, UsageError } from '../../support/errors.ts'
import type { StorageType } from '../../support/storage_types.ts'
import type { Block, BufferPool } from './buffer_pool.ts'

interface Cell {
  block: Block | undefined
}

const COLLECTED = new FinalizationRegistry<Cell>(giveBack)

export class Storage {
  /** Bytes asked for, without padding. */
  readonly bytes: number
  readonly dtype: StorageType
  /** Why the contents are undefined, when the job that writes them failed. */
  failure: HelionError | undefined
  readonly #cell: Cell = { block: undefined }
  #released = false

  constructor(bytes: number, dtype: StorageType) {
    this.bytes = bytes
    this.dtype = dtype
    this.failure = undefined
  }

  /**
   * The GPU buffer, taken from `pool` on first use. Throws UsageError when it cannot be
   * had or after release, GpuError when there was no memory for it.
   */
  in(pool: BufferPool): Block {
    const { block } = this.#cell
    if (block?.pool === pool && !block.failure) return block
    return this.#take(pool)
  }

  /** Whether a buffer is held. */
  get allocated(): boolean {
    return this.#cell.block !== undefined
  }

  /** Gives the buffer back; later commands on the device may use it for something else. */
  release(): void {
    this.#released = true
    giveBack(this.#cell)
  }

  #take(pool: BufferPool): Block {
    if (this.#released) throw new UsageError('GPU memory was used after it was given back')
    const { block } = this.#cell
    if (block?.pool === pool && block.failure) throw block.failure
    if (block)
      throw new UsageError('This tensor lives on another GPU device than the one it is used on', {
        remedy: 'Use tensors on the device (or stream) that they were created for, or copy through data().',
      })
    const taken = pool.take(this.bytes, this.dtype)
    this.#cell.block = taken
    COLLECTED.register(this, this.#cell)
    return taken
  }
}

function giveBack(cell: Cell): void {
  const { block } = cell
  cell.block = undefined
  block?.pool.giveBack(block)
}
