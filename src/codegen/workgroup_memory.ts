/**
 * Arrays in workgroup memory. Arrays of one element type are used again when their content is no longer
 * needed. Their uses are noted; barriers are placed when all of them are known.
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
    return array
  }

  /** The content is not needed any more. */
  release(array: WorkgroupArray): void {
    const allocation = this.#arrays.find((known) => known === array)
    if (allocation) allocation.free = true
  }

  /** To be called for all arrays that are written together, before the first write. */
  beforeWrite(...arrays: readonly WorkgroupArray[]): void {
    this.#out.note(arrays.map(({ name }) => ({ space: 'workgroup', place: name, how: 'write' })))
  }

  /** To be called for all arrays that are read together, before the first read. */
  beforeRead(...arrays: readonly WorkgroupArray[]): void {
    this.#out.note(arrays.map(({ name }) => ({ space: 'workgroup', place: name, how: 'read' })))
  }

  get bytes(): number {
    return sum(this.#arrays.map(({ bytes, length }) => bytes * length))
  }

  /** Module-scope declarations; refuses more than the device has. */
  declarations(limit: number): string[] {
    if (this.bytes > limit) {
      throw new ConfigError(
        `the config needs ${this.bytes} bytes of workgroup memory; the device has ${limit}`,
        { excess: { of: 'workgroup bytes', needed: this.bytes, limit } },
      )
    }
    return this.#arrays.map(({ name, type, length }) => `var<workgroup> ${name}: array<${type}, ${length}>;`)
  }
}
