/**
 * What the chunks before one come to: those of its group one by one, groups before as a whole. What was
 * waited for in vain is computed.
 */
import { constantTile, type RegionBuilder, sizeNode } from '../../ir/build.ts'
import { neutralOf } from '../../ir/neutral.ts'
import { type BlockId, type LoopNode, NO_VALUE, type Node, UNNUMBERED } from '../../ir/node.ts'
import { blockOf, extentOf, type TileProgram } from '../../ir/tile_program.ts'
import { loopWithBody, rewriteRegion } from '../../ir/traverse.ts'
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
  totalWhere,
} from './links.ts'
import { positionAlong, spread } from './total_of_parts.ts'

export interface Chain {
  /** The block that is scanned. */
  readonly row: BlockId
  readonly links: readonly Link[]
  /** Chunks of a group. */
  readonly group: number
  /** Runs along the chunks of a group, and along the groups. */
  readonly along: BlockId
  readonly groups: BlockId
  /** Go through them one by one, where they are computed again. */
  readonly again: BlockId
  readonly groupAgain: BlockId
}

const location = undefined

/** Where it is published. */
type Memory = 'chunks' | 'groups'

/** A value for each link. */
type Values = readonly Node[]

/** Tiles, of which some positions along a block are to be computed. */
interface Gaps {
  readonly tiles: Values
  readonly along: BlockId
  /** The block of the loop that goes through them. */
  readonly again: BlockId
  readonly begin: Node
  readonly end: Node
}

export class LookBack {
  readonly #program: TileProgram
  readonly #chain: Chain
  /** What a chunk is added up by. */
  readonly #loop: LoopNode
  /** What the loop reads from around it. */
  readonly #around: ReadonlyMap<Node, Node>

  constructor(program: TileProgram, chain: Chain, loop: LoopNode, around: ReadonlyMap<Node, Node>) {
    this.#program = program
    this.#chain = chain
    this.#loop = loop
    this.#around = around
  }

  /** What all chunks before this one come to; publishes what the chunk itself does. */
  before(at: RegionBuilder, chunk: Node, own: Values): Values {
    const { links, group: count } = this.#chain
    const group = mapped(at, 'floorDiv', chunk, sizeNode(at, count))
    const first = mapped(at, 'mul', group, sizeNode(at, count))
    const place = mapped(at, 'sub', chunk, first)
    eachOf(links, own, (link, value) => publish(at, link, link.chunks, chunk, value))
    const inside = this.#total(at, this.#chunks(at, first, place), place)
    const isLast = mapped(at, 'eq', place, sizeNode(at, count - 1))
    const whole = this.#both(at, inside, own)
    eachOf(links, whole, (link, value) => publish(at, link, link.groups, group, value, isLast))
    return this.#both(at, this.#earlierGroups(at, group), inside)
  }

