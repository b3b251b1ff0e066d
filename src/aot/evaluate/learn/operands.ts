/**
 * What tiles read, where nobody has said so: of every argument the part that lies under them. Rows whose
 * length is no multiple of 16 are read element by element, others 16 bytes at a time.
 */
import { argumentFeature } from '../../../heuristics/feature_names.ts'
import { describeDType, type Features } from '../../../heuristics/features.ts'
import type { Column, Row } from '../features/columns.ts'
import { at } from '../numeric.ts'
import { Sizes } from './sizes.ts'

/** A tensor among the arguments. */
export interface Operand {
  readonly bytes: number
  /** By dimension: the column of its size, or -1 and the size itself where no column has it. */
  readonly dims: readonly { readonly column: number; readonly size: number }[]
}

export interface Reads {
  readonly bytes: number
  /** Instructions that load, as wide as rows allow. */
  readonly loads: number
}

/** Bytes that one instruction loads. */
const WIDEST = 16
/** Rows of multiples of so many elements are read in wide pieces. */
const ALIGNED = 16

/** The tensors of a kernel's calls; `shapes` are those of `rows`. Sizes that no row tells count as 1. */
export function operandsOf(
  columns: readonly Column[],
  rows: readonly Row[],
  shapes: readonly Features[],
): readonly Operand[] {
  const [features = {}] = shapes
  const sizes = new Sizes(columns, rows, shapes)
  const operands: Operand[] = []
  for (let argument = 0; argument < Object.keys(features).length; argument++) {
    const dims: Operand['dims'][number][] = []
    for (let dim = 0; Object.hasOwn(features, argumentFeature(argument, 'dim', dim)); dim++) {
      const place = sizes.placeOf(argumentFeature(argument, 'dim', dim))
      const isColumn = place !== undefined && place.column >= 0 && place.factor === 1
      dims.push(
        isColumn
          ? { column: place.column, size: 0 }
          : { column: -1, size: place?.column === -1 ? place.factor : 1 },
      )
    }
    const dtype = features[argumentFeature(argument, 'dtype')]
    const bytes = typeof dtype === 'string' ? describeDType(dtype).bytes : 0
    if (dims.length > 0) operands.push({ bytes: bytes || 4, dims })
  }
  return operands
}

/** What tiles of given lengths along columns read in one round. */
export function readsOf(operands: readonly Operand[], lengths: ReadonlyMap<number, number>, row: Row): Reads {
  let [bytes, loads] = [0, 0]
  for (const operand of operands) {
    if (!operand.dims.some(({ column }) => lengths.has(column))) continue
    const sizes = operand.dims.map(({ column, size }) => (column < 0 ? size : at(row, column)))
    const elements = operand.dims.reduce(
      (product, { column }, dim) => product * (lengths.get(column) ?? sizes[dim] ?? 1),
      1,
    )
    const isAligned = (sizes.at(-1) ?? 1) % ALIGNED === 0
    bytes += elements * operand.bytes
    loads += isAligned ? (elements * operand.bytes) / WIDEST : elements
  }
  return { bytes, loads }
}
