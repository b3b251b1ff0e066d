/**
 * The least 32-bit registers that a thread needs at the worst point, known before a program is written:
 * values from where they are made to their last use, in loops to the loop's end. Element by element, a value
 * that is read once is a part of its reader, and one that reads another for the last time takes over its
 * registers. Addresses, and what is in the making, come on top: `liveRegisters` counts those too.
 */
import { stripViews } from '../../ir/dim_index.ts'
import type { LoopNode, Node, PhiNode, Region } from '../../ir/node.ts'
import { isMoving, isPure, isWrite, operandFields } from '../../ir/node_rules.ts'
import { tensorOf } from '../../ir/tile_program.ts'
import { operandsOf, walk } from '../../ir/traverse.ts'
import { STORAGE, type StorageType } from '../../support/storage_types.ts'
import { operandsAhead } from '../contraction/stage_ahead.ts'
import { withoutRepeats } from '../plan/varying.ts'
import type { Lowering } from '../state/lowering.ts'

const REGISTER_BITS = 32

/** What the values of a region take. */
export function estimateRegisters(region: Region, lowering: Lowering): number {
  const known = new Map<Node, number>()
  const total = (live: Iterable<Node>): number => {
    let registers = 0
    for (const node of live) {
      if (!known.has(node)) known.set(node, registersOf(node, lowering))
      registers += known.get(node) ?? 0
    }
    return registers
  }
  return peakOf(region, { lowering, total }, new Set(), new Set())
}

interface Sizes {
  readonly lowering: Lowering
  /** The registers of some values together. */
  readonly total: (live: Iterable<Node>) => number
}

/** `before` is live when the region begins; what is live when it has ended is among `after`. */
function peakOf(region: Region, sizes: Sizes, before: ReadonlySet<Node>, after: ReadonlySet<Node>): number {
  const { lowering, total } = sizes
  const { layouts } = lowering
  const { held, merged, lastUse } = lifetimes(region, lowering)
  const live = new Set<Node>(before)
  let peak = 0
  region.forEach((node, i) => {
    const dies = (value: Node): boolean => !after.has(value) && (lastUse.get(value) ?? -1) <= i
    const givesWay = (value: Node): boolean => dies(value) && layouts.of(value)?.key === layouts.of(node)?.key
    if (isElementwise(node)) for (const value of [...live]) if (givesWay(value)) live.delete(value)
    if (node.kind === 'loop') {
      for (const value of inPlaceBefore(node, lowering)) if (dies(value)) live.delete(value)
      const phis = node.phis.filter((phi) => !isCarriedAround(phi, lowering))
      const next = phis.map((phi) => carriedOn(node, phi))
      peak = Math.max(
        peak,
        peakOf(node.body, sizes, new Set([...live, ...phis]), new Set([...live, ...next])),
      )
      for (const phi of phis) live.add(phi)
    }
    if (!merged.has(node) && hasRegisters(node)) peak = Math.max(peak, total([node]))
    if (held.has(node)) live.add(node)
    peak = Math.max(peak, total(live))
    for (const value of [...live]) if (dies(value)) live.delete(value)
  })
  return peak
}

/**
 * What has the registers of what a loop carries when a round has ended: the next value, or still that one.
 */
function carriedOn(loop: LoopNode, phi: PhiNode): Node {
  const next = loop.yields[loop.phis.indexOf(phi)]
  const isMade = next !== undefined && loop.body.includes(next)
  return isMade && hasRegisters(next) ? next : phi
}

/** False for other names of a value. */
function hasRegisters(node: Node): boolean {
  return !isMoving(node) && node.kind !== 'result' && !continuesPhi(node)
}

