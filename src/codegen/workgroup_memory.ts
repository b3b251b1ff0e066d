/**
 * Arrays in workgroup memory and the barriers between their uses. Arrays of one element type are used again
 * when their content is no longer needed; a barrier is written only where threads could otherwise see the
 * wrong content.
 */
import { ConfigError } from '../support/errors.ts'
import { sum } from '../support/maths.ts'
import type { Writer } from './writer.ts'

export interface WorkgroupArray {
  readonly name: string
  readonly type: string
}

interface Allocation extends WorkgroupArray {
  readonly bytes: number
  length: number
  free: boolean
}

export class WorkgroupMemory {
  readonly #out: Writer
  readonly #arrays: Allocation[] = []
  /** Arrays written, or read, by some thread since the last barrier. */
  readonly #written = new Set<WorkgroupArray>()
  readonly #read = new Set<WorkgroupArray>()
  #loops = 0

  constructor(out: Writer) {
    this.#out = out
  }

  /** An array of `length` elements of a WGSL type of `bytes` bytes, with undefined content. */
  allocate(hint: string, type: string, bytes: number, length: number): WorkgroupArray {
    const known = this.#arrays.find((array) => array.free && array.type === type)
    if (known) {
      known.free = false
      known.length = Math.max(known.length, length)
      return known
    }
    const array = { name: this.#out.fresh(hint), type, bytes, length, free: false }
    this.#arrays.push(array)
    // The previous round of the loop may have read it.
    if (this.#loops > 0) this.#read.add(array)
    return array
  }

  /** The content is not needed any more. */
  release(array: WorkgroupArray): void {
    const allocation = this.#arrays.find((known) => known === array)
    if (allocation) allocation.free = true
  }

  /** To be called for all arrays that are written together, before the first write. */
  beforeWrite(...arrays: readonly WorkgroupArray[]): void {
    if (arrays.some((array) => this.#read.has(array))) this.#barrier()
    for (const array of arrays) this.#written.add(array)
  }

  /** To be called for all arrays that are read together, before the first read. */
  beforeRead(...arrays: readonly WorkgroupArray[]): void {
    if (arrays.some((array) => this.#written.has(array))) this.#barrier()
    for (const array of arrays) this.#read.add(array)
  }

  /**
   * Inside a loop every array may have been read in the round before; without rounds nothing has happened.
   */
  inLoop(body: () => void): void {
    this.inBranch(() => {
      for (const array of this.#arrays) this.#read.add(array)
      this.#loops++
      body()
      this.#loops--
    })
  }

  /** Code that all invocations run, or none: its barriers cannot be relied on afterwards. */
  inBranch(body: () => void): void {
    const [written, read] = [[...this.#written], [...this.#read]]
    body()
    for (const array of written) this.#written.add(array)
    for (const array of read) this.#read.add(array)
  }

  get bytes(): number {
    return sum(this.#arrays.map(({ bytes, length }) => bytes * length))
  }

  /** Module-scope declarations; refuses more than the device has. */
  declarations(limit: number): string[] {
    if (this.bytes > limit) {
      throw new ConfigError(
        `the config needs ${this.bytes} bytes of workgroup memory; the device has ${limit}`,
        {
          remedy: 'Choose smaller block_sizes.',
        },
      )
    }
    return this.#arrays.map(({ name, type, length }) => `var<workgroup> ${name}: array<${type}, ${length}>;`)
  }

  #barrier(): void {
    this.#out.line('workgroupBarrier();')
    this.#written.clear()
    this.#read.clear()
  }
}
