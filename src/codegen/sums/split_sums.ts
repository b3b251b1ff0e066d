/**
 * Shares out loops that only add up among workgroups (`split_sums`). A grid with such a loop becomes two: in
 * the first, each program has a part of the rounds, and stores what they come to in scratch memory; the
 * second adds up the parts, always in the same order, and does everything else. With rows that are streamed,
 * this needs padded tiles.
 */
import {
  constantTile,
  type NodeFactory,
  RegionBuilder,
  sizeNode,
  sizeOfScalar,
  tileType,
} from '../../ir/build.ts'
import { neutralOf } from '../../ir/neutral.ts'
import { type BlockId, type LoopNode, NO_VALUE, type Node, ONE, UNNUMBERED } from '../../ir/node.ts'
import type { OpName } from '../../ir/ops.ts'
import { type Size, sizeOp } from '../../ir/size.ts'
import {
  addBlock,
  addScratch,
  blockOf,
  type TileBlock,
  type TileGrid,
  type TileProgram,
  tensorOf,
} from '../../ir/tile_program.ts'
import { loopWithBody, rewriteRegion } from '../../ir/traverse.ts'
import type { BoundConfig } from '../plan/bound_config.ts'
import type { Plan } from '../plan/plan.ts'
import { neededBy, type PartialSum, partialSums } from './splittable_sums.ts'
import {
  finite,
  idOf,
  type Partial,
  partsAtATime,
  placesOf,
  type Top,
  totalOf,
  withAxes,
} from './total_of_parts.ts'

export function splitSums({ program, bound }: Plan, nodes: NodeFactory): TileProgram {
  return program.grids.reduce<TileProgram>(
    (split, grid) => {
      const { program: added, grids } = splitGrid(split, grid, bound, nodes)
      return { ...added, grids: [...split.grids, ...grids] }
    },
    { ...program, grids: [] },
  )
}

interface Grids {
  /** With what the grids need. */
  readonly program: TileProgram
  readonly grids: readonly TileGrid[]
}

/** The grid, in two for each loop that the config splits. */
function splitGrid(program: TileProgram, grid: TileGrid, bound: BoundConfig, nodes: NodeFactory): Grids {
  const split = splitLoopOf(program, grid, bound)
  if (!split) return { program, grids: [grid] }
  const added = addPartials(program, grid, split, bound)
  const first = partGrid(added.program, grid, split, added.partials, new RegionBuilder(nodes))
  const second = totalGrid(first.program, grid, split, added.partials, new RegionBuilder(nodes))
  const rest = splitGrid(first.program, second, bound, nodes)
  return { program: rest.program, grids: [first.grid, ...rest.grids] }
}

interface Split {
  readonly loop: LoopNode
  readonly sums: readonly PartialSum[]
  readonly parts: number
}

/** The first loop of the grid to be split. */
function splitLoopOf(program: TileProgram, { body }: TileGrid, bound: BoundConfig): Split | undefined {
  const around = {
    blockOf: (id: BlockId) => blockOf(program, id),
    memoryOf: (id: number) => tensorOf(program, id).memory,
  }
  for (const loop of body) {
    const parts = loop.kind === 'loop' ? bound.partsOf(loop.blocks[0] ?? 0) : 1
    if (loop.kind !== 'loop' || parts === 1) continue
    const sums = partialSums(loop, body, around)
    if (sums) return { loop, sums, parts }
  }
  return undefined
}

function addPartials(
  program: TileProgram,
  { blocks }: TileGrid,
  { loop, sums, parts }: Split,
  bound: BoundConfig,
): { readonly program: TileProgram; readonly partials: readonly Partial[] } {
  let added = program
  const partials = sums.map((sum): Partial => {
    const { axes: all, dtype } = sum.type
    const axes = all.filter((axis) => axis !== ONE)
    const tiles = blocks.filter((id) => !axes.includes(id))
    const shape = [parts, ...tiles.map((id) => tilesOf(program, id)), ...axes.map((id) => endOf(program, id))]
    const scratch = addScratch(added, { name: `parts${sum.index}`, dtype, shape })
    const { location } = loop
    const block = { kind: 'tile', name: 'parts', size: parts, end: parts, location } as const
    const along = addBlock(scratch.program, block, partsAtATime(program, axes, parts, bound))
    added = along.program
    return { sum, tensor: scratch.id, tiles, axes, along: along.id }
  })
  return { program: added, partials }
}

function tilesOf(program: TileProgram, id: BlockId): Size {
  const { size, extent } = blockOf(program, id)
  return sizeOp('cdiv', size, extent)
}

function endOf(program: TileProgram, id: BlockId): Size {
  const { end, size } = blockOf(program, id)
  return end ?? size
}

/** The grid of the parts: those of one tile lie far from each other, those of neighbours side by side. */
function partGrid(
  program: TileProgram,
  grid: TileGrid,
  split: Split,
  partials: readonly Partial[],
  builder: RegionBuilder,
): { readonly program: TileProgram; readonly grid: TileGrid } {
  const { loop, parts } = split
  const { location } = loop
  const block = { kind: 'grid', name: 'part', size: parts, end: parts, location } as const
  const part = addBlock(program, block, 1)
  const map = new Map<Node, Node>()
  rewriteRegion(neededBy(loop, grid.body), builder, map)
  const number = idOf(builder, part.id)
  const partLoop = builder.add(loopOfPart(program, split, number, builder, map))
  for (const { sum, tensor, tiles, axes } of partials) {
    const { value, index } = sum
    const type = loop.phis[index]?.type ?? sum.type
    const result = builder.add({ kind: 'result', type, location, loop: partLoop, index })
    const total = value?.kind === 'reduce' ? builder.add({ ...value, arg: result }) : result
    builder.add({
      kind: 'store',
      site: UNNUMBERED,
      type: NO_VALUE,
      location,
      tensor,
      index: [number, ...placesOf(builder, tiles, axes)],
      value: withAxes(builder, total, axes),
      mask: undefined,
    })
  }
  return { program: part.program, grid: { ...grid, blocks: [part.id, ...grid.blocks], body: builder.nodes } }
}