/** What a loop only needs where it was put before it: in workgroup memory. */
function inPlaceBefore(loop: LoopNode, lowering: Lowering): ReadonlySet<Node> {
  const values = new Set<Node>()
  const inPlace = new Map<Node, ReadonlySet<Node>>()
  for (const [dot, sides] of operandsAhead(lowering, loop)) {
    if (lowering.layouts.matrix(dot)) continue
    const operands = sides.map((side) => dot[side])
    inPlace.set(dot, new Set(operands))
    for (const operand of operands) values.add(stripViews(operand))
  }
  if (values.size === 0) return values
  walk(loop.body, (node) => {
    if (isMoving(node)) return
    for (const operand of operandsOf(node))
      if (!inPlace.get(node)?.has(operand)) values.delete(stripViews(operand))
  })
  for (const value of loop.yields) values.delete(stripViews(value))
  return values
}

interface Lifetimes {
  /** Values with registers of their own. */
  readonly held: ReadonlySet<Node>
  /** Values that are a part of their reader. */
  readonly merged: ReadonlySet<Node>
  /** The position of the node that reads a value last, by whatever name. */
  readonly lastUse: ReadonlyMap<Node, number>
}

function lifetimes(region: Region, lowering: Lowering): Lifetimes {
  const held = new Set<Node>()
  const merged = new Set<Node>()
  const isReader = (node: Node | undefined): boolean =>
    isElementReader(node) || (node?.kind === 'dot' && lowering.layouts.product(node) !== undefined)
  const lastUse = new Map<Node, number>()
  const reader = new Map<Node, Node>()
  const readerBehind = (node: Node): Node =>
    isMoving(node) && lowering.isUsedOnce(node) ? (reader.get(node) ?? node) : node
  for (const [i, node] of [...region.entries()].reverse()) {
    const inReader = isElementwise(node) && lowering.isUsedOnce(node) && isReader(reader.get(node))
    if (inReader) merged.add(node)
    const isName = isMoving(node) || node.kind === 'result'
    if (!inReader && hasRegisters(node)) held.add(node)
    const until = inReader || isName ? (lastUse.get(node) ?? i) : i
    for (const value of reads(node)) {
      lastUse.set(value, Math.max(lastUse.get(value) ?? 0, until))
      reader.set(value, readerBehind(node))
    }
  }
  return { held, merged, lastUse }
}

/** Everything a node reads, what the body of a loop reads from outside included. */
function reads(node: Node): readonly Node[] {
  if (node.kind !== 'loop') return node.kind === 'result' ? [node.loop, ...node.loop.phis] : operandsOf(node)
  return [...operandsOf(node), ...node.yields, ...node.body.flatMap(reads)]
}

/** Of what is read, elements that differ, in the bits of their type until their only reader takes them. */
function registersOf(node: Node, lowering: Lowering): number {
  const { layouts, program } = lowering
  const layout = layouts.of(node)
  if (node.kind !== 'load' || !layout) return wordsOf(layouts.registersOf(node), node.type.dtype)
  const stored = lowering.isUsedOnce(node) ? tensorOf(program, node.tensor).dtype : node.type.dtype
  return wordsOf(withoutRepeats(layout, node, program).size, stored)
}

function wordsOf(count: number, dtype: StorageType): number {
  return Math.ceil((count * STORAGE[dtype].bits) / REGISTER_BITS)
}

/** True for what computes its elements one by one. */
function isElementwise(node: Node): boolean {
  return isPure(node) && !isMoving(node) && operandsOf(node).length > 0
}

/** True for what takes its operands element by element. */
function isElementReader(node: Node | undefined): boolean {
  if (node === undefined) return false
  const reduces = operandFields(node).some(([, role]) => role === 'whole')
  // An atomic operation goes through each of its values by name.
  return isElementwise(node) || reduces || (isWrite(node) && node.kind !== 'atomic')
}

/** True for sums of a loop that are those of a loop around it. */
function isCarriedAround(phi: PhiNode, { accumulations }: Lowering): boolean {
  return [...accumulations.values()].some((phis) => phis.slice(0, -1).includes(phi))
}

/** A dot adds to the registers that it continues. */
function continuesPhi(node: Node): boolean {
  return node.kind === 'dot' && node.acc?.kind === 'phi'
}
