/**
 * Masks of rows that end before their loop does. Such a loop goes on to the largest of the rows' lengths, so
 * elements beyond its range are past the end of every row: what is masked by lengths needs no second mask.
 */
import type { BlockId, Node, Region } from '../../ir/node.ts'
import { isMoving } from '../../ir/node_rules.ts'
import { walk } from '../../ir/traverse.ts'

/** Where the loop over a block ends. */
export type EndOf = (block: BlockId) => Node | undefined

/** Of the loops of a region, some of whose nodes are others by now. */
export function endsOfLoops(region: Region, now: ReadonlyMap<Node, Node>): EndOf {
  const ends = new Map<BlockId, Node>()
  walk(region, (node) => {
    if (node.kind !== 'loop') return
    node.blocks.forEach((block, i) => {
      const end = node.ends[i]
      if (end) ends.set(block, end)
    })
  })
  return (block) => {
    const end = ends.get(block)
    return end && (now.get(end) ?? end)
  }
}

/** True when elements beyond the range of `block` are `neutral`, because rows have ended there. */
export function isMaskedByRows(value: Node, block: BlockId, neutral: number, endOf: EndOf): boolean {
  if (value.kind === 'map' && value.op === 'where') {
    const [mask, , other] = value.args
    return other?.kind === 'constant' && other.value === neutral && failsBeyond(mask, block, endOf)
  }
  if (value.kind === 'load') return (value.fill ?? 0) === neutral && failsBeyond(value.mask, block, endOf)
  if (neutral !== 0) return false
  const keepsZero = isMoving(value) || (value.kind === 'cast' && !value.bits)
  return keepsZero && isMaskedByRows(value.arg, block, neutral, endOf)
}

/** True for a mask that is false beyond the range of `block`. */
function failsBeyond(mask: Node | undefined, block: BlockId, endOf: EndOf): boolean {
  const node = mask && stripMoves(mask)
  if (node?.kind !== 'map') return false
  if (node.op === 'and') return node.args.some((arg) => failsBeyond(arg, block, endOf))
  const [index, length] = node.args.map(stripMoves)
  const isBelow = node.op === 'lt' && index?.kind === 'index' && index.block === block
  return isBelow && length !== undefined && length === longestOf(endOf(block))
}

/** The lengths that a scalar is the largest of. */
function longestOf(end: Node | undefined): Node | undefined {
  if (end?.kind === 'map' && end.op === 'where') return longestOf(end.args[1])
  return end?.kind === 'reduce' && end.op === 'max' ? (longestOf(end.arg) ?? stripMoves(end.arg)) : undefined
}

function stripMoves(node: Node): Node {
  return isMoving(node) ? stripMoves(node.arg) : node
}
