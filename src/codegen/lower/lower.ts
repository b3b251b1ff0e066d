/** Lowering of a region, node by node: which function turns which kind of node into WGSL. */

import type { FoldNode, Node, PureNode, Region, ScanNode, SortNode } from '../../ir/node.ts'
import { isMoving, isPure } from '../../ir/node_rules.ts'
import { isSameButPart } from '../../ir/traverse.ts'
import { unreachable } from '../../support/errors.ts'
import type { Layout } from '../layout/layout.ts'
import { lowerLoop } from '../loops/lower_loop.ts'
import { lowerLoad } from '../memory/lower_load.ts'
import { lowerAtomic, lowerStore } from '../memory/lower_memory.ts'
import { packedType, storePacked } from '../memory/lower_packed.ts'
import { isTile } from '../plan/tile_classes.ts'
import { lowerCombining } from '../reductions/lower_combining.ts'
import { lowerReduce } from '../reductions/lower_reduce.ts'
import { lowerSort } from '../reductions/lower_sort.ts'
import type { Lowering } from '../state/lowering.ts'
import { named, type Registers } from '../state/registers.ts'
import { inHomeLayout } from '../values/convert_layout.ts'
import { differenceRegisters, isMadeAfresh, pureValue } from '../values/values.ts'
import { lowerDot } from './lower_dot.ts'
import { lowerGather } from './lower_gather.ts'

/** Expressions of more operations get a name even when they are used once. */
const MAX_INLINE = 4

/** The part of a sort that says where elements stood. */
const PLACES = 1

/** The parts of folds and scans of a region so far, by the node that was lowered first. */
type Parts = Map<Node, readonly Registers[]>

export function lowerRegion(lowering: Lowering, region: Region): void {
  // Of one round: a body that is written out several times makes them in each.
  const made: Parts = new Map()
  for (const node of region) {
    if (isMadeAfresh(node, lowering) || lowering.rightOperands.isSkipped(node)) continue
    if (lowering.packedDots.isSkipped(node)) continue
    lowering.comesFrom(node)
    const value = lowerNode(lowering, node, region, made)
    if (value) lowering.values.set(node, inHomeLayout(lowering, node, value))
  }
}

/** Emits the node; the value, where it has one, in whatever layout it came about. */
function lowerNode(lowering: Lowering, node: Node, region: Region, made: Parts): Registers | undefined {
  const layout = (isTile(node) ? lowering.layouts.of(node) : undefined) ?? lowering.scalarLayout
  if (isPure(node)) return lowerPure(lowering, node, layout)
  switch (node.kind) {
    case 'load':
      return lowerLoad(lowering, node)
    case 'store': {
      const packed = packedType(lowering, node)
      if (packed) storePacked(lowering, node, packed)
      else lowerStore(lowering, node)
      return undefined
    }
    case 'atomic':
      return lowerAtomic(lowering, node)
    case 'reduce':
      return lowerReduce(lowering, node, lowering.layoutOf(node.arg))
    case 'fold':
    case 'scan':
    case 'sort':
      return partOf(lowering, node, region, made)
    case 'dot':
      return lowerDot(lowering, node)
    case 'gather':
      return lowerGather(lowering, node, lowering.layoutOf(node.arg))
    case 'loop':
      lowerLoop(lowering, node, lowerRegion)
      return undefined
    case 'result': {
      const phi = node.loop.phis[node.index]
      return phi && lowering.values.get(phi)
    }
    case 'phi':
      throw new Error(`the phi ${node.id} is not lowered where it stands`)
    default:
      return unreachable(node)
  }
}

/** Element-wise work, in the type that it is computed in. */
function lowerPure(lowering: Lowering, node: PureNode, layout: Layout): Registers {
  const { rightOperands } = lowering
  if (rightOperands.isExactDifference(node)) return differenceRegisters(lowering, node, layout)
  const type = { ...node.type, dtype: rightOperands.typeOf(node) }
  const value = pureValue(lowering, { ...node, type }, layout)
  return isMoving(node) || rightOperands.isMinuend(node) ? value : maybeNamed(lowering, node, value)
}

/** One part of what all parts in the region have in common, and is made with the first of them. */
function partOf(lowering: Lowering, node: Multipart, region: Region, made: Parts): Registers | undefined {
  const first = region.find((other) => isSameButPart(other, node)) ?? node
  const parts = made.get(first) ?? allParts(lowering, node, region)
  made.set(first, parts)
  return parts[node.part]
}

type Multipart = FoldNode | ScanNode | SortNode

function allParts(lowering: Lowering, node: Multipart, region: Region): readonly Registers[] {
  if (node.kind !== 'sort') return lowerCombining(lowering, node, lowering.layoutOf(node.args[0] ?? node))
  const withPlaces = region.some(
    (other) => other.kind === 'sort' && other.part === PLACES && isSameButPart(other, node),
  )
  return lowerSort(lowering, node, lowering.layoutOf(node.arg), withPlaces)
}

/** Short expressions that are read once stay expressions. */
function maybeNamed(lowering: Lowering, node: Node, value: Registers): Registers {
  // What the author wrote is written once.
  const short = node.kind !== 'inline' && value.chunks.every(({ size }) => size <= MAX_INLINE)
  return short && lowering.isUsedOnce(node) ? value : named(lowering.out, value, hintFor(node))
}

function hintFor(node: Node): string {
  if (node.kind === 'map') return node.op
  return node.kind === 'inline' ? 'inlined' : 'v'
}
