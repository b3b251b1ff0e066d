/** Kernels that rearrange values along tiles: merged with other axes, split, flipped and put together. */
import { hl, type Tensor } from '../../src/language/index.ts'
import { host } from '../language/harness.ts'
import type { Rearranged } from './rearranged_kernels.ts'

/** A product with weights of 4 bits: two in a byte, `[k / 2, n]`, become `[k, n]`. */
function unpackedProduct(x: Tensor, packed: Tensor): Tensor {
  const [m, k] = x.shape
  const [half, n] = packed.shape
  hl.requireEqual(k, hl.mul(half, 2))
  const block = hl.registerBlockSize(half)
  const out = hl.empty([m, n])
  for (const [tm, tn] of hl.tile([m, n])) {
    const acc = hl.zeros([tm, tn])
    for (const t of hl.tile(half, { blockSize: block })) {
      const bytes = packed.at(t, tn)
      const values = hl.stack([bytes.shl(28).shr(28).to('f32'), bytes.shr(4).to('f32')], 1)
      const columns = hl.arange(hl.mul(block, 2)).add(t.begin.mul(2))
      acc.assign(hl.dot(x.at(tm, columns), values.reshape([t.blockSize.mul(2), tn]), acc))
    }
    out.at(tm, tn).set(acc)
  }
  return out
}

/** Sums of squares by heads, which are one axis with rows in between. */
function mergedHeads(x: Tensor): Tensor {
  const [m] = x.shape
  const [heads, width] = [hl.specialize(x.shape[1]), x.shape[2]]
  const out = hl.empty([m, heads])
  for (const t of hl.tile(m)) {
    const rows = x.at(t, ':', ':').reshape([-1, width])
    out.at(t, ':').set(rows.mul(rows).sum(1).reshape([t, heads]))
  }
  return out
}

/** Each four rows in reverse, beside their sums by pairs. */
function fixedTiles(x: Tensor) {
  const [m, n] = x.shape
  const tiles = hl.cdiv(m, 4)
  const out = hl.empty([tiles, 10, n])
  for (const [t, column] of hl.tile([m, n], { blockSize: [4, null] })) {
    const values = x.at(t, column)
    const pairs = values.reshape([2, 2, column]).sum(1)
    const middle = values.slice(0, 1, 3)
    const [even, odd] = hl.split(values.T.reshape([column, 2, 2]))
    const crossed = even.sub(odd).T
    out.at(t.id, ':', column).set(hl.cat([values.flip(0), pairs, middle, crossed]))
  }
  return out
}

export function parts(m: number): Readonly<Record<string, Rearranged>> {
  const x = host([m, 22], (i) => ((i * 5) % 9) - 4)
  const packed = host([11, 7], (i) => ((i * 37) % 256) - 128, 'i8')
  const weight = (k: number, n: number): number => {
    const byte = packed.data[Math.floor(k / 2) * 7 + n] ?? 0
    return k % 2 === 0 ? (byte << 28) >> 28 : byte >> 4
  }
  const heads = host([m, 3, 5], (i) => ((i * 7) % 11) - 5)
  const rows = host([m, 3], (i) => ((i * 7) % 23) - 11)
  const at = (row: number, column: number): number => (row < m ? (rows.data[row * 3 + column] ?? 0) : 0)
  const sumOf = (count: number, term: (i: number) => number): number =>
    Array.from({ length: count }, (_, i) => term(i)).reduce((a, b) => a + b, 0)
  const list = <T>(count: number, item: (i: number) => T): T[] =>
    Array.from({ length: count }, (_, i) => item(i))
  return {
    unpackedProduct: [
      unpackedProduct,
      [x, packed],
      list(m * 7, (i) => sumOf(22, (k) => (x.data[Math.floor(i / 7) * 22 + k] ?? 0) * weight(k, i % 7))),
    ],
    mergedHeads: [
      mergedHeads,
      [heads],
      list(m * 3, (i) => sumOf(5, (k) => (heads.data[i * 5 + k] ?? 0) ** 2)),
    ],
    fixedTiles: [
      fixedTiles,
      [rows],
      list(Math.ceil(m / 4) * 10, (i) => {
        const first = Math.floor(i / 10) * 4
        const end = Math.min(first + 4, m)
        return list(3, (column) => {
          const v = (row: number): number => at(first + row, column)
          const flipped = list(4, (row) => (end - 1 - row < first ? 0 : at(end - 1 - row, column)))
          return [...flipped, v(0) + v(1), v(2) + v(3), v(1), v(2), v(0) - v(1), v(2) - v(3)][i % 10] ?? 0
        })
      }).flat(),
    ],
  }
}
