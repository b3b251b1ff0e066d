/**
 * Streams a whole dimension in chunks instead of holding it in registers (`reduction_loops`). The body is cut
 * at reductions and products along the row into passes: each pass loops over the chunks and recomputes what
 * it needs of the row. Reductions become accumulators that are reduced across threads once, after the loop;
 * products are added up. A loop with values of the row in its body walks the row in every round.
 * Accumulators have a chunk's elements to the end: this needs padded tiles.
 */
import { constantTile, type NodeFactory, RegionBuilder, sizeNode } from '../../ir/build.ts'
import { neutralOf } from '../../ir/neutral.ts'
import {
  type BlockId,
  type DotNode,
  type LoopNode,
  NO_VALUE,
  type Node,
  type PhiNode,
  type ReduceNode,
  type Region,
  type TileType,
  UNNUMBERED,
} from '../../ir/node.ts'
import { blockOf, mapGrids, type TileBlock, type TileProgram, tensorOf } from '../../ir/tile_program.ts'
import { loopWithBody, operandsOf, rewriteRegion } from '../../ir/traverse.ts'
import { ConfigError } from '../../support/errors.ts'
import { canRoll, type MemoryOf } from '../analysis/can_roll.ts'
import { REDUCE_RULES, type SimpleReduceOp } from '../analysis/reduce_rules.ts'
import {
  endsPass,
  inherited,
  isOfRow,
  isSink,
  levelsOf,
  sinkLevel,
  walksRow,
} from '../analysis/row_levels.ts'
import type { Plan } from '../plan/plan.ts'
import { walkedForwards } from './reversed_rows.ts'
import { StreamedStates } from './streamed_states.ts'

type RowReduce = ReduceNode & { readonly op: SimpleReduceOp }

/** Loops over the rows that the config streams: their blocks become those of loops. */
export function rollReductions({ program, bound }: Plan, nodes: NodeFactory): TileProgram {
  const isStreamed = (row: BlockId): boolean => bound.chunkOf(row) !== undefined
  if (!program.blocks.some(({ id, kind }) => kind === 'slice' && isStreamed(id))) return program
  const blocks = program.blocks.map((block) =>
    block.kind === 'slice' && isStreamed(block.id) ? { ...block, kind: 'tile' as const } : block,
  )
  const memoryOf = (tensor: number): number => tensorOf(program, tensor).memory
  return mapGrids({ ...program, blocks }, (grid) => {
    const rows = grid.rows.filter(isStreamed).map((row) => blockOf(program, row))
    const body = rolled(grid.body, rows, memoryOf, nodes)
    if (!body) throw refusal(rows)
    return { ...grid, body }
  })
}

/** The body with all rows looped over; undefined when they cannot be in any order. */
function rolled(
  body: Region,
  rows: readonly TileBlock[],
  memoryOf: MemoryOf,
  nodes: NodeFactory,
): Region | undefined {
  if (rows.length === 0) return body
  for (const row of rows) {
    if (!canRoll(body, row.id, memoryOf)) continue
    const builder = new RegionBuilder(nodes)
    rollRow(walkedForwards(body, row, nodes), row, builder, new Map())
    const others = rows.filter((other) => other !== row)
    const done = rolled(builder.nodes, others, memoryOf, nodes)
    if (done) return done
  }
  return undefined
}

function refusal(rows: readonly TileBlock[]): ConfigError {
  const names = rows.map(({ name }) => name).join(' and ')
  return new ConfigError(`reduction_loops streams ${names}, which cannot be streamed together`, {
    location: rows[0]?.location,
    remedy: 'Leave one of them whole: null in reduction_loops.',
  })
}

/** Writes the region with a row looped over. */
function rollRow(region: Region, block: TileBlock, builder: RegionBuilder, map: Map<Node, Node>): void {
  const row = block.id
  const levels = levelsOf(region, row)
  const last = Math.max(0, ...levels.values())
  for (let level = 0; level <= last; level++) {
    for (const node of region) {
      if (isOfRow(node, row) || levels.get(node) !== level) continue
      if (walksRow(node, row)) rollWithin(node, region, block, builder, map)
      else rewriteRegion([node], builder, map)
    }
    const sinks = region.filter((node) => isSink(node, row) && sinkLevel(node, levels, row) === level)
    if (sinks.length > 0) emitPass(region, sinks, block, builder, map)
  }
}

