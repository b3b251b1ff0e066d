/**
 * `where(a.index <= b.index, …)` in a loop, as in causal attention: most rounds of the loop are on one side
 * of the edge as a whole, and take the value as it is. Only a tile with the edge in it looks at positions.
 */
import { stripViews } from '../../ir/dim_index.ts'
import type { BlockId, MapNode, Node } from '../../ir/node.ts'
import { blockOf } from '../../ir/tile_program.ts'
import type { Layout } from '../layout/layout.ts'
import type { Lowering } from '../state/lowering.ts'
import { type Registers, variables, wholeChunk } from '../state/registers.ts'
import type { Expr } from '../thread/expr.ts'
import { mapRegisters } from './element_wise.ts'
import { valueIn } from './values.ts'

/** The value of the choice, undefined for others. */
export function edgeChoice(lowering: Lowering, node: MapNode, layout: Layout): Registers | undefined {
  const [condition, yes, no] = node.op === 'where' ? node.args : []
  const crosses = condition && crossing(lowering, condition)
  if (!crosses || !yes || !no) return undefined
  const { out, e } = lowering
  const value = variables(out, valueIn(lowering, yes, layout), 'where')
  out.if('some', crosses, () => {
    const args = [valueIn(lowering, condition, layout), value, valueIn(lowering, no, layout)]
    const chosen = mapRegisters(lowering, node, layout, args)
    value.chunks.forEach((_chunk, i) => {
      out.assign(wholeChunk(e, value, i), wholeChunk(e, chosen, i))
    })
  })
  return value
}

/** False where a comparison of positions holds for all elements of the tile. */
function crossing(lowering: Lowering, condition: Node): Expr | undefined {
  const plain = stripViews(condition)
  if (plain.kind !== 'map') return undefined
  const [a, b] = plain.args.map(positionsOf)
  if (a === undefined || b === undefined || a === b) return undefined
  if (isOfGrid(lowering, a) && isOfGrid(lowering, b)) return undefined
  const { e } = lowering
  const [left, right] = [edgesOf(lowering, a), edgesOf(lowering, b)]
  switch (plain.op) {
    case 'le':
      return e.binary('>', left.last, right.begin)
    case 'lt':
      return e.binary('>=', left.last, right.begin)
    case 'ge':
      return e.binary('<', left.begin, right.last)
    case 'gt':
      return e.binary('<=', left.begin, right.last)
    default:
      return undefined
  }
}

/** The block of which these are the positions. */
function positionsOf(node: Node): BlockId | undefined {
  const plain = stripViews(node)
  return plain.kind === 'index' ? plain.block : undefined
}

function isOfGrid({ program }: Lowering, block: BlockId): boolean {
  return program.grids.some(({ blocks, rows }) => blocks.includes(block) || rows.includes(block))
}

/** The first and the last position of a tile. */
function edgesOf(lowering: Lowering, block: BlockId): { readonly begin: Expr; readonly last: Expr } {
  const { begin } = lowering.place(block)
  return { begin, last: lowering.e.sum([begin], blockOf(lowering.program, block).extent - 1) }
}
