/** Kernels over parts of dimensions. */
import { hl, type Tensor } from '../../src/language/index.ts'

/** The sum of the two halves of each row, in the first half of the result. */
export function halves(x: Tensor): Tensor {
  const [m, n] = x.shape
  const half = hl.floorDiv(n, 2)
  const out = hl.zeros([m, n])
  for (const t of hl.tile(m)) {
    const [left, right] = [hl.range(half), hl.range(half, hl.mul(half, 2))]
    out.at(t, left).set(x.at(t, left).add(x.at(t, right)))
  }
  return out
}
