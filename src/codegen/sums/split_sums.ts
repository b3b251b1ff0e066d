/**
 * Shares out loops that only add up among workgroups (`split_sums`). A grid with such a loop becomes two: in
 * the first, each program has a part of the rounds, and stores what they come to in scratch memory; the
 * second adds up the parts, always in the same order, and does everything else. With rows that are streamed,
 * this needs padded tiles.
 */
import { constantTile, type NodeFactory, RegionBuilder } from '../../ir/build.ts'
import { neutralOf } from '../../ir/neutral.ts'
import { type BlockId, type LoopNode, NO_VALUE, type Node, UNNUMBERED } from '../../ir/node.ts'
import {
  addBlock,
  addScratch,
  blockOf,
  type TileGrid,
  type TileProgram,
  tensorOf,
  withGrids,
} from '../../ir/tile_program.ts'
import { rewriteRegion } from '../../ir/traverse.ts'
import { prefixSums } from '../analysis/prefix_sums.ts'
import { neededBy, type PartialSum, partialSums, type Surroundings } from '../analysis/splittable_sums.ts'
import type { BoundConfig } from '../plan/bound_config.ts'
import type { Plan } from '../plan/plan.ts'
import { chainedGrid, type Scan } from './chained_scans.ts'
import { partLoop } from './part_loop.ts'
import { scanGrid } from './split_scans.ts'
import {
  finite,
  idOf,
  type Partial,
  partsAtATime,
  placesFor,
  placesOf,
  type Top,
  totalOf,
  withAxes,
} from './total_of_parts.ts'

export function splitSums({ program, bound }: Plan, nodes: NodeFactory): TileProgram {
  let split = program
  const all: TileGrid[] = []
  for (const grid of program.grids) {
    const { program: added, grids } = splitGrid(split, grid, bound, nodes)
    split = added
    all.push(...grids)
  }
  return withGrids(split, all)
}

interface Grids {
  /** With what the grids need. */
  readonly program: TileProgram
  readonly grids: readonly TileGrid[]
}

/** The grid, in two for each loop that the config splits. */
function splitGrid(program: TileProgram, grid: TileGrid, bound: BoundConfig, nodes: NodeFactory): Grids {
  const scan = chainedLoopOf(program, grid, bound)
  if (scan) {
    const chained = chainedGrid(program, grid, scan, bound, nodes)
    return { program: chained.program, grids: [chained.grid] }
  }
  const split = splitLoopOf(program, grid, bound)
  if (!split) return { program, grids: [grid] }
  const added = addPartials(program, grid, split, bound)
  const first = partGrid(added.program, grid, split, added.partials, new RegionBuilder(nodes))
  const builder = new RegionBuilder(nodes)
  if (split.whole) {
    const prefixes = { loop: split.whole, parts: split.parts, part: first.part, partials: added.partials }
    return { program: first.program, grids: [first.grid, scanGrid(first.program, grid, prefixes, builder)] }
  }
  const second = totalGrid(first.program, grid, split, added.partials, builder)
  const rest = splitGrid(first.program, second, bound, nodes)
  return { program: rest.program, grids: [first.grid, ...rest.grids] }
}

interface Split {
  /** What adds up, and does nothing else. */
  readonly loop: LoopNode
  /** The loop that also reads what it carries on the way, and stores: it has to run, too. */
  readonly whole: LoopNode | undefined
  readonly sums: readonly PartialSum[]
  readonly parts: number
}

/** The scan of the grid whose chunks are to follow each other. */
function chainedLoopOf(program: TileProgram, { body }: TileGrid, bound: BoundConfig): Scan | undefined {
  const whole = body.find((node) => node.kind === 'loop' && bound.roundsOfChunk(node.blocks[0] ?? 0) > 0)
  const found = whole?.kind === 'loop' ? prefixSums(whole, body, surroundings(program)) : undefined
  return found && whole?.kind === 'loop' && found.isWhole ? { ...found, whole } : undefined
}

function surroundings(program: TileProgram): Surroundings {
  return {
    blockOf: (id: BlockId) => blockOf(program, id),
    memoryOf: (id: number) => tensorOf(program, id).memory,
  }
}

/** The first loop of the grid to be split. */
function splitLoopOf(program: TileProgram, { body }: TileGrid, bound: BoundConfig): Split | undefined {
  const around = surroundings(program)
  for (const loop of body) {
    const parts = loop.kind === 'loop' ? bound.partsOf(loop.blocks[0] ?? 0) : 1
    if (loop.kind !== 'loop' || parts === 1) continue
    const sums = partialSums(loop, body, around)
    if (sums) return { loop, whole: undefined, sums, parts }
    const prefixes = prefixSums(loop, body, around)
    if (prefixes) return { ...prefixes, whole: loop, parts }
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
    const { dtype } = sum.type
    const { axes, tiles, shape } = placesFor(program, blocks, sum)
    const scratch = addScratch(added, { name: `parts${sum.index}`, dtype, shape: [parts, ...shape] })
    const { location } = loop
    const block = { kind: 'tile', name: 'parts', size: parts, end: parts, location } as const
    const along = addBlock(scratch.program, block, partsAtATime(program, axes, parts, bound))
    added = along.program
    return { sum, tensor: scratch.id, tiles, axes, along: along.id }
  })
  return { program: added, partials }
}

/** The grid of the parts: those of one tile lie far from each other, those of neighbours side by side. */
function partGrid(
  program: TileProgram,
  grid: TileGrid,
  split: Split,
  partials: readonly Partial[],
  builder: RegionBuilder,
): { readonly program: TileProgram; readonly grid: TileGrid; readonly part: BlockId } {
  const { loop, parts } = split
  const { location } = loop
  const block = { kind: 'grid', name: 'part', size: parts, end: parts, location } as const
  const part = addBlock(program, block, 1)
  const map = new Map<Node, Node>()
  rewriteRegion(neededBy(loop, grid.body), builder, map)
  const number = idOf(builder, part.id)
  const rounds = builder.add(loopOfPart(program, split, number, builder, map))
  for (const { sum, tensor, tiles, axes } of partials) {
    const { value, index } = sum
    const type = loop.phis[index]?.type ?? sum.type
    const result = builder.add({ kind: 'result', type, location, loop: rounds, index })
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
  const parted = { ...grid, blocks: [part.id, ...grid.blocks], body: builder.nodes }
  return { program: part.program, grid: parted, part: part.id }
}

/** The loop over the rounds of the part with this number, from neutral values on. */
function loopOfPart(
  program: TileProgram,
  { loop, sums, parts }: Split,
  number: Node,
  builder: RegionBuilder,
  map: Map<Node, Node>,
): ReturnType<typeof partLoop> {
  const top = sums.find(({ rescaled }) => rescaled)?.rescaled?.top
  const carried = new Map<number, Node>()
  const copy = partLoop(program, { loop, parts, number }, builder, map, (spec, node, at) => {
    if (!top || node !== top.next) return spec
    // A part may see nothing for some rounds where the whole has seen something before.
    carried.set(top.index, at.add(spec))
    return finite(at, carried.get(top.index) ?? node)
  })
  return {
    ...copy,
    yields: copy.yields.map((value, index) => carried.get(index) ?? value),
    inits: loop.phis.map((phi, index) => {
      const op = sums.find((sum) => sum.index === index)?.op ?? 'sum'
      return constantTile(builder, phi, neutralOf(op, phi.type.dtype))
    }),
  }
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
    const top = rescaled && tops.get(rescaled.top.index)
    const total = totalOf(program, partial, { init: begun, top }, builder)
    tops.set(index, { partial, total })
    if (value) map.set(value, total)
  }
}
