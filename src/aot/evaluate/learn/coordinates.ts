/**
 * Coordinates: a shape as a point for the smooth model. Sizes become log2, numbers are scaled to unit spread,
 * categories become one axis per value, and divisibility joins in one of several encodings (which one is
 * decided by the evidence of the fit).
 */
import type { Column, Row } from '../features/columns.ts'
import { at, entryAt, meanOf } from '../numeric.ts'

export type Coordinates = (row: Row) => Float64Array

type Axis = (row: Row) => number

/** Ways to tell a smooth model about divisibility; each maps a size to a number. */
const DIVISIBILITY = {
  by16: (size: number) => (size % 16 === 0 ? 1 : 0),
  by4: (size: number) => (size % 4 === 0 ? 1 : 0),
  graded: (size: number) => [2, 4, 8, 16].filter((by) => size % by === 0).length / 2,
}

/** Without divisibility. */
export function plainCoordinates(columns: readonly Column[], rows: readonly Row[]): Coordinates {
  return entryAt(coordinateVariants(columns, rows), 0)
}

/** 1 for each size that is a multiple of 16, else 0. */
export function divisibleBy16(columns: readonly Column[], row: Row): readonly number[] {
  return columns.flatMap(({ kind }, index) => (kind === 'size' ? [DIVISIBILITY.by16(at(row, index))] : []))
}

/** The plain coordinates first, then one variant per encoding of divisibility that tells rows apart. */
export function coordinateVariants(columns: readonly Column[], rows: readonly Row[]): readonly Coordinates[] {
  const plain = columns.flatMap((column, index) => axesOf(column, index, rows))
  const variants = [plain]
  for (const encode of Object.values(DIVISIBILITY)) {
    const axes = columns
      .map((column, index) => (column.kind === 'size' ? (row: Row) => encode(at(row, index)) : undefined))
      .filter((axis) => axis !== undefined)
      .filter((axis) => new Set(rows.map(axis)).size > 1)
    if (axes.length > 0) variants.push([...plain, ...axes])
  }
  return variants.map((axes) => (row) => Float64Array.from(axes, (axis) => axis(row)))
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
  const plain = entryAt(coordinateVariants(columns, rows), 0)
  const points = rows.map(plain)
  const spreads = Float64Array.from(points[0] ?? [], (_, d) => {
    const values = points.map((point) => at(point, d))
    const mean = meanOf(values)
    return Math.sqrt(meanOf(values.map((value) => (value - mean) ** 2))) || 1
  })
  return (row) => plain(row).map((value, d) => value / at(spreads, d))
}
