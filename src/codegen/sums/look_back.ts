/**
 * What the chunks before one come to: those of its group one by one, groups before as a whole. What was
 * waited for in vain is computed.
 */
import { constantTile, type RegionBuilder, sizeNode } from '../../ir/build.ts'
import { neutralOf } from '../../ir/neutral.ts'
import { type BlockId, type LoopNode, NO_VALUE, type Node, UNNUMBERED } from '../../ir/node.ts'
import { type Size, sizeOp } from '../../ir/size.ts'
import { blockOf, extentOf, type TileProgram } from '../../ir/tile_program.ts'
import {
  awaited,
  beginOf,
  firstWhere,
  joined,
  type Link,
  mapped,
  neutralTile,
  only,
  publish,
  reduced,
} from './links.ts'
import { loopWithin, type PartRange } from './part_loop.ts'
import { positionAlong, spread } from './total_of_parts.ts'

export interface Chain {
  /** The block that is scanned. */
  readonly row: BlockId
  /** Rounds of the loop for each chunk. */
  readonly rounds: number
  readonly chunks: Size
  readonly links: readonly Link[]
  /** Chunks of a group. */
  readonly group: number
  /** How many groups there are: in memory they come before the chunks. */
  readonly groups: Size
  readonly blocks: {
    /** Runs along the chunks of a group. */
    readonly chunk: BlockId
    /** Runs along all that a program looks back at: groups, then chunks of its own group. */
    readonly place: BlockId
    /** Go through either one by one, where something is computed. */
    readonly eachChunk: BlockId
    readonly eachPlace: BlockId
    /** Has a position in the last program of a group alone. */
    readonly last: BlockId
  }
}

const location = undefined

/** A value for each link. */
type Values = readonly Node[]

/** Tiles along a block with gaps from `begin` on. */
interface Gaps {
  readonly tiles: Values
  readonly along: BlockId
  /** The block of the loop that goes through them. */
  readonly each: BlockId
  readonly begin: Node
  readonly end: Node
}

export class LookBack {
  readonly #program: TileProgram
  readonly #chain: Chain
  /** What adds up. */
  readonly #loop: LoopNode
  /** What the loop reads from around it. */
  readonly #around: ReadonlyMap<Node, Node>

  constructor(program: TileProgram, chain: Chain, loop: LoopNode, around: ReadonlyMap<Node, Node>) {
    this.#program = program
    this.#chain = chain
    this.#loop = loop
    this.#around = around
  }

  /** Publishes what a chunk comes to. */
  publish(at: RegionBuilder, chunk: Node, own: Values): void {
    this.#publish(at, this.#placeOfChunk(at, chunk), own)
  }

  /** Publishes what a whole group comes to, if this is the last chunk of it. */
  publishGroup(at: RegionBuilder, chunk: Node): void {
    const { group: count, blocks } = this.#chain
    const { group, first, place } = this.#placeOf(at, chunk)
    const inner = at.nested()
    this.#publish(inner, group, this.#total(inner, first, sizeNode(inner, count)))
    const isLast = mapped(at, 'eq', place, sizeNode(at, count - 1))
    const end = mapped(at, 'where', isLast, sizeNode(at, 1), sizeNode(at, 0))
    const branch = loopOver(blocks.last, sizeNode(at, 0), end)
    at.add({ ...branch, phis: [], inits: [], body: inner.nodes, yields: [] })
  }