/** The loop over the rounds of the part with this number. */
function loopOfPart(
  program: TileProgram,
  { loop, sums, parts }: Split,
  number: Node,
  builder: RegionBuilder,
  map: Map<Node, Node>,
): LoopSpec {
  const block = loop.blocks[0] ?? 0
  const { before, begin, end } = rangeOfPart(blockOf(program, block), loop, parts, number, builder)
  const top = sums.find(({ rescaled }) => rescaled)?.rescaled?.top
  const next = top === undefined ? undefined : loop.yields[top]
  const carried = new Map<number, Node>()
  const copy = loopWithBody(loop, builder, map, (inner, known) => {
    rewriteRegion(loop.body, inner, known, (spec, node, at) => {
      const isNumber = spec.kind === 'range' && spec.what === 'id' && spec.block === block
      if (isNumber) return scalar(at, 'add', at.add(spec), before)
      if (node !== next || top === undefined) return spec
      // A part may see nothing for some rounds where the whole has seen something before.
      carried.set(top, at.add(spec))
      return finite(at, carried.get(top) ?? node)
    })
  })
  return {
    ...copy,
    yields: copy.yields.map((value, index) => carried.get(index) ?? value),
    inits: loop.phis.map((phi, index) => {
      const op = sums.find((sum) => sum.index === index)?.op ?? 'sum'
      return constantTile(builder, phi, neutralOf(op, phi.type.dtype))
    }),
    begins: [begin, ...copy.begins.slice(1)],
    ends: [end, ...copy.ends.slice(1)],
  }
}

type LoopSpec = ReturnType<typeof loopWithBody>

/**
 * Where a part begins and ends, and how many rounds are before it. All have as many rounds, or the last ones
 * have one more: so none of them begins beyond the range.
 */
function rangeOfPart(
  { extent }: TileBlock,
  loop: LoopNode,
  parts: number,
  number: Node,
  builder: RegionBuilder,
): { readonly before: Node; readonly begin: Node; readonly end: Node } {
  const [first, last] = [sizeOf(loop.begins[0]), sizeOf(loop.ends[0])]
  const rounds = sizeOp('cdiv', sizeOp('max', sizeOp('sub', last, first), 0), extent)
  const [each, more] = [sizeOp('floordiv', rounds, parts), sizeOp('mod', rounds, parts)]
  const known = (size: Size): Node => sizeNode(builder, size)
  const roundsBefore = (part: Node): Node => {
    const even = scalar(builder, 'mul', part, known(each))
    if (more === 0) return even
    const late = scalar(builder, 'sub', part, known(sizeOp('sub', parts, more)))
    return scalar(builder, 'add', even, scalar(builder, 'maximum', late, known(0)))
  }
  const beginAfter = (before: Node): Node =>
    scalar(builder, 'add', known(first), scalar(builder, 'mul', before, known(extent)))
  const before = roundsBefore(number)
  const isLast = scalar(builder, 'eq', number, known(parts - 1))
  const next = beginAfter(roundsBefore(scalar(builder, 'add', number, known(1))))
  return { before, begin: beginAfter(before), end: scalar(builder, 'where', isLast, known(last), next) }
}

function sizeOf(bound: Node | undefined): Size {
  const size = bound && sizeOfScalar(bound)
  if (size === undefined) throw new Error('a loop of unknown range cannot be split')
  return size
}

function scalar(builder: RegionBuilder, op: OpName, ...args: readonly Node[]): Node {
  return builder.add({
    kind: 'map',
    type: tileType(op === 'eq' ? 'bool' : 'i32'),
    location: undefined,
    op,
    args,
  })
}

/** The grid as it was, but for the loop: instead of that, the parts are added to what it began with. */
function totalGrid(
  program: TileProgram,
  grid: TileGrid,
  { loop }: Split,
  partials: readonly Partial[],
  builder: RegionBuilder,
): TileGrid {
  const map = new Map<Node, Node>()
  for (const node of grid.body) {
    if (node === loop) addTotals(program, loop, partials, builder, map)
    else if (!map.has(node) && !(node.kind === 'result' && node.loop === loop))
      rewriteRegion([node], builder, map)
  }
  const rows = [...grid.rows, ...partials.map(({ along }) => along)]
  return { ...grid, rows, body: builder.nodes }
}

function addTotals(
  program: TileProgram,
  loop: LoopNode,
  partials: readonly Partial[],
  builder: RegionBuilder,
  map: Map<Node, Node>,
): void {
  const tops = new Map<number, Top>()
  for (const partial of partials) {
    const { value, index, rescaled } = partial.sum
    const init = loop.inits[index]
    // What is reduced after the loop begins with the neutral value, and what is rescaled with 0.
    const begun = value?.kind === 'reduce' || rescaled || !init ? undefined : (map.get(init) ?? init)
    const total = totalOf(program, partial, begun, rescaled && tops.get(rescaled.top), builder)
    tops.set(index, { partial, total })
    if (value) map.set(value, total)
  }
}
