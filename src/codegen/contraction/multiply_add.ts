/** One step of a product: `x · y + sum`, element by element of vectors. */
import { isFloat } from '../../support/dtypes.ts'
import type { DotOperands } from '../state/contraction.ts'
import type { Expr } from '../thread/expr.ts'
import type { Expressions } from '../thread/expressions.ts'

/** With `packed`, `x` and `y` are words of four integers each, whose products are added up. */
export function multiplyAdd(
  e: Expressions,
  x: Expr,
  y: Expr,
  sum: Expr,
  packed?: DotOperands['packed'],
): Expr {
  if (!packed) return isFloat(sum.type.dtype) ? e.call('fma', x, y, sum) : e.add(sum, e.mul(x, y))
  const { width } = sum.type
  const products = Array.from({ length: width }, (_, i) =>
    e.call(packed.signed ? 'dot4I8Packed' : 'dot4U8Packed', e.component(x, i), e.component(y, i)),
  )
  return e.add(sum, e.vector(products, width))
}