  /** What all chunks before this one come to. */
  before(at: RegionBuilder, chunk: Node): Values {
    const { links, blocks } = this.#chain
    const { place: along, eachPlace: each } = blocks
    const { group, first, place } = this.#placeOf(at, chunk)
    const count = mapped(at, 'add', group, place)
    // Where the chunks of the group would be if they followed the groups before it.
    const ahead = mapped(at, 'sub', this.#placeOfChunk(at, first), group)
    const inner = at.nested()
    const inits = links.map((link) => neutralTile(at, link, along))
    const phis = inits.map(({ type }) => inner.make({ kind: 'phi', type, location } as const))
    const position = positionAlong(inner, along)
    const there = this.#ofGroup(inner, position, group, position, mapped(inner, 'add', position, ahead))
    const next = mapped(inner, 'add', beginOf(inner, along), sizeNode(inner, extentOf(this.#program, along)))
    const end = mapped(inner, 'minimum', next, count)
    const gaps = { ...this.#awaited(inner, along, there, end), along, each, end }
    const filled = this.#filled(inner, gaps, (deep, which) => this.#computed(deep, which, group, ahead))
    const yields = eachOf(links, filled, (link, tile, i) => joined(inner, link, phis[i] ?? tile, tile))
    const loop = at.add({
      ...loopOver(along, sizeNode(at, 0), count),
      phis,
      inits,
      body: inner.nodes,
      yields,
    })
    const totals = phis.map(({ type }, index) => at.add({ kind: 'result', type, location, loop, index }))
    return eachOf(links, totals, (link, total) => reduced(at, link, total))
  }

  /** What a group comes to, or a chunk behind them: of what is there by now, and published for others. */
  #computed(at: RegionBuilder, which: Node, group: Node, ahead: Node): Values {
    const count = sizeNode(at, this.#chain.group)
    const there = this.#ofGroup(at, which, group, which, mapped(at, 'add', which, ahead))
    const chunk = mapped(at, 'sub', there, this.#placeOfChunk(at, sizeNode(at, 0)))
    const first = this.#ofGroup(at, which, group, mapped(at, 'mul', which, count), chunk)
    const totals = this.#total(at, first, this.#ofGroup(at, which, group, count, sizeNode(at, 1)))
    this.#publish(at, there, totals)
    return totals
  }

  /** What so many chunks from `first` on come to, looked for once more before they are computed. */
  #total(at: RegionBuilder, first: Node, end: Node): Values {
    const { links, blocks } = this.#chain
    const { chunk: along, eachChunk: each } = blocks
    const place = mapped(at, 'add', positionAlong(at, along), this.#placeOfChunk(at, first))
    const gaps = { ...this.#awaited(at, along, place, end), along, each, end }
    const chunks = this.#filled(at, gaps, (inner, which) => {
      const chunk = mapped(inner, 'add', first, which)
      const sums = this.sumsOf(inner, chunk)
      this.publish(inner, chunk, sums)
      return sums
    })
    return eachOf(links, chunks, (link, tile) => reduced(at, link, tile))
  }

  /** Of groups before `group` one thing, of what follows them another. */
  #ofGroup(at: RegionBuilder, place: Node, group: Node, ofGroup: Node, ofChunk: Node): Node {
    return mapped(at, 'where', mapped(at, 'lt', place, group), ofGroup, ofChunk)
  }

  /** The group of a chunk, its first chunk, and the place in it. */
  #placeOf(at: RegionBuilder, chunk: Node): Record<'group' | 'first' | 'place', Node> {
    const count = sizeNode(at, this.#chain.group)
    const group = mapped(at, 'floorDiv', chunk, count)
    const first = mapped(at, 'mul', group, count)
    return { group, first, place: mapped(at, 'sub', chunk, first) }
  }

  #placeOfChunk(at: RegionBuilder, chunk: Node): Node {
    return mapped(at, 'add', chunk, sizeNode(at, this.#chain.groups))
  }

  #publish(at: RegionBuilder, place: Node, values: Values): void {
    eachOf(this.#chain.links, values, (link, value) => publish(at, link, place, value))
  }

  /** What one chunk comes to. */
  sumsOf(at: RegionBuilder, chunk: Node): Values {
    const loop = this.#loop
    const inits = loop.phis.map((phi, index) => {
      const op = this.#chain.links.find(({ sum }) => sum.index === index)?.sum.op ?? 'sum'
      return constantTile(at, phi, neutralOf(op, phi.type.dtype))
    })
    const copy = loopWithin(loop, this.rangeOf(at, chunk), at, new Map(this.#around))
    const rounds = at.add({ ...copy, inits })
    return this.#chain.links.map(({ sum: { type, index } }) =>
      at.add({ kind: 'result', type, location, loop: rounds, index }),
    )
  }

  /** Where a chunk begins and ends. */
  rangeOf(at: RegionBuilder, chunk: Node): PartRange {
    const { row, rounds, chunks } = this.#chain
    const { extent, size } = blockOf(this.#program, row)
    const begin = mapped(at, 'mul', chunk, sizeNode(at, rounds * extent))
    const next = mapped(at, 'add', begin, sizeNode(at, rounds * extent))
    // Behind a range as long as positions go there may be no more of them.
    const isLast = mapped(at, 'eq', chunk, sizeNode(at, sizeOp('sub', chunks, 1)))
    const end = mapped(at, 'where', isLast, sizeNode(at, size), next)
    return { before: mapped(at, 'mul', chunk, sizeNode(at, rounds)), begin, end }
  }

  /** What programs have published up to a position, nothing elsewhere, and the first gap in it. */
  #awaited(at: RegionBuilder, along: BlockId, place: Node, end: Node): Pick<Gaps, 'tiles' | 'begin'> {
    const position = positionAlong(at, along)
    const isWanted = mapped(at, 'lt', position, end)
    const found = this.#chain.links.map((link) => awaited(at, link, along, place, isWanted))
    const gaps = found.map(({ isMissing }) => firstWhere(at, isMissing, position, end))
    const values = found.map(({ value }) => value)
    return {
      tiles: eachOf(this.#chain.links, values, (link, tile) => only(at, link, tile, isWanted)),
      begin: gaps.reduce((a, b) => mapped(at, 'minimum', a, b)),
    }
  }

  /** The tiles without gaps. */
  #filled(
    at: RegionBuilder,
    { tiles, along, each, begin, end }: Gaps,
    compute: (inner: RegionBuilder, position: Node) => Values,
  ): Values {
    const inner = at.nested()
    const phis = tiles.map(({ type }) => inner.make({ kind: 'phi', type, location } as const))
    const position = beginOf(inner, each)
    const isThis = mapped(inner, 'eq', positionAlong(inner, along), position)
    const values = compute(inner, position)
    const yields = phis.map((held, i) => {
      const { axes } = held.type
      const value = spread(inner, values[i] ?? held, axes)
      return mapped(inner, 'where', spread(inner, isThis, axes), value, held)
    })
    const shape = loopOver(each, begin, end)
    const loop = at.add({ ...shape, phis, inits: tiles, body: inner.nodes, yields })
    return phis.map(({ type }, index) => at.add({ kind: 'result', type, location, loop, index }))
  }
}

function loopOver(block: BlockId, begin: Node, end: Node) {
  const begins = [begin]
  const ends = [end]
  const blocks = [block]
  return { kind: 'loop', site: UNNUMBERED, type: NO_VALUE, location, blocks, begins, ends } as const
}

function eachOf<T>(
  links: readonly Link[],
  values: Values,
  make: (link: Link, value: Node, i: number) => T,
): readonly T[] {
  return values.flatMap((value, i) => {
    const link = links[i]
    return link ? [make(link, value, i)] : []
  })
}
