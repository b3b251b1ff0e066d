/** Products with weights that have a scale for each group. */
import { hl } from '../../src/language/hl.ts'
import type { Tensor } from '../../src/language/tensors/tensor.ts'

/** Weights of a group. */
export const GROUP = 16

/** `w` is `[n, k]` with a scale and a zero point for each group of an output. */
export function ofRows(x: Tensor, w: Tensor, scale: Tensor, zero: Tensor): Tensor {
  const out = hl.empty([x.shape[0], w.shape[0]])
  for (const [tm, tn] of hl.tile([x.shape[0], w.shape[0]])) {
    const acc = hl.zeros([tm, tn])
    for (const tk of hl.tile(w.shape[1])) {
      const g = tk.index.floorDiv(GROUP)
      const weights = w.at(tn, tk).to('f16').sub(zero.at(tn, g).to('f16'))
      acc.addDot(x.at(tm, tk), weights.mul(scale.at(tn, g).to('f16')).transpose())
    }
    out.at(tm, tn).set(acc)
  }
  return out
}
