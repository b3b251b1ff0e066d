/**
 * Cholesky factors of symmetric positive definite matrices, row by row in flat arrays, and solving with them.
 */
import { at } from '../numeric.ts'

/** Replaces the lower triangle of `matrix` (n by n) by its factor. False when it is not positive definite. */
export function factorise(matrix: Float64Array, n: number): boolean {
  for (let row = 0; row < n; row++) {
    const r = row * n
    for (let column = 0; column <= row; column++) {
      const c = column * n
      let sum = at(matrix, r + column)
      for (let k = 0; k < column; k++) sum -= at(matrix, r + k) * at(matrix, c + k)
      if (column < row) matrix[r + column] = sum / at(matrix, c + column)
      else if (sum > 0) matrix[r + column] = Math.sqrt(sum)
      else return false
    }
  }
  return true
}

/** Solves for every column of `values` (n by columns) in place, given a factor. */
export function solve(factor: Float64Array, n: number, values: Float64Array, columns: number): void {
  forward(factor, n, values, columns)
  for (let row = n - 1; row >= 0; row--) {
    for (let k = row + 1; k < n; k++) subtract(values, row, k, at(factor, k * n + row), columns)
    scale(values, row, 1 / at(factor, row * n + row), columns)
  }
}

/** The first half of `solve`: the squares of the result sum to the quadratic form of the inverse. */
export function forward(factor: Float64Array, n: number, values: Float64Array, columns: number): void {
  for (let row = 0; row < n; row++) {
    for (let k = 0; k < row; k++) subtract(values, row, k, at(factor, row * n + k), columns)
    scale(values, row, 1 / at(factor, row * n + row), columns)
  }
}

/** Sum of the logs of the diagonal: half the log determinant. */
export function halfLogDeterminant(factor: Float64Array, n: number): number {
  let sum = 0
  for (let row = 0; row < n; row++) sum += Math.log(at(factor, row * n + row))
  return sum
}

function subtract(values: Float64Array, row: number, from: number, by: number, columns: number): void {
  const r = row * columns
  const f = from * columns
  for (let c = 0; c < columns; c++) values[r + c] = at(values, r + c) - by * at(values, f + c)
}

function scale(values: Float64Array, row: number, by: number, columns: number): void {
  const end = (row + 1) * columns
  for (let index = row * columns; index < end; index++) values[index] = at(values, index) * by
}
