/**
 * What the invocations of a workgroup share while they run in step: where the workgroup is in the launch, who
 * takes part, the memory, and what time it is there.
 */
import type { DType } from '../../support/dtypes.ts'
import type { BuiltinValue } from '../thread/expr.ts'
import type { AddressSpace, MemoryArray } from '../thread/memory.ts'
import type { ThreadProgram } from '../thread/program.ts'
import type { Clock } from './access_log.ts'
import { allLanes, type Lanes } from './lanes.ts'
import type { Launch } from './launch.ts'
import type { Reports } from './reports.ts'
import { bitcastRule } from './scalar_rules.ts'
import { WatchedArray } from './watched_array.ts'

/** Buffers of one place show the same elements; memory that is only read may be shown as several types. */
export function placeOf({ tensor, element }: MemoryArray): string {
  return `${tensor} ${element.dtype}`
}

export class Workgroup {
  readonly program: ThreadProgram
  readonly launch: Launch
  readonly reports: Reports
  readonly all: Lanes
  active: Lanes
  /** Of each invocation: 1 while what it computes is thrown away, and need not exist. */
  readonly idle: Uint8Array
  /** Of each invocation: 1 when it has returned. */
  readonly returned: Uint8Array
  position: readonly [number, number, number] = [0, 0, 0]
  readonly #clocks: Readonly<Record<AddressSpace, Clock>> = {
    workgroup: { epoch: 1, program: 0, statement: 0 },
    storage: { epoch: 1, program: 0, statement: 0 },
  }
  readonly #tensors = new Map<string, WatchedArray>()
  readonly #arrays = new Map<string, WatchedArray>()

  /** `contents`: elements of the tensors with their padding, by place. */
  constructor(
    program: ThreadProgram,
    launch: Launch,
    contents: ReadonlyMap<string, Float64Array>,
    reports: Reports,
  ) {
    this.program = program
    this.launch = launch
    this.reports = reports
    this.all = allLanes(program.threads)
    this.active = this.all
    this.idle = new Uint8Array(program.threads)
    this.returned = new Uint8Array(program.threads)
    for (const { array } of program.buffers) {
      const place = placeOf(array)
      const data = contents.get(place) ?? new Float64Array()
      if (!this.#tensors.has(place)) this.#tensors.set(place, this.#watch(array, data))
    }
    for (const { array, length } of program.arrays)
      this.#arrays.set(array.name, this.#watch(array, new Float64Array(length * array.element.width)))
  }

  #watch({ name, space }: MemoryArray, data: Float64Array): WatchedArray {
    return new WatchedArray(name, space, data, this.#clocks[space], this.reports)
  }

  /** Another workgroup: its memory is nobody's. */
  enter(position: readonly [number, number, number]): void {
    this.position = position
    this.active = this.all
    this.returned.fill(0)
    this.barrier('workgroup')
    this.barrier('storage')
    this.#clocks.workgroup.program++
    this.nextProgram()
    for (const { data } of this.#arrays.values()) data.fill(Number.NaN)
  }

  /** Another program of the dispatch: nothing orders it with the others as to tensors. */
  nextProgram(): void {
    this.#clocks.storage.program++
  }

  barrier(space: AddressSpace): void {
    this.#clocks[space].epoch++
  }

  /** The statement with this number runs now. */
  at(statement: number): void {
    this.reports.statement = statement
    this.#clocks.workgroup.statement = statement
    this.#clocks.storage.statement = statement
  }

  get isWhole(): boolean {
    return this.active.count === this.program.threads
  }

  arrayOf(memory: MemoryArray): WatchedArray {
    const { name, tensor } = memory
    const array = tensor === undefined ? this.#arrays.get(name) : this.#tensors.get(placeOf(memory))
    if (!array) throw new Error(`the program does not declare ${name}`)
    return array
  }

  /** Elements of each array in an array of arrays. */
  innerLength(memory: MemoryArray): number {
    const { length = 0, parts = 1 } = this.program.arrays.find(({ array }) => array === memory) ?? {}
    return length / parts
  }

  /** A word of the launch block. */
  field(name: string, dtype: DType): number {
    const word = this.launch.words[this.program.fields.findIndex((field) => field.name === name)]
    if (word === undefined) throw new Error(`the launch has no word ${name}`)
    return bitcastRule('u32', dtype)(word, 0, 0)
  }

  builtin(value: BuiltinValue, lane: number): number {
    if (value === 'thread') return lane
    if (value === 'subgroup') return Math.floor(lane / this.program.subgroupSize)
    const of = value.startsWith('workgroups.') ? this.launch.workgroups : this.position
    return of['xyz'.indexOf(value.at(-1) ?? 'x')] ?? 0
  }
}
