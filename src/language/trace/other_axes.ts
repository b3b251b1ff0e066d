/**
 * One whole dimension on two axes. Where a value meets itself, or another value of its range, at another
 * position, one of both is computed once more along a range of its own, as if the author had read it again.
 * What cannot be, such as what a loop carries, has its elements moved there.
 */
import { tileType } from '../../ir/build.ts'
import { type Axis, type Node, ONE } from '../../ir/node.ts'
import { isCrossing, isPure, isWrite } from '../../ir/node_rules.ts'
import { operandsOf, walk, withOperands } from '../../ir/traverse.ts'
import { isOne } from './blocks.ts'
import type { Scope } from './scope.ts'
import type { Trace } from './trace.ts'

/** An operand, and where each of its axes stands in the expression: what stands at one place becomes one. */
export interface Placed {
  readonly node: Node
  readonly at: readonly number[]
}

/** As NumPy aligns operands: at the last axis, whose place is -1. */
export function aligned(node: Node): Placed {
  return { node, at: placesOf(node.type.axes) }
}

function placesOf(axes: readonly Axis[]): readonly number[] {
  return axes.map((_, i) => i - axes.length)
}

/**
 * The operands such that no range stands at two places, as far as they can be computed once more. `taken`
 * are the axes that they must fit, aligned as above.
 */
export function keptApart(
  trace: Trace,
  operands: readonly Placed[],
  taken: readonly Axis[] = [],
): readonly Node[] {
  const places = new Map(placesOf(taken).map((place, i) => [place, taken[i] ?? ONE]))
  const placed = new Map<Placed, Node>()
  // What cannot be computed again comes first, so that the others make room for it.
  const isFixed = ({ node }: Placed): boolean =>
    node.type.axes.some((axis) => !isRepeatable(trace, node, axis))
  const order = mayMeet(trace, operands, places) ? [...operands.filter(isFixed), ...operands] : operands
  for (const operand of order) {
    if (placed.has(operand)) continue
    const node = apartFrom(trace, operand, places)
    placed.set(operand, node)
    operand.at.forEach((place, i) => {
      const axis = node.type.axes[i] ?? ONE
      const known = places.get(place) ?? ONE
      if (known === ONE || (isOne(known) && !isOne(axis))) places.set(place, axis)
    })
  }
  return operands.map((operand) => placed.get(operand) ?? operand.node)
}

/** False where all axes are at the same place, as nearly always. */
function mayMeet(trace: Trace, operands: readonly Placed[], places: ReadonlyMap<number, Axis>): boolean {
  const found = new Map<Axis, number>()
  const isElsewhere = (axis: Axis, place: number): boolean => {
    const block = trace.blocks.canonical(axis)
    const known = found.get(block) ?? place
    found.set(block, known)
    return block !== ONE && known !== place
  }
  return (
    [...places].some(([place, axis]) => isElsewhere(axis, place)) ||
    operands.some(({ node, at }) => node.type.axes.some((axis, i) => isElsewhere(axis, at[i] ?? 0)))
  )
}

function apartFrom(trace: Trace, { node, at }: Placed, places: ReadonlyMap<number, Axis>): Node {
  const inTheWay = at.flatMap((place, i) => {
    const axis = trace.blocks.canonical(node.type.axes[i] ?? ONE)
    if (axis === ONE) return []
    const isElsewhere = [...places].some(
      ([other, known]) => other !== place && trace.blocks.canonical(known) === axis,
    )
    return isElsewhere || trace.blocks.areTogether(places.get(place) ?? ONE, axis) ? [axis] : []
  })
  const ranges = inTheWay.filter((axis) => trace.blocks.isWhole(axis))
  // All at once: a value on the way would have old ranges beside new ones, which may become one.
  return ranges.every((axis) => isRepeatable(trace, node, axis))
    ? alongOthers(trace, node, ranges)
    : movedApart(trace, node, ranges)
}

