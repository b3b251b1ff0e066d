/** What loops add up: carried values that they only combine with others, and that nobody reads on the way. */
import { depthOf } from '../../ir/dot_axes.ts'
import { type DotNode, type LoopNode, type Node, ONE, type PhiNode, type Region } from '../../ir/node.ts'
import { isCommutative, type OpName } from '../../ir/ops.ts'
import { operandsOf, walk } from '../../ir/traverse.ts'

/**
 * Dots along some block that only add to what a loop carries, which nobody reads before the loop's end; each
 * with what carries its sums: in the innermost loop, and in those around it that do nothing else with them.
 */
export function accumulations(region: Region): ReadonlyMap<DotNode, readonly PhiNode[]> {
  const found = new Map<DotNode, PhiNode[]>()
  const dotOf = new Map<PhiNode, DotNode>()
  const add = (dot: DotNode, phi: PhiNode): void => {
    found.set(dot, [...(found.get(dot) ?? []), phi])
    dotOf.set(phi, dot)
  }
  const visit = (nodes: Region): void => {
    for (const loop of nodes) {
      if (loop.kind !== 'loop') continue
      visit(loop.body)
      loop.phis.forEach((phi, i) => {
        const next = loop.yields[i]
        if (!next || !loop.body.includes(next) || readsWithin(loop, [phi, next]) !== 2) return
        if (next.kind === 'dot' && next.acc === phi && depthOf(next) !== ONE) add(next, phi)
        const inner = next.kind === 'result' ? next.loop.phis[next.index] : undefined
        const dot = inner && dotOf.get(inner)
        if (dot && next.kind === 'result' && next.loop.inits[next.index] === phi) add(dot, phi)
      })
    }
  }
  visit(region)
  return found
}

/**
 * The operation that every round combines a carried value by, in whatever order: the loop looks at the value
 * for nothing else. Undefined for other values.
 */
export function accumulatedBy(loop: LoopNode, index: number): OpName | undefined {
  const [phi, next] = [loop.phis[index], loop.yields[index]]
  if (!phi || !next || readsWithin(loop, [phi, next]) !== 2) return undefined
  if (next.kind === 'dot') return next.acc === phi && !next.rescale ? 'add' : undefined
  return next.kind === 'map' && isCommutative(next.op) && next.args.includes(phi) ? next.op : undefined
}

/** How often a loop reads some of these values, the loops in it included. */
export function readsWithin(loop: LoopNode, values: readonly Node[]): number {
  let count = 0
  const look = (read: readonly Node[]): void => {
    count += read.filter((value) => values.includes(value)).length
  }
  look(loop.yields)
  walk(loop.body, (node) => {
    look(operandsOf(node))
    if (node.kind === 'loop') look(node.yields)
  })
  return count
}
