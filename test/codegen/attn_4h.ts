/** Kernels in a file whose name looks like a literal of f16; compiled text may name it in comments. */
import { hl, type Tensor } from '../../src/language/index.ts'

export function twice(x: Tensor): Tensor {
  const out = hl.emptyLike(x)
  for (const t of hl.tile(x.shape[0])) out.at(t).set(x.at(t).mul(2))
  return out
}

/** Adds as f16, whatever it is given. */
export function throughHalf(x: Tensor): Tensor {
  const out = hl.emptyLike(x)
  for (const t of hl.tile(x.shape[0])) out.at(t).set(x.at(t).to('f16').add(1))
  return out
}

export function vec4h(pow_f32: Tensor): Tensor {
  const out = hl.emptyLike(pow_f32)
  for (const t of hl.tile(pow_f32.shape[0])) out.at(t).set(pow_f32.at(t).maximum(Number.NEGATIVE_INFINITY))
  return out
}
