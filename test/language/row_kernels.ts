/** Kernels that compute something of every row of a matrix. */
import { hl, type Tensor, type TileValue } from '../../src/language/index.ts'

/** One number for each row. */
export function perRow(of: (row: TileValue) => TileValue) {
  return (x: Tensor): Tensor => {
    const out = hl.empty([x.shape[0]])
    for (const t of hl.tile(x.shape[0])) out.at(t).set(of(x.at(t, ':')))
    return out
  }
}

/** A whole tensor of the same shape. */
export function perElement(of: (tile: TileValue) => TileValue) {
  return (x: Tensor): Tensor => {
    const out = hl.empty(x.shape)
    for (const t of hl.tile(x.shape[0])) out.at(t, ':').set(of(x.at(t, ':')))
    return out
  }
}