/** The same elements along other ranges in place of these: of what cannot be computed once more. */
function movedApart(trace: Trace, arg: Node, ranges: readonly Axis[]): Node {
  if (ranges.length === 0) return arg
  const others = new Map(ranges.map((range) => [range, trace.blocks.again(range, trace.grid)]))
  const axes = arg.type.axes.map((axis) => others.get(trace.blocks.canonical(axis)) ?? axis)
  const type = tileType(arg.type.dtype, axes)
  const along = axes.flatMap((axis, i) => (isOne(axis) || axis === arg.type.axes[i] ? [] : [i]))
  // Ranges of one position have no elements to move: they only get other names.
  if (along.length === 0)
    return trace.add('another range', { kind: 'view', type, arg, axes: axes.map((_, i) => i) })
  const index = along.map((at) => {
    const block = axes[at] ?? ONE
    return trace.add('another range', { kind: 'index', type: tileType('i32', [block]), block })
  })
  return trace.add('another range', { kind: 'gather', type, arg, along, index })
}

/** The value along other ranges in place of these. */
function alongOthers(trace: Trace, node: Node, ranges: readonly Axis[]): Node {
  if (ranges.length === 0) return node
  const making = makingOf(trace, node, ranges)
  const others = new Map(making.ranges.map((range) => [range, trace.blocks.again(range, trace.grid)]))
  const renamed = (axis: Axis): Axis => others.get(trace.blocks.canonical(axis)) ?? axis
  const copies = new Map<Node, Node>()
  for (const value of making.values) {
    const spec = withOperands(value, (operand) => copies.get(operand) ?? operand)
    const type = tileType(spec.type.dtype, spec.type.axes.map(renamed))
    trace.blocks.noteTogether(type.axes)
    const copy = 'block' in spec ? { ...spec, type, block: renamed(spec.block) } : { ...spec, type }
    copies.set(value, making.scopes.get(value)?.builder.add(copy) ?? value)
  }
  return copies.get(node) ?? node
}

/** True when all that makes the value along `axis` would come out the same where it was made first. */
function isRepeatable(trace: Trace, node: Node, axis: Axis): boolean {
  const range = trace.blocks.canonical(axis)
  if (range === ONE) return true
  if (!trace.blocks.isWhole(range)) return false
  const { values, scopes } = makingOf(trace, node, [range])
  return values.every((value) => {
    const scope = scopes.get(value)
    if (!scope) return false
    if (value.kind === 'load') return !isWrittenSince(trace, value, scope)
    return isPure(value) || isCrossing(value)
  })
}

/** What a value is computed of along some ranges. */
interface Making {
  /** These ranges, and those that only what it is computed of runs along: their sizes may be equal, too. */
  readonly ranges: readonly Axis[]
  /** In order, the value itself included. */
  readonly values: readonly Node[]
  /** The loop that made each node so far. */
  readonly scopes: ReadonlyMap<Node, Scope>
}

function makingOf(trace: Trace, node: Node, of: readonly Axis[]): Making {
  const ranges = new Set(of)
  const canonical = (axis: Axis): Axis => trace.blocks.canonical(axis)
  const kept = new Set(node.type.axes.map(canonical))
  let values = madeAlong(trace, node, ranges)
  for (let before = 0; before < ranges.size; values = madeAlong(trace, node, ranges)) {
    before = ranges.size
    for (const axis of values.flatMap(({ type }) => type.axes.map(canonical))) {
      if (!kept.has(axis) && trace.blocks.isWhole(axis)) ranges.add(axis)
    }
  }
  const scopes = new Map<Node, Scope>()
  for (let scope: Scope | undefined = trace.scope('a value'); scope; scope = scope.parent) {
    for (const value of scope.builder.nodes) scopes.set(value, scope)
  }
  return { ranges: [...ranges], values, scopes }
}

/** The value and its operands that run along one of the ranges, in order. */
function madeAlong(trace: Trace, node: Node, ranges: ReadonlySet<Axis>): readonly Node[] {
  const found = new Set<Node>()
  const waiting = [node]
  for (let value = waiting.pop(); value; value = waiting.pop()) {
    const isAlong = value.type.axes.some((axis) => ranges.has(trace.blocks.canonical(axis)))
    if (!isAlong || found.has(value)) continue
    found.add(value)
    waiting.push(...operandsOf(value))
  }
  return [...found].sort((a, b) => a.id - b.id)
}

/** True when the loop that made the load has changed its memory after it. */
function isWrittenSince(trace: Trace, load: Node & { readonly tensor: number }, { builder }: Scope): boolean {
  let found = false
  walk(builder.nodes, (node) => {
    found ||=
      node.id > load.id && isWrite(node) && trace.memoryOf(node.tensor) === trace.memoryOf(load.tensor)
  })
  return found
}
