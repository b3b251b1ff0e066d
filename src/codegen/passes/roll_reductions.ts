/**
 * Streams a whole dimension in chunks instead of holding it in registers (`reduction_loops`). The body is cut
 * at reductions along the row into passes: each pass loops over the chunks and recomputes what it needs of
 * the row, and reductions become accumulators that are reduced across threads once, after the loop.
 * Accumulators have a chunk's elements to the end: this needs padded tiles.
 */
import { type NodeFactory, RegionBuilder, sizeNode, tileType } from '../../ir/build.ts'
import {
  type BlockId,
  type CrossingNode,
  NO_VALUE,
  type Node,
  type NodeSpec,
  type PhiNode,
  type ReduceNode,
  type Region,
  UNNUMBERED,
} from '../../ir/node.ts'
import { crossedAxes, isCrossing, isMemory, isWrite } from '../../ir/node_rules.ts'
import { blockOf, mapGrids, type TileBlock, type TileProgram } from '../../ir/tile_program.ts'
import { hasEffect, operandsOf, readsOf, rewriteRegion, walk } from '../../ir/traverse.ts'
import { unreachable } from '../../support/errors.ts'
import type { Plan } from '../plan/plan.ts'
import { neutralOf, REDUCE_RULES, type SimpleReduceOp } from '../reductions/reduce_rules.ts'
import { StreamedStates } from './streamed_states.ts'

type RowReduce = ReduceNode & { readonly op: SimpleReduceOp }

/**
 * True when the row may be streamed: it is only loaded, mapped, reduced and stored at the top of the grid's
 * body.
 */
export function canRoll(region: Region, row: BlockId): boolean {
  const along = (node: Node): boolean => node.type.axes.includes(row)
  const read = new Set(region.flatMap(readsOf))
  for (const node of region) {
    if (isCrossing(node) && !canStream(node, row)) return false
    // What an atomic gives would be another value in every pass.
    if (isWrite(node) && along(node) && read.has(node)) return false
    if (node.kind !== 'loop') continue
    let inside = node.inits.some(along)
    walk(node.body, (inner) => {
      inside ||= along(inner) || operandsOf(inner).some(along)
    })
    if (inside) return false
  }
  return !rereadsWhatItWrites(region, row)
}

/** True when chunks of the row can be worked on one after another. */
function canStream(node: CrossingNode, row: BlockId): boolean {
  switch (node.kind) {
    case 'reduce':
      return !isAlong(node, row) || (node.op !== 'argmax' && node.op !== 'argmin')
    case 'fold':
      return true
    case 'scan':
      return !isAlong(node, row) || !node.reverse
    case 'dot':
      return ![node, node.a, node.b].some((value) => value.type.axes.includes(row))
    default:
      return unreachable(node)
  }
}

/** Loops over the rows that the config streams: their blocks become those of loops. */
export function rollReductions({ program, bound }: Plan, nodes: NodeFactory): TileProgram {
  const isStreamed = (row: BlockId): boolean => bound.chunkOf(row) !== undefined
  const blocks = program.blocks.map((block) =>
    block.kind === 'slice' && isStreamed(block.id) ? { ...block, kind: 'tile' as const } : block,
  )
  return mapGrids({ ...program, blocks }, (grid) => {
    const rolled = (body: Region, row: BlockId): Region =>
      rollReduction(body, blockOf(program, row), new RegionBuilder(nodes))
    return { ...grid, body: grid.rows.filter(isStreamed).reduce(rolled, grid.body) }
  })
}

/** The region with a row looped over. */
function rollReduction(region: Region, block: TileBlock, builder: RegionBuilder): Region {
  const row = block.id
  const levels = levelsOf(region, row)
  const map = new Map<Node, Node>()
  const last = Math.max(0, ...levels.values())
  for (let level = 0; level <= last; level++) {
    const outside = region.filter((node) => !isOfRow(node, row) && levels.get(node) === level)
    rewriteRegion(outside, builder, map)
    const sinks = region.filter((node) => isSink(node, row) && sinkLevel(node, row, levels) === level)
    if (sinks.length > 0) emitPass(region, sinks, block, builder, map)
  }
  return builder.nodes
}

/** A node that exists once per element of the row. */
function isOfRow(node: Node, row: BlockId): boolean {
  return node.type.axes.includes(row) || isSink(node, row)
}

function isAlong(node: Node, row: BlockId): boolean {
  return crossedAxes(node).includes(row)
}

/** True for what is known when all chunks have been seen. */
function endsPass(node: Node, row: BlockId): boolean {
  return isAlong(node, row) && !node.type.axes.includes(row)
}

/** What a pass exists for: reductions along the row, and stores of its elements. */
function isSink(node: Node, row: BlockId): boolean {
  return endsPass(node, row) || (isWrite(node) && operandsOf(node).some((n) => n.type.axes.includes(row)))
}

/**
 * In which pass a node's value exists: one more than the pass of every reduction along the row that it needs.
 * What is not of the row comes before the pass of its level.
 */
