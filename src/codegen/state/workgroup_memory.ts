/**
 * Arrays in workgroup memory. Arrays of one element type are used again when their content is no longer
 * needed.
 */
import { DTYPES } from '../../support/dtypes.ts'
import { ConfigError } from '../../support/errors.ts'
import { sum } from '../../support/maths.ts'
import type { MemoryArray } from '../thread/memory.ts'
import type { WorkgroupArray } from '../thread/program.ts'
import { memoryType, type ThreadType } from '../thread/types.ts'
import type { Writer } from '../thread/writer.ts'

interface Allocation {
  readonly array: MemoryArray
  /** Of each part. */
  length: number
  parts: number
  free: boolean
}

export class WorkgroupMemory {
  readonly #out: Writer
  readonly #arrays: Allocation[] = []

  constructor(out: Writer) {
    this.#out = out
  }

  /** An array for `length` values of the type, with undefined content. */
  allocate(hint: string, type: ThreadType, length: number): MemoryArray {
    return this.#allocate(hint, memoryType(type), length, undefined)
  }

  /** So many arrays of `length` values each, in one array. */
  allocateParts(hint: string, type: ThreadType, length: number, parts: number): MemoryArray {
    return this.#allocate(hint, memoryType(type), length, parts)
  }

  /** An array for atomic operations, which is used for nothing else. */
  reserveAtomic(hint: string, type: ThreadType, length: number): MemoryArray {
    return this.#add(hint, memoryType(type), length, undefined, true)
  }

  #allocate(hint: string, element: ThreadType, length: number, parts: number | undefined): MemoryArray {
    const known = this.#arrays.find((candidate) => {
      const { free, array } = candidate
      const isAlike = array.element === element && (array.nested ?? false) === (parts !== undefined)
      return free && isAlike && (parts === undefined || isWorthGrowing(candidate, length, parts))
    })
    if (known) {
      known.free = false
      known.length = Math.max(known.length, length)
      known.parts = Math.max(known.parts, parts ?? 1)
      return known.array
    }
    return this.#add(hint, element, length, parts)
  }

  #add(
    hint: string,
    element: ThreadType,
    length: number,
    parts: number | undefined,
    atomic = false,
  ): MemoryArray {
    const name = this.#out.fresh(hint)
    const plain = { space: 'workgroup', name, element, atomic, tensor: undefined } as const
    const array: MemoryArray = parts === undefined ? plain : { ...plain, nested: true }
    this.#arrays.push({ array, length, parts: parts ?? 1, free: false })
    return array
  }

  /** Takes an array that was released, if nobody else has it. */
  retake(array: MemoryArray): boolean {
    const allocation = this.#arrays.find((known) => known.array === array)
    const isFree = allocation?.free ?? false
    if (allocation) allocation.free = false
    return isFree
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
    return this.#arrays.map(({ array, length, parts }) =>
      array.nested ? { array, length: length * parts, parts } : { array, length },
    )
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

/** True when one array for both uses is no larger than two. */
function isWorthGrowing(known: Allocation, length: number, parts: number): boolean {
  const both = Math.max(known.length, length) * Math.max(known.parts, parts)
  return both <= known.length * known.parts + length * parts
}

function bytesOf({ array: { element }, length }: WorkgroupArray): number {
  return DTYPES[element.dtype].bytes * element.width * length
}
