/** Memory that the invocations of a workgroup share, and what is known of the accesses to it. */
import type { ThreadType } from './types.ts'

/** `workgroup`: arrays in workgroup memory; `storage`: tensors. Each has barriers of its own. */
export type AddressSpace = 'workgroup' | 'storage'

export interface MemoryArray {
  readonly space: AddressSpace
  readonly name: string
  readonly element: ThreadType
  readonly atomic: boolean
  /** The tensor behind a storage buffer; several buffers may show one tensor. */
  readonly tensor: number | undefined
  /** It is an array of arrays, and accesses say which of them. */
  readonly nested?: true
}

/** What lowering knows of an access, for the placing of barriers. */
export interface AccessMark {
  /**
   * Equal texts: each element is touched by the same single invocation. Undefined where that is not known.
   */
  readonly owner?: string | undefined
  /** Accesses of one phase touch different elements, or are not ordered: those of one tile. */
  readonly phase?: number | undefined
}

/** What invocations do to one array or tensor. */
export interface Access extends AccessMark {
  readonly space: AddressSpace
  /** The name of the array, or the tensor. */
  readonly place: string
  /** `read`, `write`, or `atomic` with its operation. */
  readonly how: string
}

export function accessTo(array: MemoryArray, how: string, mark: AccessMark): Access {
  const place = array.tensor === undefined ? array.name : `tensor ${array.tensor}`
  return { space: array.space, place, how, ...mark }
}

/** Of two of these, the later one must win. */
const IN_ORDER: ReadonlySet<string> = new Set([
  'write',
  'atomic exchange',
  'atomic compareExchange',
  'atomic insert',
])

/** Sees what others have done or not: its program is right in either case. */
const AWAIT = 'atomic await'

/** True when one must not overtake the other, if different invocations make them. */
export function conflict(a: Access, b: Access): boolean {
  const waits = (a.how === AWAIT && isAtomic(b)) || (b.how === AWAIT && isAtomic(a))
  const commute = waits || (a.how === b.how && !IN_ORDER.has(a.how))
  const sameOwner = a.owner !== undefined && a.owner === b.owner
  const samePhase = a.phase !== undefined && a.phase === b.phase && a.how === b.how
  return a.space === b.space && a.place === b.place && !commute && !sameOwner && !samePhase
}

function isAtomic({ how }: Access): boolean {
  return how.startsWith('atomic ')
}
