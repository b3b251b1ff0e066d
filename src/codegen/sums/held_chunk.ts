/**
 * Loops of one round, in halves: what a round reads and makes of it alone, and what it does once it knows
 * what was before. Between them a program holds the first half's values in registers.
 */
import { constantTile, type RegionBuilder } from '../../ir/build.ts'
import type { LoopNode, Node, Region } from '../../ir/node.ts'
import { isMemory, isWrite } from '../../ir/node_rules.ts'
import { operandsOf } from '../../ir/traverse.ts'
import type { PartialSum } from '../analysis/splittable_sums.ts'
import { loopWithin, type PartRange } from './part_loop.ts'

export interface Halves {
  /** Of one round: what it adds to each sum, in their order. */
  readonly addends: readonly Node[]
  /** What the second half needs of the first. */
  readonly held: readonly Node[]
  readonly first: Region
  readonly second: Region
}

/** The halves of a loop that adds something to each of its sums; undefined where that is another thing. */
export function halvesOf({ phis, yields, body }: LoopNode, sums: readonly PartialSum[]): Halves | undefined {
  const late = reachedFrom(body, (node) => isWrite(node) || operandsOf(node).some((arg) => isPhi(arg, phis)))
  const read = reachedFrom(body, isMemory)
  const addends = sums.flatMap(({ index }) => {
    const [phi, next] = [phis[index], yields[index]]
    if (next?.kind !== 'map' || next.args.length !== 2) return []
    return next.args.filter((arg) => arg !== phi && !late.has(arg))
  })
  if (addends.length !== sums.length) return undefined
  const isUnread = (node: Node): boolean => !body.some((other) => operandsOf(other).includes(node))
  // What is read of no memory is as soon made again; what only the next round would need is not made.
  const second = body.filter(
    (node) => (late.has(node) || !read.has(node)) && !(yields.includes(node) && isUnread(node)),
  )
  const own = new Set(second)
  const held = [...new Set(second.flatMap(operandsOf))].filter(
    (node) => body.includes(node) && !own.has(node),
  )
  return { addends, held, first: body.filter((node) => !late.has(node)), second }
}

function isPhi(node: Node, phis: readonly Node[]): boolean {
  return phis.includes(node)
}

/** The nodes of a region that something holds for, or for what they are made of. */
function reachedFrom(region: Region, begins: (node: Node) => boolean): ReadonlySet<Node> {
  const found = new Set<Node>()
  for (const node of region)
    if (begins(node) || operandsOf(node).some((arg) => found.has(arg))) found.add(node)
  return found
}

/** Adds the first half; gives what it adds to each sum. `map` has the held values from then on. */
export function addFirstHalf(
  at: RegionBuilder,
  whole: LoopNode,
  { addends, held, first }: Halves,
  range: PartRange,
  map: Map<Node, Node>,
): readonly Node[] {
  const yields = [...addends, ...held]
  const rounds = loopWithin({ ...whole, phis: [], inits: [], yields, body: first }, range, at, new Map(map))
  const loop = at.add({
    ...rounds,
    phis: yields.map(({ type, location }) => at.make({ kind: 'phi', type, location } as const)),
    inits: yields.map((value) => constantTile(at, value, 0)),
  })
  const results = yields.map(({ type, location }, index) =>
    at.add({ kind: 'result', type, location, loop, index }),
  )
  held.forEach((value, i) => {
    map.set(value, results[addends.length + i] ?? value)
  })
  return results.slice(0, addends.length)
}

/** Adds the second half, which begins with these values. */
export function addSecondHalf(
  at: RegionBuilder,
  whole: LoopNode,
  { second }: Halves,
  range: PartRange,
  map: ReadonlyMap<Node, Node>,
  inits: readonly Node[],
): void {
  const known = new Map(map)
  whole.phis.forEach((phi, i) => {
    known.set(phi, inits[i] ?? phi)
  })
  at.add(loopWithin({ ...whole, phis: [], inits: [], yields: [], body: second }, range, at, known))
}