function levelsOf(region: Region, row: BlockId): ReadonlyMap<Node, number> {
  const levels = new Map<Node, number>()
  const order = new MemoryOrder()
  for (const node of region) {
    const needed = operandsOf(node).map((operand) => levels.get(operand) ?? 0)
    if (node.kind === 'loop')
      walk(node.body, (inner) => needed.push(...operandsOf(inner).map((n) => levels.get(n) ?? 0)))
    const level = Math.max(0, ...needed) + (endsPass(node, row) ? 1 : 0)
    levels.set(node, order.levelOf(node, level, isOfRow(node, row)))
  }
  return levels
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

function sinkLevel(node: Node, row: BlockId, levels: ReadonlyMap<Node, number>): number {
  const level = levels.get(node) ?? 0
  return endsPass(node, row) ? level - 1 : level
}

/** One loop over the chunks of the row, with an accumulator for every reduction among the sinks. */
function emitPass(
  region: Region,
  sinks: readonly Node[],
  row: TileBlock,
  builder: RegionBuilder,
  map: Map<Node, Node>,
): void {
  const needed = closure(sinks, row.id)
  const reductions = sinks.filter((node): node is RowReduce => node.kind === 'reduce')
  const inner = builder.nested()
  const phis = reductions.map((node) =>
    inner.make({ kind: 'phi', type: node.arg.type, location: node.location } as const),
  )
  const local = new Map(map)
  const ofRow = region.filter((node) => needed.has(node))
  const states = new StreamedStates(ofRow, row.id, inner)
  const body = ofRow.filter((node) => !endsPass(node, row.id))
  rewriteRegion(body, inner, local, (spec, node) =>
    node.kind === 'scan' ? states.scanned(node, spec) : spec,
  )
  const yields = reductions.map((node, i) =>
    accumulate(inner, node, phis[i] as PhiNode, local.get(node.arg) ?? node.arg),
  )
  const loop = builder.add({
    ...loopSpec(builder, row),
    phis: [...phis, ...states.phis],
    inits: [...reductions.map((node) => neutralTile(builder, node)), ...states.inits(builder)],
    body: inner.nodes,
    yields: [...yields, ...states.yields(local)],
  })
  reductions.forEach((node, index) => {
    const { type, location } = node.arg
    const total = builder.add({ kind: 'result', type, location, loop, index })
    map.set(node, builder.add({ ...node, arg: total }))
  })
  for (const [node, at] of states.folds) {
    const { type, location } = node
    map.set(node, builder.add({ kind: 'result', type, location, loop, index: phis.length + at }))
  }
}

function loopSpec(builder: RegionBuilder, { id, size, location }: TileBlock) {
  const [begin, end] = [sizeNode(builder, 0), sizeNode(builder, size)]
  return {
    kind: 'loop',
    site: UNNUMBERED,
    type: NO_VALUE,
    location,
    blocks: [id],
    begins: [begin],
    ends: [end],
  } as const
}

/** Everything of the row that the sinks need, themselves included. */
function closure(sinks: readonly Node[], row: BlockId): ReadonlySet<Node> {
  const needed = new Set<Node>()
  const visit = (node: Node): void => {
    if (needed.has(node)) return
    needed.add(node)
    for (const operand of operandsOf(node)) if (isOfRow(operand, row) && !isSink(operand, row)) visit(operand)
  }
  sinks.forEach(visit)
  return needed
}

function neutralTile(builder: RegionBuilder, node: RowReduce): Node {
  const { type, location } = node.arg
  const value = neutralOf(node.op, type.dtype)
  const constant = builder.add({ kind: 'constant', type: tileType(type.dtype), location, value })
  return builder.add({ kind: 'broadcast', type, location, arg: constant })
}

function accumulate(builder: RegionBuilder, node: RowReduce, phi: PhiNode, value: Node): Node {
  const spec: NodeSpec = {
    kind: 'map',
    type: phi.type,
    location: node.location,
    op: REDUCE_RULES[node.op].map,
    args: [phi, value],
  }
  return builder.add(spec)
}

/**
 * True when a pass would read of the row what has been overwritten before: elements are read again in every
 * pass that needs them, so only stores of the very same elements in the last pass leave them alone long
 * enough.
 */
function rereadsWhatItWrites(region: Region, row: BlockId): boolean {
  const levels = levelsOf(region, row)
  const sinks = region.filter((node) => isSink(node, row))
  const last = Math.max(0, ...sinks.map((node) => sinkLevel(node, row, levels)))
  const loads = region.filter((node) => node.kind === 'load' && node.type.axes.includes(row))
  let found = false
  walk(region, (write) => {
    if (!isWrite(write)) return
    found ||= loads.some((load) => {
      if (load.kind !== 'load' || load.tensor !== write.tensor) return false
      const sameElements = load.index.every((index, i) => index === write.index[i])
      return write.kind === 'atomic' || !sameElements || levels.get(write) !== last
    })
  })
  return found
}
