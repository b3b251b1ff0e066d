/**
 * How a row that is streamed falls into passes: which nodes are of the row, which end a pass, and in which
 * pass each value exists.
 */
import type { BlockId, LoopNode, Node, Region } from '../../ir/node.ts'
import { crossedAxes, isMemory, isWrite } from '../../ir/node_rules.ts'
import { hasEffect, operandsOf, readsOf, walk } from '../../ir/traverse.ts'

/** A node that exists once per element of the row. */
export function isOfRow(node: Node, row: BlockId): boolean {
  return node.type.axes.includes(row) || isSink(node, row)
}

export function isAlong(node: Node, row: BlockId): boolean {
  return crossedAxes(node).includes(row)
}

/** True for what is known when all chunks have been seen. */
export function endsPass(node: Node, row: BlockId): boolean {
  return isAlong(node, row) && !node.type.axes.includes(row)
}

/** Whether scans along the row go forwards (false), from the end (true), or both. */
export function scanDirections(region: Region, row: BlockId): ReadonlySet<boolean> {
  const found = new Set<boolean>()
  walk(region, (node) => {
    if (node.kind === 'scan' && crossedAxes(node).includes(row)) found.add(node.reverse)
  })
  return found
}

/** What a pass exists for: reductions and products along the row, and stores of its elements. */
export function isSink(node: Node, row: BlockId): boolean {
  return endsPass(node, row) || (isWrite(node) && operandsOf(node).some((n) => n.type.axes.includes(row)))
}

/** True for a loop with values of the row in it: it walks the row by itself, in every round. */
export function walksRow(node: Node, row: BlockId): node is LoopNode {
  let found = false
  if (node.kind === 'loop')
    walk(node.body, (inner) => {
      found ||= isOfRow(inner, row) || operandsOf(inner).some((operand) => operand.type.axes.includes(row))
    })
  return found
}

/** Values of the row that the loop needs from around it, in order: it makes them again. */
export function inherited(region: Region, loop: LoopNode, row: BlockId): Region {
  const around = new Set(region)
  const needed = new Set<Node>()
  const visit = (node: Node): void => {
    if (!around.has(node) || needed.has(node) || !isOfRow(node, row) || isSink(node, row)) return
    needed.add(node)
    operandsOf(node).forEach(visit)
  }
  walk(loop.body, (inner) => readsOf(inner).forEach(visit))
  return region.filter((node) => needed.has(node))
}

/**
 * In which pass a node's value exists: one more than the pass of everything along the row that it needs. What
 * is not of the row comes before the pass of its level.
 */
export function levelsOf(region: Region, row: BlockId): ReadonlyMap<Node, number> {
  const levels = new Map<Node, number>()
  const order = new MemoryOrder()
  for (const node of region) {
    const needed = readsOf(node).map((operand) => levels.get(operand) ?? 0)
    if (node.kind === 'loop')
      walk(node.body, (inner) => needed.push(...readsOf(inner).map((n) => levels.get(n) ?? 0)))
    const level = Math.max(0, ...needed) + (endsPass(node, row) ? 1 : 0)
    levels.set(node, order.levelOf(node, level, isOfRow(node, row)))
  }
  return levels
}

/** The pass that a sink belongs to. */
export function sinkLevel(node: Node, levels: ReadonlyMap<Node, number>, row: BlockId): number {
  const level = levels.get(node) ?? 0
  return endsPass(node, row) ? level - 1 : level
}

/** Keeps writes behind earlier reads and writes, and reads behind earlier writes. */
class MemoryOrder {
  /** Highest levels so far of what is not of the row, and of writes along it. */
  #outsideReads = 0
  #outsideWrites = 0
  #rowWrites = -1

  levelOf(node: Node, least: number, ofRow: boolean): number {
    const [reads, writes] = [readsMemory(node), hasEffect(node)]
    if (!reads && !writes) return least
    const level = Math.max(least, this.#outsideWrites, ofRow ? this.#rowWrites : this.#rowWrites + 1)
    if (!writes) {
      if (!ofRow) this.#outsideReads = Math.max(this.#outsideReads, level)
      return level
    }
    const late = Math.max(level, this.#outsideReads)
    if (ofRow) this.#rowWrites = late
    else this.#outsideWrites = late
    return late
  }
}

function readsMemory(node: Node): boolean {
  return (isMemory(node) && !isWrite(node)) || (node.kind === 'loop' && node.body.some(readsMemory))
}
