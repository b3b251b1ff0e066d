/**
 * Arrays in workgroup memory. Arrays of one element type are used again when their content is no longer
 * needed.
 */
import { DTYPES } from '../../support/dtypes.ts'
import { ConfigError } from '../../support/errors.ts'
import { sum } from '../../support/maths.ts'
import type { MemoryArray } from '../thread/memory.ts'
import { memoryType, type ThreadType } from '../thread/types.ts'
import type { Writer } from '../thread/writer.ts'

/** An array of the program, with its final length in elements. */
export interface WorkgroupArray {
  readonly array: MemoryArray
  readonly length: number
}

interface Allocation {
  readonly array: MemoryArray
  length: number
  free: boolean
}

export class WorkgroupMemory {
  readonly #out: Writer
  readonly #arrays: Allocation[] = []

  constructor(out: Writer) {
    this.#out = out
  }

  /**
   * An array for `length` values of the type, with undefined content; an array of arrays of `inner` each, if
   * that is given.
   */
  allocate(hint: string, type: ThreadType, length: number, inner?: number): MemoryArray {
    const element = memoryType(type)
    const known = this.#arrays.find(({ free, array }) => {
      return free && array.element === element && array.inner === inner
    })
    if (known) {
      known.free = false
      known.length = Math.max(known.length, length)
      return known.array
    }
    const name = this.#out.fresh(hint)
    const plain = { space: 'workgroup', name, element, atomic: false, tensor: undefined } as const
    const array: MemoryArray = inner === undefined ? plain : { ...plain, inner }
    this.#arrays.push({ array, length, free: false })
    return array
  }

  /** The content is not needed any more. */
  release(array: MemoryArray): void {
    const allocation = this.#arrays.find((known) => known.array === array)
    if (allocation) allocation.free = true
  }

  get bytes(): number {
    return sum(this.list.map(bytesOf))
  }

  get list(): readonly WorkgroupArray[] {
    return this.#arrays.map(({ array, length }) => ({ array, length }))
  }

  /** Refuses more than the device has. */
  check(limit: number): void {
    if (this.bytes <= limit) return
    throw new ConfigError(
      `the config needs ${this.bytes} bytes of workgroup memory; the device has ${limit}`,
      { excess: { of: 'workgroup bytes', needed: this.bytes, limit } },
    )
  }
}

function bytesOf({ array: { element }, length }: WorkgroupArray): number {
  return DTYPES[element.dtype].bytes * element.width * length
}
