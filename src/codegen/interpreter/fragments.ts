/** Statements on subgroup matrices: each subgroup has its own, and all its lanes must come. */
import type { DType } from '../../support/dtypes.ts'
import { unreachable } from '../../support/errors.ts'
import { STORAGE, type StorageType } from '../../support/storage_types.ts'
import { extentOf, type Fragment, type FragmentPlace, type FragmentStatement } from '../thread/fragments.ts'
import type { Evaluator } from './evaluate.ts'
import { asElements } from './launch.ts'
import type { WatchedArray } from './watched_array.ts'
import type { Workgroup } from './workgroup.ts'

/** Calls `touch` with each element of a fragment, row by row, and where it is in memory. */
type Touch = (element: number, memory: WatchedArray, index: number) => void

export class Fragments {
  readonly #group: Workgroup
  readonly #evaluator: Evaluator
  /** Row by row, by name: one matrix for each subgroup. */
  readonly #values = new Map<string, readonly Float64Array[]>()

  constructor(group: Workgroup, evaluator: Evaluator) {
    this.#group = group
    this.#evaluator = evaluator
  }

  run(statement: FragmentStatement): () => void {
    switch (statement.kind) {
      case 'fragment_zero': {
        const values = this.#of(statement.fragment)
        return () => this.#eachSubgroup('a subgroup matrix', (subgroup) => values[subgroup]?.fill(0))
      }
      case 'fragment_load': {
        const values = this.#of(statement.fragment)
        const read = readerOf(statement.place.array.element.dtype, statement.fragment.dtype)
        return this.#touching(statement.fragment, statement.place, (subgroup, [first, other]) => {
          const held = values[subgroup] ?? new Float64Array()
          return (element, memory, index) => {
            held[element] = read(memory, index, first)
            // Which lane reads what is not known: no single invocation may write here at the same time.
            read(memory, index, other)
          }
        })
      }
      case 'fragment_multiply':
        return this.#multiply(statement)
      case 'fragment_store': {
        const values = this.#of(statement.fragment)
        const stored = storedAs(statement.place.array.element.dtype, statement.fragment.dtype)
        return this.#touching(statement.fragment, statement.place, (subgroup, lanes) => {
          const held = values[subgroup]
          return (element, memory, index) =>
            memory.write(index, lanes[element % lanes.length] ?? 0, stored(held?.[element] ?? 0))
        })
      }
      default:
        return unreachable(statement)
    }
  }

  #multiply({ left, right, sum }: Extract<FragmentStatement, { kind: 'fragment_multiply' }>): () => void {
    const [a, b, c] = [left, right, sum].map((fragment) => this.#of(fragment))
    const { m, n, k } = sum.shape
    // Integers wrap.
    const { stored } = STORAGE[sum.dtype]
    return () =>
      this.#eachSubgroup('subgroupMatrixMultiplyAccumulate', (subgroup) => {
        const [x, y, total] = [a, b, c].map((values) => values?.[subgroup] ?? new Float64Array())
        for (let i = 0; i < m; i++) {
          for (let j = 0; j < n; j++) {
            let value = total?.[i * n + j] ?? 0
            for (let q = 0; q < k; q++) value += (x?.[i * k + q] ?? 0) * (y?.[q * n + j] ?? 0)
            if (total) total[i * n + j] = stored(value)
          }
        }
      })
  }

  /** Goes through the elements of a fragment in memory, for each subgroup. */
  #touching(
    fragment: Fragment,
    place: FragmentPlace,
    begin: (subgroup: number, lanes: readonly [number, number, ...number[]]) => Touch,
  ): () => void {
    const { array, offset, pitch, columnMajor } = place
    const { rows, columns } = extentOf(fragment)
    const memory = this.#group.arrayOf(array)
    const first = this.#evaluator.indices({ ...place, index: undefined })
    // Elements of the fragment in one of the array.
    const width = (array.element.width * STORAGE[array.element.dtype].bits) / STORAGE[fragment.dtype].bits
    const scalars = width / array.element.width
    return () =>
      this.#eachSubgroup(array.name, (subgroup, lanes) => {
        const touch = begin(subgroup, lanes)
        const base = ((first()[lanes[0]] ?? 0) + offset) * width
        for (let row = 0; row < rows; row++) {
          for (let column = 0; column < columns; column++) {
            const [down, along] = columnMajor ? [column, row] : [row, column]
            const index = base + down * pitch * width + along
            if (memory.has(Math.floor(index / scalars), lanes[0]))
              touch(row * columns + column, memory, index)
          }
        }
      })
  }

  #eachSubgroup(
    place: string,
    visit: (subgroup: number, lanes: readonly [number, number, ...number[]]) => void,
  ): void {
    const { threads, subgroupSize } = this.#group.program
    const { list, count } = this.#group.active
    const active = [...list.subarray(0, count)]
    for (let subgroup = 0; subgroup < threads / subgroupSize; subgroup++) {
      const lanes = active.filter((lane) => Math.floor(lane / subgroupSize) === subgroup)
      const [first, second, ...others] = lanes
      if (first === undefined) continue
      if (lanes.length < subgroupSize)
        this.#group.reports.add({ kind: 'divergent', place, index: undefined, invocations: lanes })
      visit(subgroup, [first, second ?? first, ...others])
    }
  }

  #of(fragment: Fragment): readonly Float64Array[] {
    const known = this.#values.get(fragment.name)
    if (known) return known
    const { threads, subgroupSize } = this.#group.program
    const { rows, columns } = extentOf(fragment)
    const made = Array.from({ length: threads / subgroupSize }, () => new Float64Array(rows * columns))
    this.#values.set(fragment.name, made)
    return made
  }
}

/** Reads an element of a matrix from memory that may show its bits as words. */
function readerOf(
  stored: DType,
  dtype: StorageType,
): (memory: WatchedArray, index: number, lane: number) => number {
  if (stored === dtype) return (memory, index, lane) => memory.read(index, lane)
  const { decode, bits } = STORAGE[dtype]
  const perWord = STORAGE[stored].bits / bits
  return (memory, index, lane) => {
    const word = memory.read(Math.floor(index / perWord), lane)
    return decode((word >>> (bits * (index % perWord))) & (2 ** bits - 1))
  }
}

/** An element of a matrix as what stands for it in memory of elements of the same size. */
function storedAs(stored: DType, dtype: StorageType): (value: number) => number {
  if (stored === dtype) return (value) => value
  return (value) => asElements(Float64Array.of(value), dtype, stored)[0] ?? 0
}
