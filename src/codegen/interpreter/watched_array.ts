/**
 * The elements of a tensor or of an array in workgroup memory, and a watch over who touches them: two
 * invocations between two barriers, or two programs of a dispatch, of which one may not overtake the other.
 */
import type { AtomicOp } from '../../ir/node.ts'
import type { AddressSpace } from '../thread/memory.ts'
import { AccessLog, type Clock } from './access_log.ts'
import type { Reports } from './reports.ts'

/** `insert`: of a part of an element. */
type Change = AtomicOp | 'insert'

export type How = 'read' | 'write' | `atomic ${Change}`

export class WatchedArray {
  readonly data: Float64Array
  readonly #name: string
  readonly #space: AddressSpace
  readonly #clock: Clock
  readonly #reports: Reports
  readonly #logs: { readonly how: How; readonly log: AccessLog }[] = []
  readonly #writes: AccessLog

  constructor(name: string, space: AddressSpace, data: Float64Array, clock: Clock, reports: Reports) {
    this.#name = name
    this.#space = space
    this.data = data
    this.#clock = clock
    this.#reports = reports
    this.#writes = this.#logOf('write')
  }

  /** False, and a report, where there is no such element. */
  has(element: number, invocation: number): boolean {
    if (element >= 0 && element < this.data.length) return true
    this.#report('outside', element, [invocation])
    return false
  }

  read(element: number, invocation: number): number {
    if (this.#space === 'workgroup' && !this.#writes.isOfProgram(element, this.#clock))
      this.#report('unwritten', element, [invocation])
    this.#note('read', element, invocation, false)
    return this.data[element] ?? 0
  }

  write(element: number, invocation: number, value: number): void {
    this.#note('write', element, invocation, !Object.is(this.data[element], value))
    this.data[element] = value
  }

  change(op: Change, element: number, invocation: number, rule: (before: number) => number): void {
    this.#note(`atomic ${op}`, element, invocation, true)
    this.data[element] = rule(this.data[element] ?? 0)
  }

  /** `changes`: the element gets another value. */
  #note(how: How, element: number, invocation: number, changes: boolean): void {
    const clock = this.#clock
    for (const { how: other, log } of this.#logs) {
      if (onOtherParts(how, other) || isAwaited(how, other)) continue
      if (how !== other || how === 'write') {
        const rival = log.otherInvocation(element, invocation, clock)
        if (rival >= 0) this.#report('race', element, [invocation, rival], log.statementAt(element))
      }
      if (this.#space === 'storage' && isOrdered(how, other) && this.#isOvertaken(how, element, changes)) {
        const rival = log.otherProgram(element, clock)
        if (rival > 0) this.#report('unordered', element, [clock.program, rival], log.statementAt(element))
      }
    }
    this.#logOf(how).note(element, invocation, clock)
  }

  /**
   * A write that leaves the element as it is could as well come earlier or later, and what the program itself
   * wrote before is what it reads.
   */
  #isOvertaken(how: How, element: number, changes: boolean): boolean {
    return how === 'read' ? !this.#writes.isOfProgram(element, this.#clock) : changes
  }

  #logOf(how: How): AccessLog {
    const known = this.#logs.find((one) => one.how === how)
    if (known) return known.log
    const log = new AccessLog(this.data.length)
    this.#logs.push({ how, log })
    return log
  }

  #report(
    kind: 'race' | 'unordered' | 'unwritten' | 'outside',
    index: number,
    invocations: readonly number[],
    earlier?: number,
  ): void {
    const place = this.#name
    this.#reports.add({ kind, place, index, invocations, ...(earlier !== undefined && { earlier }) })
  }
}

/** Who reads an element of which another writes a part is taken to read the rest of it. */
function onOtherParts(a: How, b: How): boolean {
  return (a === 'read' && b === 'atomic insert') || (a === 'atomic insert' && b === 'read')
}

/** Who awaits a value is right without it. */
function isAwaited(a: How, b: How): boolean {
  return (a === 'atomic await' && isAtomic(b)) || (b === 'atomic await' && isAtomic(a))
}

/** True when it matters which of two programs comes first. Reads commute, and so do atomics. */
function isOrdered(a: How, b: How): boolean {
  const [readsBoth, atomicBoth] = [a === 'read' && b === 'read', isAtomic(a) && isAtomic(b)]
  return !readsBoth && !atomicBoth
}

function isAtomic(how: How): boolean {
  return how !== 'read' && how !== 'write'
}
