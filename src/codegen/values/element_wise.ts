/** Element-wise operations and conversions on registers, chunk by chunk. */
import type { CastNode, InlineNode, MapNode } from '../../ir/node.ts'
import { OPS } from '../../ir/ops.ts'
import type { Layout } from '../layout/layout.ts'
import type { Lowering } from '../state/lowering.ts'
import { chunkRegisters, chunkWidth, eachChunk, type Registers } from '../state/registers.ts'
import type { Width } from '../thread/types.ts'
import { castExpr, elementCode } from './element_code.ts'

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

/** The author's WGSL, for each register. */
export function inlineRegisters(
  { e }: Lowering,
  { id, code, type: { dtype } }: InlineNode,
  layout: Layout,
  args: readonly Registers[],
): Registers {
  const chunks = chunkRegisters(layout).map((_registers, i) => {
    const given = args.map((arg) => arg.chunks[i] ?? missing({ op: 'inline', id }))
    const width = Math.max(1, ...given.map(({ type }) => type.width)) as Width
    const parts = Array.from({ length: width }, (_, at) =>
      e.inline(
        code,
        dtype,
        given.map((arg) => e.component(arg, at)),
      ),
    )
    return e.vector(parts, width)
  })
  return { layout, dtype, chunks }
}

/** Conversion by value, or of the bits. */
export function castRegisters({ out }: Lowering, node: CastNode, arg: Registers): Registers {
  return eachChunk(arg, node.type.dtype, (chunk) => castExpr(out, node, chunk))
}

function missing(node: { readonly op: string; readonly id: number }): never {
  throw new Error(`${node.op} ${node.id} lacks an operand`)
}
