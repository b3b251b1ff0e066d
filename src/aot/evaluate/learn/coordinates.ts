/**
 * Coordinates: a shape as a point for the smooth model. Sizes become log2, numbers are scaled to unit spread,
 * categories become one axis per value; where it counts, divisibility by 16 joins.
 */
import type { Column, Row } from '../features/columns.ts'
import { at, meanOf } from '../numeric.ts'

export type Coordinates = (row: Row) => Float64Array

type Axis = (row: Row) => number

/** Plain coordinates, and whether each size is a multiple of 16. */
export function shapeCoordinates(columns: readonly Column[], rows: readonly Row[]): Coordinates {
  const divisible = columns.flatMap(({ kind }, index) =>
    kind === 'size' ? [(row: Row) => (at(row, index) % 16 === 0 ? 1 : 0)] : [],
  )
  return pointOf([...plainAxes(columns, rows), ...divisible])
}

function plainAxes(columns: readonly Column[], rows: readonly Row[]): readonly Axis[] {
  return columns.flatMap((column, index) => axesOf(column, index, rows))
}

function pointOf(axes: readonly Axis[]): Coordinates {
  return (row) => Float64Array.from(axes, (axis) => axis(row))
}

/** log2 of a size, with 0 one step below 1. */
export function logSize(size: number): number {
  return Math.log2(Math.max(size, 0.5))
}

function axesOf(column: Column, index: number, rows: readonly Row[]): Axis[] {
  switch (column.kind) {
    case 'size':
      return [(row) => logSize(at(row, index))]
    case 'number': {
      const values = rows.map((row) => at(row, index))
      const mean = meanOf(values)
      const spread = Math.sqrt(meanOf(values.map((value) => (value - mean) ** 2))) || 1
      return [(row) => (at(row, index) - mean) / spread]
    }
    case 'category':
      return column.values.map((_, value) => (row: Row) => (at(row, index) === value ? 1 : 0))
    default:
      return column.kind satisfies never
  }
}

/** Standardised plain coordinates: distances between shapes in units of the sweep's spread. */
export function standardised(columns: readonly Column[], rows: readonly Row[]): Coordinates {
  const plain = pointOf(plainAxes(columns, rows))
  const points = rows.map(plain)
  const spreads = Float64Array.from(points[0] ?? [], (_, d) => {
    const values = points.map((point) => at(point, d))
    const mean = meanOf(values)
    return Math.sqrt(meanOf(values.map((value) => (value - mean) ** 2))) || 1
  })
  return (row) => plain(row).map((value, d) => value / at(spreads, d))
}
