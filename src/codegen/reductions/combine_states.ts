/** The author's combination of two states that a thread holds as expressions. */
import { combined } from '../../ir/combine.ts'
import type { Combine } from '../../ir/node.ts'
import { OPS } from '../../ir/ops.ts'
import type { State } from '../analysis/reduce_rules.ts'
import type { Lowering } from '../state/lowering.ts'
import type { Expr } from '../thread/expr.ts'
import { castExpr, elementCode } from '../values/element_code.ts'
import { scalarValue } from '../values/values.ts'

/** Longer expressions get a name, because others may read them, too. */
const MAX_INLINE = 2

/** The state of all elements of `left`, then those of `right`, with names. */
export function combineStates(lowering: Lowering, combine: Combine, left: State, right: State): State {
  const { out, e } = lowering
  const short = (value: Expr): Expr => (value.size > MAX_INLINE ? out.shared('v', value) : value)
  const results = combined<Expr>(combine, left, right, {
    fact: (node) => scalarValue(lowering, node),
    operation(node, args) {
      const { dtype } = node.type
      const [a, b, c] = args
      const first = a ?? e.literal(0, dtype)
      if (node.kind === 'inline') return short(e.inline(node.code, dtype, args))
      if (node.kind === 'cast') return short(castExpr(out, node, first))
      const code = elementCode(e, args.at(-1)?.type.dtype ?? dtype, 1)
      return short(OPS[node.op].code(code, first, b ?? first, c ?? first))
    },
  })
  return results.map((value) => out.shared('both', value))
}
