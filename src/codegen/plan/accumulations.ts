/** What loops add up: dots whose sums nobody reads on the way. */
import { depthOf } from '../../ir/dot_axes.ts'
import { type DotNode, type LoopNode, type Node, ONE, type PhiNode, type Region } from '../../ir/node.ts'
import { operandsOf, walk } from '../../ir/traverse.ts'

/** Dots along some block that only add to what a loop carries, which nobody reads before the loop's end. */
export function accumulations(region: Region): ReadonlyMap<DotNode, PhiNode> {
  const found = new Map<DotNode, PhiNode>()
  walk(region, (loop) => {
    if (loop.kind !== 'loop') return
    loop.phis.forEach((phi, i) => {
      const next = loop.yields[i]
      if (next?.kind !== 'dot' || next.acc !== phi || !loop.body.includes(next)) return
      if (depthOf(next) === ONE) return
      if (readsWithin(loop, [phi, next]) === 2) found.set(next, phi)
    })
  })
  return found
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
