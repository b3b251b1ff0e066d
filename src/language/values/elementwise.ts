/**
 * Element-wise operations on tiles: every row of the IR's table becomes a method of TileValue and a function
 * of `hl`. Operands may be tiles, numbers, booleans and sizes; dtypes are promoted and shapes broadcast
 * before the node is made.
 */
import { tileType } from '../../ir/build.ts'
import type { Node } from '../../ir/node.ts'
import type { OpRule } from '../../ir/op_rule.ts'
import { OPS, type OpName } from '../../ir/ops.ts'
import { callSite } from '../../support/call_site.ts'
import { type DType, isFloat } from '../../support/dtypes.ts'
import { AuthorError } from '../../support/errors.ts'
import { isSymbolic } from '../tensors/dim.ts'
import { metWhole } from '../tensors/whole_tiles.ts'
import { describe } from '../trace/describe.ts'
import { aligned, keptApart } from '../trace/other_axes.ts'
import { type Trace, tracing } from '../trace/trace.ts'
import { broadcastAxes, broadcastTo, castTo, dtypeOfNumber, promote } from '../trace/typing.ts'
import { type Operand, ScalarArgument, TileValue } from './value.ts'

/** `op` applied to the operands, element by element. */
export function elementwise(op: OpName, operands: readonly Operand[]): TileValue {
  const trace = tracing(op)
  const rule = OPS[op]
  const nodes = toNodes(trace, op, operands)
  const args = convert(trace, op, rule, metWhole(trace, keptApart(trace, nodes.map(aligned))))
  const axes = broadcastAxes(
    trace,
    args.map((arg) => arg.type.axes),
    op,
  )
  const dtype = rule.result === 'bool' ? 'bool' : (args.at(-1)?.type.dtype ?? 'f32')
  const spread = args.map((arg) => (arg.type.axes.length === 0 ? arg : broadcastTo(trace, arg, axes, op)))
  const type = tileType(dtype, axes)
  return new TileValue(trace, trace.add(op, { kind: 'map', type, op, args: spread }))
}

/**
 * The IR value of an operand beside tiles of `dtype`. Numbers, sizes and number arguments adopt that dtype
 * (number arguments only if it is a float: they may hold fractions); without one they are f32.
 */
export function toNode(trace: Trace, what: string, operand: Operand, dtype?: DType): Node {
  if (operand instanceof ScalarArgument && dtype && isFloat(dtype)) {
    return castTo(trace, operand.nodeIn(trace), dtype)
  }
  if (operand instanceof TileValue) return operand.nodeIn(trace)
  if (isSymbolic(operand)) return castTo(trace, trace.size(operand.size), dtypeOfNumber(0, dtype))
  if (typeof operand === 'boolean') return trace.constant(operand ? 1 : 0, 'bool')
  if (typeof operand === 'number') return trace.constant(operand, dtypeOfNumber(operand, dtype))
  throw new AuthorError(`${what} got ${describe(operand)} as an operand`, {
    location: callSite(),
    remedy:
      'Operands are tile values, numbers, booleans and sizes: ' +
      'tensor.at(…) reads a tensor, tile.index is where a tile stands.',
  })
}

/** Operands as nodes; what has no dtype of its own adopts that of the tiles beside it. */
function toNodes(trace: Trace, op: OpName, operands: readonly Operand[]): Node[] {
  const values = op === 'where' ? operands.slice(1) : operands
  const dtypes = values.flatMap((v) =>
    v instanceof TileValue && !(v instanceof ScalarArgument) ? v.dtype : [],
  )
  const common = dtypes.reduce<DType | undefined>(
    (a, b) => (a === undefined ? b : promote(a, b, op)),
    undefined,
  )
  return operands.map((operand) => toNode(trace, op, operand, common))
}

/** Casts the nodes to the dtype that the operation works in. */
function convert(trace: Trace, op: OpName, rule: OpRule, nodes: readonly Node[]): Node[] {
  if (rule.operands === 'bool') return nodes.map((node) => castTo(trace, node, 'bool'))
  const values = rule.operands === 'select' ? nodes.slice(1) : nodes
  let dtype = values.map((node) => node.type.dtype).reduce((a, b) => promote(a, b, op))
  if (rule.operands === 'float' && !isFloat(dtype)) dtype = 'f32'
  if (rule.operands === 'number' && dtype === 'bool') dtype = 'i32'
  if (rule.operands === 'int') dtype = requireInteger(op, dtype)
  const converted = values.map((node) => castTo(trace, node, dtype))
  const condition = nodes[0]
  return rule.operands === 'select' && condition
    ? [castTo(trace, condition, 'bool'), ...converted]
    : converted
}

function requireInteger(op: OpName, dtype: DType): DType {
  if (!isFloat(dtype)) return dtype === 'bool' ? 'i32' : dtype
  throw new AuthorError(`${op} needs integers, not ${dtype}`, {
    location: callSite(),
    remedy: `Convert with .to('i32') or .to('u32').`,
  })
}
