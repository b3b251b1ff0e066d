/**
 * Scans in one dispatch: each program has one chunk, publishes what that comes to, and looks back at what the
 * chunks before come to, those of its own group one by one, earlier groups as a whole. What it waits for in
 * vain it computes itself, so no device needs to run programs at the same time, or in order. Sums are added
 * in an order that does not depend on who was first: results are the same every time.
 */
import { constantTile, type NodeFactory, RegionBuilder, tileType } from '../../ir/build.ts'
import { neutralOf } from '../../ir/neutral.ts'
import type { BlockId, LoopNode, Node, Region } from '../../ir/node.ts'
import { type Size, sizeOp } from '../../ir/size.ts'
import { addBlock, addScratch, blockOf, type TileGrid, type TileProgram } from '../../ir/tile_program.ts'
import { operandsOf, rewriteRegion, type Transform } from '../../ir/traverse.ts'
import { floorPowerOf2 } from '../../support/maths.ts'
import { REDUCE_RULES } from '../analysis/reduce_rules.ts'
import type { PartialSum } from '../analysis/splittable_sums.ts'
import type { BoundConfig } from '../plan/bound_config.ts'
import { type Link, wordsOf } from './links.ts'
import { type Chain, LookBack } from './look_back.ts'
import { idOf, partsAtATime, placesFor } from './total_of_parts.ts'

/** Chunks of a group, where registers hold so many sums. */
const GROUP = 128

/** A loop that stores what it has added up so far. */
export interface Scan {
  readonly whole: LoopNode
  /** With nothing in it but what adds up. */
  readonly loop: LoopNode
  readonly sums: readonly PartialSum[]
}

/** The grid with a program for each round of the loop. */
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
  const around = new Map(map)
  const renamed = renaming(chain.row, part)
  const late = dependingOn(whole.phis, whole.body)
  const early = whole.body.filter((node) => !late.has(node))
  rewriteRegion(early, builder, map, renamed)
  const lookBack = new LookBack(added, chain, loop, around)
  const own = ownSums(scan, late, builder, new Map(map), renamed)
  const before = lookBack.before(builder, idOf(builder, part), own)
  sums.forEach(({ index, op, type }, i) => {
    const [phi, init] = [whole.phis[index], whole.inits[index]]
    const begun = (init && (map.get(init) ?? init)) ?? constantTile(builder, { type, location }, 0)
    const args = [begun, before[i] ?? begun]
    if (phi) map.set(phi, builder.add({ kind: 'map', type, location, op: REDUCE_RULES[op].map, args }))
  })
  const rest = whole.body.filter((node) => late.has(node))
  rewriteRegion(rest, builder, map, renamed)
  const rows = [...grid.rows, chain.along, chain.groups]
  return { program: added, grid: { ...grid, blocks: [part, ...grid.blocks], rows, body: builder.nodes } }
}

const location = undefined

/** What the program's own chunk comes to. */
function ownSums(
  { loop, sums }: Scan,
  late: ReadonlySet<Node>,
  builder: RegionBuilder,
  map: Map<Node, Node>,
  renamed: Transform,
): readonly Node[] {
  for (const { index, op } of sums) {
    const phi = loop.phis[index]
    if (phi) map.set(phi, constantTile(builder, phi, neutralOf(op, phi.type.dtype)))
  }
  const own = loop.body.filter((node) => late.has(node))
  rewriteRegion(own, builder, map, renamed)
  return sums.flatMap(({ index }) => {
    const value = loop.yields[index]
    return value ? [map.get(value) ?? value] : []
  })
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
  let added = program
  const block = (name: string, size: Size, of: number, like?: BlockId): BlockId => {
    const made = { kind: 'tile', name, size, end: size, location: range.location, like } as const
    const { program: next, id } = addBlock(added, made, of)
    added = next
    return id
  }
  const rounds = sizeOp('cdiv', range.size, extent)
  const places = sums.map((sum) => placesFor(program, grid.blocks, sum))
  const room = (parts: number): number => {
    const least = Math.min(...places.map(({ axes }) => partsAtATime(program, axes, parts, bound)))
    return floorPowerOf2(Math.max(1, least / sums.length))
  }
  const group = room(GROUP)
  const groups = sizeOp('cdiv', rounds, group)
  const links = sums.map((sum): Link => {
    const { shape, tiles, axes } = placesFor(program, grid.blocks, sum)
    const words = wordsOf(sum.type.dtype)
    const memory = (name: string, count: Size): number => {
      const scratch = { name, dtype: 'u32', shape: [words, count, ...shape], fill: 0 } as const
      const { program: next, id } = addScratch(added, scratch)
      added = next
      return id
    }
    return { sum, tiles, axes, chunks: memory('chunk_sums', rounds), groups: memory('group_sums', groups) }
  })
  const part = block('part', range.size, extent, row)
  const chain = {
    row,
    links,
    group,
    along: block('chunk', group, group),
    again: block('again', group, 1),
    groups: block('group', groups, room(GROUP)),
    groupAgain: block('again', groups, 1),
  }
  return { program: added, chain, part }
}

/** One block in the place of another. */
function renaming(from: BlockId, to: BlockId): Transform {
  return (spec) => {
    const { dtype, axes } = spec.type
    const type = tileType(
      dtype,
      axes.map((axis) => (axis === from ? to : axis)),
    )
    return 'block' in spec && spec.block === from ? { ...spec, type, block: to } : { ...spec, type }
  }
}

/** The nodes of the region that are made of these. */
function dependingOn(roots: Region, region: Region): ReadonlySet<Node> {
  const found = new Set<Node>(roots)
  for (const node of region) if (operandsOf(node).some((operand) => found.has(operand))) found.add(node)
  return found
}
