/** Vectors and matrices in plain JavaScript, for the references of examples. */

export type Vector = readonly number[]
export type Matrix = readonly Vector[]

export function sum(values: Vector): number {
  return values.reduce((total, value) => total + value, 0)
}

export function mean(values: Vector): number {
  return sum(values) / values.length
}

export function dot(a: Vector, b: Vector): number {
  return sum(a.map((value, i) => value * b[i]))
}

export function transpose(x: Matrix): Matrix {
  return x[0].map((_, j) => x.map((row) => row[j]))
}

/** `x[m, k] · y[k, n]`. */
export function product(x: Matrix, y: Matrix): Matrix {
  const columns = transpose(y)
  return x.map((row) => columns.map((column) => dot(row, column)))
}

export function softmaxOf(values: Vector): Vector {
  const top = Math.max(...values)
  const total = sum(values.map((value) => Math.exp(value - top)))
  return values.map((value) => Math.exp(value - top) / total)
}

export function logSoftmaxOf(values: Vector): Vector {
  const top = Math.max(...values)
  const total = sum(values.map((value) => Math.exp(value - top)))
  return values.map((value) => value - top - Math.log(total))
}

const WORD = 2n ** 32n

/** What `hl.rand(seed, ...)` gives at a position: the first word of Philox4x32-10, as a share of 1. */
export function uniform(seed: number, position: number): number {
  let [a, b, c, d] = [BigInt(position), 0n, 0n, 0n]
  let [x, y] = [BigInt(seed >>> 0), 0n]
  for (let round = 0; round < 10; round++) {
    const [first, second] = [0xd2511f53n * a, 0xcd9e8d57n * c]
    ;[a, b, c, d] = [(second / WORD) ^ b ^ x, second % WORD, (first / WORD) ^ d ^ y, first % WORD]
    ;[x, y] = [(x + 0x9e3779b9n) % WORD, (y + 0xbb67ae85n) % WORD]
  }
  return (Number(a) >>> 8) * 2 ** -24
}
