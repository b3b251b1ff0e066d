/** Sizes by the names of features, for rows that hold only what differs between shapes. */
import type { Features } from '../../../heuristics/features.ts'
import type { Column, Row } from '../features/columns.ts'
import { at, entryAt } from '../numeric.ts'

export type SizeNamed = (name: string) => number

/** A column, the same in every shape (the column -1), or a constant multiple of a column. */
interface Place {
  readonly column: number
  readonly factor: number
}

export class Sizes {
  readonly #columns: readonly Column[]
  readonly #rows: readonly Row[]
  readonly #shapes: readonly Features[]
  readonly #places = new Map<string, Place | undefined>()

  /** `shapes` are those of `rows`. */
  constructor(columns: readonly Column[], rows: readonly Row[], shapes: readonly Features[]) {
    this.#columns = columns
    this.#rows = rows
    this.#shapes = shapes
  }

  at(row: Row): SizeNamed {
    return (name) => {
      const place = this.placeOf(name)
      if (!place) return Number.NaN
      return place.column < 0 ? place.factor : at(row, place.column) * place.factor
    }
  }

  /** Where a row has a size; undefined where it cannot be had. */
  placeOf(name: string): Place | undefined {
    if (!this.#places.has(name)) this.#places.set(name, this.#find(name))
    return this.#places.get(name)
  }

  #find(name: string): Place | undefined {
    const own = this.#columns.findIndex((column) => column.name === name)
    if (own >= 0) return { column: own, factor: 1 }
    const values = this.#shapes.map((features) =>
      Number(Object.hasOwn(features, name) ? features[name] : NaN),
    )
    const [first = Number.NaN] = values
    if (values.every((value) => value === first)) return { column: -1, factor: first }
    for (const column of this.#columns.keys()) {
      const factor = first / at(entryAt(this.#rows, 0), column)
      if (this.#rows.every((row, i) => at(row, column) * factor === values[i])) return { column, factor }
    }
    return undefined
  }
}