  /** What each of `count` chunks from `first` on comes to: as their programs say, or computed. */
  #chunks(at: RegionBuilder, first: Node, count: Node): Values {
    const { along, again } = this.#chain
    const chunk = mapped(at, 'add', positionAlong(at, along), first)
    const { tiles, begin } = this.#awaited(at, along, chunk, count, 'chunks')
    return this.#filled(at, { tiles, along, again, begin, end: count }, 'chunks', (inner, place) => {
      const which = mapped(inner, 'add', first, place)
      return { which, values: this.#chunk(inner, which) }
    })
  }

  /** What the groups before one come to, added up in order. */
  #earlierGroups(at: RegionBuilder, group: Node): Values {
    const { links, groups: along, groupAgain: again } = this.#chain
    const inner = at.nested()
    const inits = links.map((link) => neutralTile(at, link, along))
    const phis = inits.map(({ type }) => inner.make({ kind: 'phi', type, location } as const))
    const last = mapped(inner, 'add', beginOf(inner, along), sizeNode(inner, extentOf(this.#program, along)))
    const end = mapped(inner, 'minimum', last, group)
    const { tiles, begin } = this.#awaited(inner, along, positionAlong(inner, along), end, 'groups')
    const gaps = { tiles, along, again, begin, end }
    const filled = this.#filled(inner, gaps, 'groups', (deep, which) => {
      return { which, values: this.#group(deep, which) }
    })
    const isWanted = mapped(inner, 'lt', positionAlong(inner, along), end)
    const wanted = eachOf(links, filled, (link, tile) => only(inner, link, tile, isWanted))
    const loop = at.add({
      ...loopOver(along, sizeNode(at, 0), group),
      phis,
      inits,
      body: inner.nodes,
      yields: this.#both(inner, phis, wanted),
    })
    const totals = phis.map(({ type }, index) => at.add({ kind: 'result', type, location, loop, index }))
    return eachOf(links, totals, (link, total) => reduced(at, link, total))
  }

  /** What a whole group comes to, in the order in which its last program adds. */
  #group(at: RegionBuilder, group: Node): Values {
    const { links, along, group: count } = this.#chain
    const first = mapped(at, 'mul', group, sizeNode(at, count))
    const chunks = this.#chunks(at, first, sizeNode(at, count))
    const last = sizeNode(at, count - 1)
    const isLast = mapped(at, 'eq', positionAlong(at, along), last)
    const own = eachOf(links, chunks, (link, tile) => totalWhere(at, link, tile, isLast))
    return this.#both(at, this.#total(at, chunks, last), own)
  }

  /** What one chunk comes to. */
  #chunk(at: RegionBuilder, chunk: Node): Values {
    const { row, links } = this.#chain
    const { extent, size } = blockOf(this.#program, row)
    const loop = this.#loop
    const copy = loopWithBody(loop, at, new Map(this.#around), (inner, known) => {
      rewriteRegion(loop.body, inner, known, (spec, _node, here) => {
        const isNumber = spec.kind === 'range' && spec.what === 'id' && spec.block === row
        return isNumber ? mapped(here, 'add', here.add(spec), chunk) : spec
      })
    })
    const begin = mapped(at, 'mul', chunk, sizeNode(at, extent))
    const next = mapped(at, 'add', begin, sizeNode(at, extent))
    const end = mapped(at, 'minimum', next, sizeNode(at, size))
    const inits = loop.phis.map((phi, index) => {
      const op = links.find(({ sum }) => sum.index === index)?.sum.op ?? 'sum'
      return constantTile(at, phi, neutralOf(op, phi.type.dtype))
    })
    const round = at.add({ ...copy, begins: [begin], ends: [end], inits })
    return links.map(({ sum: { type, index } }) =>
      at.add({ kind: 'result', type, location, loop: round, index }),
    )
  }

  /** What programs have published at places along a block, and the first position where it is not there. */
  #awaited(
    at: RegionBuilder,
    along: BlockId,
    place: Node,
    end: Node,
    memory: Memory,
  ): { readonly tiles: Values; readonly begin: Node } {
    const position = positionAlong(at, along)
    const isWanted = mapped(at, 'lt', position, end)
    const found = this.#chain.links.map((link) => awaited(at, link, link[memory], along, place, isWanted))
    const gaps = found.map(({ isMissing }) => firstWhere(at, isMissing, position, end))
    return {
      tiles: found.map(({ value }) => value),
      begin: gaps.reduce((a, b) => mapped(at, 'minimum', a, b)),
    }
  }

  /** The tiles without gaps; what was computed is published for others. */
  #filled(
    at: RegionBuilder,
    { tiles, along, again, begin, end }: Gaps,
    memory: Memory,
    compute: (inner: RegionBuilder, position: Node) => { readonly which: Node; readonly values: Values },
  ): Values {
    const inner = at.nested()
    const phis = tiles.map(({ type }) => inner.make({ kind: 'phi', type, location } as const))
    const position = beginOf(inner, again)
    const isThis = mapped(inner, 'eq', positionAlong(inner, along), position)
    const { which, values } = compute(inner, position)
    eachOf(this.#chain.links, values, (link, value) => publish(inner, link, link[memory], which, value))
    const yields = phis.map((held, i) => {
      const { axes } = held.type
      const value = spread(inner, values[i] ?? held, axes)
      return mapped(inner, 'where', spread(inner, isThis, axes), value, held)
    })
    const shape = loopOver(again, begin, end)
    const loop = at.add({ ...shape, phis, inits: tiles, body: inner.nodes, yields })
    return phis.map(({ type }, index) => at.add({ kind: 'result', type, location, loop, index }))
  }

  /** What the first so many chunks of a group come to. */
  #total(at: RegionBuilder, chunks: Values, count: Node): Values {
    const { links, along } = this.#chain
    const isWanted = mapped(at, 'lt', positionAlong(at, along), count)
    return eachOf(links, chunks, (link, tile) => totalWhere(at, link, tile, isWanted))
  }

  /** What comes first, with what comes after it. */
  #both(at: RegionBuilder, before: Values, after: Values): Values {
    return eachOf(this.#chain.links, before, (link, value, i) => joined(at, link, value, after[i] ?? value))
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
