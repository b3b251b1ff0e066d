/**
 * Loops with two stages: what the operands of a dot are made of is read one round ahead, into registers that
 * wait while the present round computes.
 */

import type { DotNode, LoadNode, LoopNode, Node, Region } from '../../ir/node.ts'
import { isPure, isWrite } from '../../ir/node_rules.ts'
import { blockOf, tensorOf } from '../../ir/tile_program.ts'
import { operandsOf, readInside, walk } from '../../ir/traverse.ts'
import { readInRounds } from '../memory/held_items.ts'
import type { Lowering } from '../state/lowering.ts'
import type { Read } from '../state/read.ts'
import type { Expr } from '../thread/expr.ts'
import type { Writer } from '../thread/writer.ts'
import { inHomeLayout } from '../values/convert_layout.ts'
import { isMadeAfresh } from '../values/values.ts'
import { assignYields } from './carried.ts'
import { enterRound, rangeOf } from './loop_range.ts'
import { countGroups, countRounds, type Groups } from './rounds.ts'

/** Lowers the nodes of a region; given by the caller, because regions and loops contain each other. */
export type LowerRegion = (lowering: Lowering, region: Region) => void

/** What a loop reads a round ahead. */
export interface Pipeline {
  readonly dots: ReadonlyMap<DotNode, Ahead>
  /** What of the loop's body belongs to the present round. */
  readonly rest: Region
}

/** What is read ahead for the operands of a dot. */
interface Ahead {
  /** Loads whose results wait for their round, in the order of the body. */
  readonly waiting: readonly LoadNode[]
  /** What they need to know where to read; lowered one round ahead like them. */
  readonly places: Region
}

/** The same, and what is done to the loads in the round that they wait for. */
interface Stages extends Ahead {
  readonly late: Region
}

/**
 * The operands of a loop's dots that depend on nothing that the loop changes or stores, when two stages are
 * asked for.
 */
export function pipelineOf(lowering: Lowering, node: LoopNode): Pipeline | undefined {
  if (lowering.bound.config.numStages < 2) return undefined
  const written = tensorsWritten(lowering, node.body)
  const dots = new Map<DotNode, Stages>()
  for (const dot of node.body) {
    const stages = dot.kind === 'dot' ? stagesOf(lowering, node, dot, written) : undefined
    if (dot.kind === 'dot' && stages && stages.waiting.length > 0) dots.set(dot, stages)
  }
  return dots.size > 0 && isReadInTime(lowering, node, dots)
    ? { dots, rest: presentOf(node, dots) }
    : undefined
}

/** The loads nearest to the product wait; what is between them and it comes late, all else ahead. */
function stagesOf(lowering: Lowering, loop: LoopNode, dot: DotNode, written: ReadonlySet<number>): Stages {
  const { body } = loop
  const [waiting, late, places] = [new Set<Node>(), new Set<Node>(), new Set<Node>()]
  for (const side of ['a', 'b'] as const) {
    const producers = producersOf(lowering, loop, dot[side], written)
    const reach = (value: Node): void => {
      if (!producers?.has(value) || waiting.has(value) || late.has(value)) return
      if (value.kind === 'load') {
        waiting.add(value)
        return
      }
      late.add(value)
      operandsOf(value).forEach(reach)
    }
    reach(dot[side])
    const need = (value: Node): void => {
      if (!producers?.has(value) || places.has(value)) return
      places.add(value)
      operandsOf(value).forEach(need)
    }
    for (const load of waiting) operandsOf(load).forEach(need)
  }
  return {
    waiting: body.flatMap((inner) => (inner.kind === 'load' && waiting.has(inner) ? [inner] : [])),
    places: body.filter((inner) => places.has(inner)),
    late: body.filter((inner) => late.has(inner)),
  }
}

/** What makes the value, in the loop's body; undefined where that depends on other rounds. */
function producersOf(
  { program }: Lowering,
  { body, phis }: LoopNode,
  value: Node,
  written: ReadonlySet<number>,
): ReadonlySet<Node> | undefined {
  const inBody = new Set(body)
  const found = new Set<Node>()
  const collect = (node: Node): boolean => {
    if (node.kind === 'phi') return !phis.includes(node)
    if (!inBody.has(node) || found.has(node)) return true
    if (!isPure(node) && node.kind !== 'load') return false
    if (node.kind === 'load' && written.has(tensorOf(program, node.tensor).memory)) return false
    found.add(node)
    return operandsOf(node).every(collect)
  }
  return collect(value) ? found : undefined
}

/** False where something would see what has waited for a dot after the next round's is in its place. */
function isReadInTime(
  lowering: Lowering,
  { body, yields }: LoopNode,
  dots: ReadonlyMap<DotNode, Stages>,
): boolean {
  const owner = new Map<Node, DotNode>()
  for (const [dot, { waiting, late }] of dots) {
    for (const node of [...waiting, ...late]) {
      if (owner.has(node) && !isMadeAfresh(node, lowering)) return false
      owner.set(node, dot)
    }
  }
  const isLate = (reader: Node | undefined, value: Node): boolean => {
    const dot = owner.get(value)
    if (!dot || reader === dot || (reader && owner.get(reader) === dot)) return false
    // What is made afresh where it is read still reads what it is made of.
    return !isMadeAfresh(value, lowering) || operandsOf(value).some((operand) => isLate(reader, operand))
  }
  const isRight = (reader: Node): boolean => !operandsOf(reader).some((value) => isLate(reader, value))
  return body.every(isRight) && !yields.some((value) => isLate(undefined, value))
}

