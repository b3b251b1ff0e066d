/** Matrix products of tiles. */
import { tileType } from '../ir/build.ts'
import { type Node, UNNUMBERED } from '../ir/node.ts'
import { callSite } from '../support/call_site.ts'
import { type DType, isFloat } from '../support/dtypes.ts'
import { AuthorError } from '../support/errors.ts'
import { toNode } from './elementwise.ts'
import { type Trace, tracing } from './trace.ts'
import { castTo, distinctAxes, printAxes, promote, sameAxis } from './typing.ts'
import { type Accumulator, TileValue } from './value.ts'

/** `a[m, k] · b[k, n] (+ acc[m, n])`; without `acc` floats accumulate and result in f32, integers in i32. */
export function dot(a: TileValue, b: TileValue, acc?: TileValue): TileValue {
  const trace = tracing('dot')
  return new TileValue(trace, dotNode(trace, a, b, acc === undefined ? acc : toNode(trace, 'dot', acc)))
}

/** `acc += a[m, k] · b[k, n]`. */
export function addDot(acc: Accumulator, a: TileValue, b: TileValue): void {
  const trace = tracing('addDot')
  acc.write(dotNode(trace, a, b, acc.nodeIn(trace)))
}

function dotNode(trace: Trace, left: TileValue, right: TileValue, acc: Node | undefined): Node {
  const [a, b] = sameDType(trace, toNode(trace, 'dot', left), toNode(trace, 'dot', right))
  const [m, k] = a.type.axes
  const [k2, n] = b.type.axes
  const fits = a.type.axes.length === 2 && b.type.axes.length === 2
  if (
    !fits ||
    m === undefined ||
    k === undefined ||
    k2 === undefined ||
    n === undefined ||
    !sameAxis(trace, k, k2, 'dot')
  ) {
    throw new AuthorError(
      `dot of ${printAxes(trace, a.type.axes)} and ${printAxes(trace, b.type.axes)}, ` +
        'which is not [m, k] · [k, n]',
      {
        location: callSite(),
        remedy: 'Both need two axes and share the middle one; .transpose() swaps the axes.',
      },
    )
  }
  const dtype: DType = acc?.type.dtype ?? (isFloat(a.type.dtype) ? 'f32' : a.type.dtype)
  if (acc) checkAccumulator(trace, acc, a.type.dtype, [m, n])
  return trace.add('dot', {
    kind: 'dot',
    site: UNNUMBERED,
    type: tileType(dtype, acc?.type.axes ?? distinctAxes(trace, [m, n], 'dot', callSite())),
    a,
    b,
    acc,
  })
}

function sameDType(trace: Trace, a: Node, b: Node): [Node, Node] {
  const common = promote(a.type.dtype, b.type.dtype, 'dot')
  const dtype = common === 'bool' ? 'i32' : common
  return [castTo(trace, a, dtype), castTo(trace, b, dtype)]
}

function checkAccumulator(trace: Trace, acc: Node, operands: DType, axes: readonly number[]): void {
  const { dtype } = acc.type
  if (isFloat(operands) ? !isFloat(dtype) : dtype !== operands) {
    throw new AuthorError(`addDot of ${operands} tiles to an accumulator of ${dtype}`, {
      location: callSite(),
      remedy: 'Floats accumulate in f32 or f16, integers in their own dtype: hl.zeros([m, n], dtype).',
    })
  }
  const have = acc.type.axes
  if (have.length === 2 && have.every((axis, i) => sameAxis(trace, axis, axes[i] ?? axis, 'addDot'))) return
  throw new AuthorError(
    `addDot of a product ${printAxes(trace, axes)} to an accumulator ${printAxes(trace, have)}`,
    { location: callSite(), remedy: 'Make the accumulator with hl.zeros([m, n]) over the same tiles.' },
  )
}
