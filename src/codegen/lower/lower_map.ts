/** Element-wise operations and conversions on registers, chunk by chunk. */
import type { CastNode, MapNode } from '../../ir/node.ts'
import type { ElementCode } from '../../ir/op_rule.ts'
import { OPS } from '../../ir/ops.ts'
import type { DType } from '../../support/dtypes.ts'
import type { Layout } from '../layout/layout.ts'
import { roundPacked } from '../memory/packed_values.ts'
import type { Expr } from '../thread/expr.ts'
import type { Expressions } from '../thread/expressions.ts'
import { typeOf, type Width } from '../thread/types.ts'
import { chunkRegisters, chunkWidth, eachChunk, type Registers } from '../values/registers.ts'
import type { Lowering } from './lowering.ts'

/** Operators that take a vector and a scalar together. */
const MIXES_WITH_SCALARS = new Set(['add', 'sub', 'mul', 'div'])

/** `node.op` of registers in `layout`; an operand may also be a scalar spread over it. */
export function mapRegisters(
  { e }: Lowering,
  node: MapNode,
  layout: Layout,
  args: readonly Registers[],
): Registers {
  const rule = OPS[node.op]
  const dtype = args.at(-1)?.dtype ?? node.type.dtype
  const chunks = chunkRegisters(layout).map((_registers, i) => {
    const given = args.map((arg) => arg.chunks[i] ?? missing(node))
    // A chunk is computed once as a scalar when all its operands are.
    const width = given.every(({ type }) => type.width === 1) ? 1 : chunkWidth(layout)
    const mixed = MIXES_WITH_SCALARS.has(node.op)
    const [a, b, c] = given.map((arg, position) => {
      const isCondition = rule.operands === 'select' && position === 0
      return mixed || isCondition ? arg : e.splat(arg, width)
    })
    const none = a ?? missing(node)
    return rule.code(elementCode(e, dtype, width), none, b ?? none, c ?? none)
  })
  return { layout, dtype: node.type.dtype, chunks }
}

/** Conversion by value, or of the bits. */
export function castRegisters({ e, out }: Lowering, node: CastNode, arg: Registers): Registers {
  const { type, through } = node
  const { dtype } = type
  if (through) return eachChunk(arg, dtype, (chunk) => roundPacked(out, through, chunk))
  if (dtype === arg.dtype) return arg
  return eachChunk(arg, dtype, (chunk) => (node.bits ? e.bitcast(dtype, chunk) : e.convert(dtype, chunk)))
}

/** Element-wise code as expressions of one width. */
function elementCode(e: Expressions, dtype: DType, width: Width): ElementCode<Expr> {
  return {
    dtype,
    number: (value, other = dtype) => e.constant(value, typeOf(other, width)),
    infix: (operator, a, b) => e.binary(operator, a, b),
    prefix: (operator, a) => e.unary(operator, a),
    call: (fn, ...args) => e.call(fn, ...args),
    helper: (name, ...args) => e.helper(name, typeOf(dtype, width), ...args),
    convert: (other, a) => e.convert(other, a),
    bitcast: (other, a) => e.bitcast(other, a),
  }
}

function missing(node: MapNode): never {
  throw new Error(`${node.op} ${node.id} lacks an operand`)
}