/** A loop that walks the row in every round, with what it needs of the row from around it. */
function rollWithin(
  loop: LoopNode,
  region: Region,
  block: TileBlock,
  builder: RegionBuilder,
  map: Map<Node, Node>,
): void {
  const body = [...inherited(region, loop, block.id), ...loop.body]
  const copy = loopWithBody(loop, builder, new Map(map), (inner, known) => {
    rollRow(body, block, inner, known)
  })
  map.set(loop, builder.add(copy))
}

/** One loop over the chunks of the row, with an accumulator for every reduction or product in the sinks. */
function emitPass(
  region: Region,
  sinks: readonly Node[],
  row: TileBlock,
  builder: RegionBuilder,
  map: Map<Node, Node>,
): void {
  const needed = closure(sinks, row.id)
  const sums = sinks.flatMap(sumOf)
  const inits = sums.map((sum) => sum.init(builder, map))
  const inner = builder.nested()
  const phis = sums.map(({ type, node: { location } }) =>
    inner.make({ kind: 'phi', type, location } as const),
  )
  const local = new Map(map)
  const ofRow = region.filter((node) => needed.has(node))
  const states = new StreamedStates(ofRow, row.id, inner)
  const body = ofRow.filter((node) => !endsPass(node, row.id))
  rewriteRegion(body, inner, local, (spec, node) =>
    node.kind === 'scan' ? states.scanned(node, spec) : spec,
  )
  const yields = sums.map((sum, i) => sum.add(inner, phis[i] as PhiNode, (node) => local.get(node) ?? node))
  const loop = builder.add({
    ...loopSpec(builder, row),
    phis: [...phis, ...states.phis],
    inits: [...inits, ...states.inits(builder)],
    body: inner.nodes,
    yields: [...yields, ...states.yields(local)],
  })
  sums.forEach((sum, index) => {
    const { type, node } = sum
    const total = builder.add({ kind: 'result', type, location: node.location, loop, index })
    map.set(node, sum.end(builder, total))
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

/** What a pass adds up along the row. */
interface RowSum {
  readonly node: RowReduce | DotNode
  /** Of what the loop carries. */
  readonly type: TileType
  init(builder: RegionBuilder, map: ReadonlyMap<Node, Node>): Node
  /** What is carried, with that of another chunk. */
  add(builder: RegionBuilder, phi: PhiNode, local: (node: Node) => Node): Node
  /** The node's value, made of what the loop leaves. */
  end(builder: RegionBuilder, total: Node): Node
}

function sumOf(node: Node): RowSum | [] {
  if (node.kind === 'dot') return sumOfDot(node)
  return node.kind === 'reduce' ? sumOfReduction(node as RowReduce) : []
}

/** A chunk's elements are added to those of the chunk before, and reduced across threads at the end. */
function sumOfReduction(node: RowReduce): RowSum {
  const { type, location } = node.arg
  return {
    node,
    type,
    init: (builder) => constantTile(builder, node.arg, neutralOf(node.op, type.dtype)),
    add(builder, phi, local) {
      const args = [phi, local(node.arg)]
      return builder.add({ kind: 'map', type, location, op: REDUCE_RULES[node.op].map, args })
    },
    end: (builder, total) => builder.add({ ...node, arg: total }),
  }
}

/** The product of a chunk is added to those before. */
function sumOfDot(node: DotNode): RowSum {
  const { a, b, acc, type } = node
  return {
    node,
    type,
    init: (builder, map) => (acc ? (map.get(acc) ?? acc) : constantTile(builder, node, 0)),
    add: (builder, phi, local) => builder.add({ ...node, a: local(a), b: local(b), acc: phi }),
    end: (_builder, total) => total,
  }
}
