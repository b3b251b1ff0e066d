/** Element-wise operations and conversions on registers, chunk by chunk. */
import type { CastNode, MapNode } from '../ir/node.ts'
import { OPS } from '../ir/ops.ts'
import { operand } from '../ir/wgsl_text.ts'
import type { DType } from '../support/dtypes.ts'
import type { Layout } from './layout.ts'
import type { Lowering } from './lowering.ts'
import { type Chunk, chunkRegisters, chunkText, chunkWidth, type Registers } from './registers.ts'
import { type Width, wgslType } from './wgsl_types.ts'

/** Operators that take a vector and a scalar together. */
const MIXES_WITH_SCALARS = new Set(['add', 'sub', 'mul', 'div'])

/** `node.op` of registers in `layout`; an operand may also be a scalar spread over it. */
export function mapRegisters(
  { helpers }: Lowering,
  node: MapNode,
  layout: Layout,
  args: readonly Registers[],
): Registers {
  const rule = OPS[node.op]
  const dtype = args.at(-1)?.dtype ?? node.type.dtype
  return {
    layout,
    dtype: node.type.dtype,
    chunks: eachChunk(layout, args, (i, width, splat) => {
      const mixed = MIXES_WITH_SCALARS.has(node.op) && !splat
      const texts = args.map((arg, position) => {
        const isCondition = rule.operands === 'select' && position === 0
        const chunk = arg.chunks[i]
        const asScalar = splat || (chunk?.splat && (mixed || isCondition))
        return operand(asScalar ? (chunk?.text ?? '') : chunkText(arg, i))
      })
      return rule.wgsl(helpers.typesFor(dtype, width), texts[0] ?? '', texts[1] ?? '', texts[2] ?? '')
    }),
  }
}

/** Conversion by value, or of the bits. */
export function castRegisters(node: CastNode, layout: Layout, arg: Registers): Registers {
  const dtype = node.type.dtype
  if (dtype === arg.dtype) return arg
  return {
    layout,
    dtype,
    chunks: eachChunk(layout, [arg], (i, width, splat) => {
      const text = splat ? (arg.chunks[i]?.text ?? '') : chunkText(arg, i)
      return node.bits ? `bitcast<${wgslType(dtype, width)}>(${text})` : convertText(text, dtype, width)
    }),
  }
}

/** `text` converted to `width` elements of a dtype. */
export function convertText(text: string, dtype: DType, width: Width): string {
  return `${wgslType(dtype, width)}(${text})`
}

/** A chunk is computed once as a scalar when all its operands are. */
function eachChunk(
  layout: Layout,
  args: readonly Registers[],
  text: (chunk: number, width: Width, splat: boolean) => string,
): readonly Chunk[] {
  const width = chunkWidth(layout)
  return chunkRegisters(layout).map((_registers, i) => {
    const splat = width === 1 || args.every((arg) => arg.chunks[i]?.splat)
    return { text: text(i, splat ? 1 : width, splat), splat }
  })
}
