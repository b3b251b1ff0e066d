/**
 * Scans in one dispatch: each program has one chunk, publishes what that comes to, and looks back at what the
 * chunks before come to, those of its own group one by one, earlier groups as a whole. What it waits for in
 * vain it computes itself, so no device needs to run programs at the same time, or in order. Sums are added
 * in an order that does not depend on who was first: results are the same every time.
 */
import { type NodeFactory, RegionBuilder } from '../../ir/build.ts'
import type { BlockId, LoopNode, Node } from '../../ir/node.ts'
import { type Size, sizeOp } from '../../ir/size.ts'
import {
  addBlock,
  addScratch,
  blockOf,
  type TileBlock,
  type TileGrid,
  type TileProgram,
} from '../../ir/tile_program.ts'
import { rewriteRegion } from '../../ir/traverse.ts'
import { floorPowerOf2, nextPowerOf2 } from '../../support/maths.ts'
import { REDUCE_RULES } from '../analysis/reduce_rules.ts'
import type { PartialSum } from '../analysis/splittable_sums.ts'
import type { BoundConfig } from '../plan/bound_config.ts'
import { addFirstHalf, addSecondHalf, halvesOf } from './held_chunk.ts'
import { type Link, mapped, wordsOf } from './links.ts'
import { type Chain, LookBack } from './look_back.ts'
import { loopWithin } from './part_loop.ts'
import { idOf, partsAtATime, placesFor } from './total_of_parts.ts'

/** Chunks of a group, and places looked at together, where nobody knows how many there are. */
const [GROUP, MOST_PLACES] = [128, 256]

/** A loop that stores what it has added up so far. */
export interface Scan {
  readonly whole: LoopNode
  /** With nothing in it but what adds up. */
  readonly loop: LoopNode
  readonly sums: readonly PartialSum[]
}

/** The grid with a program for some rounds of the loop each. */
export function chainedGrid(
  program: TileProgram,
  grid: TileGrid,
  scan: Scan,
  bound: BoundConfig,
  nodes: NodeFactory,
): { readonly program: TileProgram; readonly grid: TileGrid } {
  const { program: added, chain, part } = addChain(program, grid, scan, bound)
  const builder = new RegionBuilder(nodes)
  const { whole, loop, sums } = scan
  const map = new Map<Node, Node>()
  // What comes before the loop has no effect, and nothing comes after it.
  rewriteRegion(grid.body.slice(0, grid.body.indexOf(whole)), builder, map)
  const lookBack = new LookBack(added, chain, loop, map)
  const chunk = idOf(builder, part)
  const range = lookBack.rangeOf(builder, chunk)
  const halves = chain.rounds === 1 ? halvesOf(whole, sums) : undefined
  const own = halves ? addFirstHalf(builder, whole, halves, range, map) : lookBack.sumsOf(builder, chunk)
  lookBack.publish(builder, chunk, own)
  lookBack.publishGroup(builder, chunk)
  const before = lookBack.before(builder, chunk)
  const inits = whole.inits.map((node, index) => {
    const init = map.get(node) ?? node
    const i = sums.findIndex((sum) => sum.index === index)
    const [sum, value] = [sums[i], before[i]]
    return sum && value ? mapped(builder, REDUCE_RULES[sum.op].map, init, value) : init
  })
  // A chunk of several rounds is read again, while caches have it: nobody holds it while waiting.
  if (halves) addSecondHalf(builder, whole, halves, range, map, inits)
  else builder.add({ ...loopWithin(whole, range, builder, map), inits })
  const rows = [...grid.rows, chain.blocks.chunk, chain.blocks.place]
  return { program: added, grid: { ...grid, blocks: [part, ...grid.blocks], rows, body: builder.nodes } }
}

/** The memory of the chain and the blocks of its loops. */
function addChain(
  program: TileProgram,
  grid: TileGrid,
  { loop, sums }: Scan,
  bound: BoundConfig,
): { readonly program: TileProgram; readonly chain: Chain; readonly part: BlockId } {
  const row = loop.blocks[0] ?? 0
  const { extent, ...range } = blockOf(program, row)
  const rounds = bound.roundsOfChunk(row)
  const chunks = sizeOp('cdiv', range.size, rounds * extent)
  const places = sums.map((sum) => placesFor(program, grid.blocks, sum))
  // Two tiles of each sum are held at a time.
  const tiles = 2 * sums.length
  const room = (parts: number): number => {
    const least = Math.min(...places.map(({ axes }) => partsAtATime(program, axes, tiles * parts, bound)))
    return Math.max(1, floorPowerOf2(least / tiles))
  }
  const group = room(groupFor(chunks))
  const groups = sizeOp('cdiv', chunks, group)
  const all = sizeOp('add', groups, group)
  let added = program
  const block = (made: Partial<TileBlock>, size: Size, of: number): BlockId => {
    const { location } = range
    const one = { kind: 'tile', name: 'chunk', size, end: size, location, ...made } as const
    const { program: next, id } = addBlock(added, one, of)
    added = next
    return id
  }
  const links = sums.map((sum, i): Link => {
    const { shape, tiles, axes } = places[i] ?? placesFor(program, grid.blocks, sum)
    const all = [wordsOf(sum.type.dtype), sizeOp('add', groups, chunks), ...shape]
    const scratch = { name: `sums${sum.index}`, dtype: 'u32', shape: all, fill: 0 } as const
    const { program: next, id: memory } = addScratch(added, scratch)
    added = next
    return { sum, tiles, axes, memory }
  })
  const part = block({ kind: 'grid' }, chunks, 1)
  const blocks = {
    chunk: block({}, group, group),
    place: block({ name: 'place' }, all, room(typeof all === 'number' ? nextPowerOf2(all) : MOST_PLACES)),
    eachChunk: block({}, group, 1),
    eachPlace: block({ name: 'place' }, all, 1),
    last: block({ kind: 'grid', name: 'last', end: undefined }, 1, 1),
  }
  return { program: added, chain: { row, rounds, chunks, links, group, groups, blocks }, part }
}

/** Chunks of a group: as many as there are groups, so that programs look back at few of either. */
function groupFor(chunks: Size): number {
  return typeof chunks === 'number' ? Math.max(1, nextPowerOf2(Math.ceil(Math.sqrt(chunks)))) : GROUP
}