/** The body without what is read ahead only. */
function presentOf({ body, yields }: LoopNode, dots: ReadonlyMap<DotNode, Stages>): Region {
  const all = [...dots.values()]
  const waiting = new Set<Node>(all.flatMap((stages) => stages.waiting))
  const late = new Set(all.flatMap((stages) => stages.late))
  const places = new Set(all.flatMap((stages) => stages.places).filter((node) => !late.has(node)))
  const read = new Set<Node>(yields)
  const present: Node[] = []
  for (const node of body.toReversed()) {
    if (waiting.has(node) || (places.has(node) && !read.has(node))) continue
    present.unshift(node)
    for (const value of [...operandsOf(node), ...(node.kind === 'loop' ? readInside(node) : [])])
      read.add(value)
  }
  return present
}

function tensorsWritten({ program }: Lowering, region: Region): ReadonlySet<number> {
  const written = new Set<number>()
  walk(region, (node) => {
    if (isWrite(node)) written.add(tensorOf(program, node.tensor).memory)
  })
  return written
}

/** The loop, with what the next round reads on its way while this one computes. */
export function emitPipelined(
  lowering: Lowering,
  node: LoopNode,
  { dots, rest }: Pipeline,
  lowerRegion: LowerRegion,
): void {
  const { out, e, program, prefetch, bound } = lowering
  const range = rangeOf(lowering, node, 0)
  const stages = [...dots].map(([dot, ahead]) => {
    const read = (at: Expr, loads = ahead.waiting): readonly Read[] => {
      enterRound(lowering, node, 0, range, at)
      lowerRegion(lowering, ahead.places)
      return loads.map((load) => {
        lowering.comesFrom(load)
        return readInRounds(lowering, load, node.blocks[0] ?? 0)
      })
    }
    const first = read(range.begin)
    const held = first.map(({ parts }) => variablesOf(out, parts))
    return { dot, ahead, read, first, held }
  })
  const { name } = blockOf(program, node.blocks[0] ?? 0)
  const items = new Map<LoadNode, readonly Expr[]>()
  const round = (counter: Expr): void => {
    for (const { dot, ahead, read, first, held } of stages) {
      const readNext = (): void => {
        const next = e.sum([counter], range.extent)
        const present = ahead.places.map((place) => [place, lowering.values.get(place)] as const)
        out.if('branch', e.binary('<', next, range.end), () => {
          const parts = read(next).flatMap((one) => one.parts)
          assignAll(out, held.flat(), parts)
        })
        enterRound(lowering, node, 0, range, counter)
        for (const [place, value] of present) {
          if (value) lowering.values.set(place, value)
          else lowering.values.delete(place)
        }
      }
      // Where nothing is staged that the loads could follow, what waits makes room for them first.
      const isStaged = lowering.layouts.product(dot) === undefined
      const now = isStaged ? held : held.map((parts) => parts.map((part) => out.let('now', part)))
      if (isStaged) prefetch.set(dot, readNext)
      else readNext()
      ahead.waiting.forEach((load, i) => {
        const value = first[i]?.value([...(items.get(load) ?? []), ...(now[i] ?? [])])
        if (value) lowering.values.set(load, inHomeLayout(lowering, load, value))
      })
    }
    enterRound(lowering, node, 0, range, counter)
    lowerRegion(lowering, rest)
    assignYields(lowering, node)
  }
  const factor = bound.unrollFactor(node)
  const groups = groupsOf(lowering, stages, items)
  if (groups) countGroups(lowering, name, range, groups, factor, round)
  else countRounds(lowering, name, range, factor, round)
  for (const dot of dots.keys()) prefetch.delete(dot)
}

/** What the loads of a dot read, or some of them, in the round at a place, and have read before the first. */
interface ReadAhead {
  readonly ahead: Ahead
  readonly read: (at: Expr, loads: readonly LoadNode[]) => readonly Read[]
  readonly first: readonly Read[]
}

/**
 * Rounds that items serve, which are put into `items`; those of the next group are on their way meanwhile.
 */
function groupsOf(
  lowering: Lowering,
  stages: readonly ReadAhead[],
  items: Map<LoadNode, readonly Expr[]>,
): Groups | undefined {
  const { out } = lowering
  const served = stages.flatMap(({ first }) => first.flatMap((one) => one.items?.rounds ?? []))
  if (served.length === 0) return undefined
  const coming = stages.map(({ ahead, read, first }) => {
    const loads = ahead.waiting.filter((_, i) => first[i]?.items)
    const held = first.flatMap((one) => (one.items ? [variablesOf(out, one.items.read())] : []))
    return { loads, held, read }
  })
  return {
    rounds: Math.min(...served),
    enter(next) {
      for (const { loads, held, read } of coming) {
        loads.forEach((load, i) => {
          const now = held[i]?.map((item) => out.let('item', item)) ?? []
          items.set(load, now)
        })
        const own = read(next, loads).flatMap((one) => one.items?.read() ?? [])
        assignAll(out, held.flat(), own)
      }
    },
  }
}

function assignAll(out: Writer, variables: readonly Expr[], values: readonly Expr[]): void {
  variables.forEach((variable, i) => {
    out.assign(variable, values[i] ?? variable)
  })
}

function variablesOf(out: Writer, parts: readonly Expr[]): readonly Expr[] {
  return parts.map((part) => out.variable('waiting', part))
}
