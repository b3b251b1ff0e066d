/**
 * Who made the accesses of one kind to the elements of an array: since the last barrier, and in the whole
 * dispatch. Time is counted in epochs, that barriers end, and in programs, that nothing orders.
 */

/** What time it is in an address space. */
export interface Clock {
  /** Changes at every barrier of the space. */
  epoch: number
  /** The number of the program that runs, from 1. */
  program: number
  /** The number of the statement that runs. */
  statement: number
}

export class AccessLog {
  readonly #epoch: Int32Array
  /** The first invocation of the epoch, and another one, or -1. */
  readonly #first: Int32Array
  readonly #second: Int32Array
  readonly #statement: Int32Array
  /** The last program, and one before it that was another, or 0. */
  readonly #program: Int32Array
  readonly #before: Int32Array

  constructor(length: number) {
    this.#epoch = new Int32Array(length)
    this.#first = new Int32Array(length)
    this.#second = new Int32Array(length)
    this.#statement = new Int32Array(length)
    this.#program = new Int32Array(length)
    this.#before = new Int32Array(length)
  }

  note(element: number, invocation: number, { epoch, program, statement }: Clock): void {
    if (this.#epoch[element] !== epoch) {
      this.#epoch[element] = epoch
      this.#first[element] = invocation
      this.#second[element] = -1
      this.#statement[element] = statement
    } else if (this.#first[element] !== invocation) this.#second[element] = invocation
    if (this.#program[element] !== program) {
      this.#before[element] = this.#program[element] ?? 0
      this.#program[element] = program
    }
  }

  /** Another invocation that was there in this epoch, or -1. */
  otherInvocation(element: number, invocation: number, { epoch }: Clock): number {
    if (this.#epoch[element] !== epoch) return -1
    const first = this.#first[element] ?? -1
    return first === invocation ? (this.#second[element] ?? -1) : first
  }

  /** Another program that was there, or 0. */
  otherProgram(element: number, { program }: Clock): number {
    const last = this.#program[element] ?? 0
    return last === program ? (this.#before[element] ?? 0) : last
  }

  /** True when the program that runs was there. */
  isOfProgram(element: number, { program }: Clock): boolean {
    return this.#program[element] === program
  }

  /** The statement that came first in the last epoch. */
  statementAt(element: number): number {
    return this.#statement[element] ?? 0
  }
}
