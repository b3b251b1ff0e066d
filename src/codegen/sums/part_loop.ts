/** The loop over some of the rounds of another: what each of several workgroups has of it. */
import { type RegionBuilder, sizeNode, sizeOfScalar, tileType } from '../../ir/build.ts'
import type { LoopNode, Node } from '../../ir/node.ts'
import type { OpName } from '../../ir/ops.ts'
import { type Size, sizeOp } from '../../ir/size.ts'
import { blockOf, type TileBlock, type TileProgram } from '../../ir/tile_program.ts'
import { loopWithBody, rewriteRegion, type Transform } from '../../ir/traverse.ts'

type LoopSpec = ReturnType<typeof loopWithBody>

/** The part of `loop` with a number, of so many. */
export interface Part {
  readonly loop: LoopNode
  readonly parts: number
  readonly number: Node
}

/** Where a part begins and ends, and how many rounds are before it. */
export interface PartRange {
  readonly before: Node
  readonly begin: Node
  readonly end: Node
}

/** The loop over the rounds of a part; `transform` has the last word on its body. */
export function partLoop(
  program: TileProgram,
  { loop, parts, number }: Part,
  builder: RegionBuilder,
  map: Map<Node, Node>,
  transform?: Transform,
): LoopSpec {
  const block = blockOf(program, loop.blocks[0] ?? 0)
  return loopWithin(loop, rangeOfPart(block, loop, parts, number, builder), builder, map, transform)
}

/** The loop over some of its rounds. */
export function loopWithin(
  loop: LoopNode,
  { before, begin, end }: PartRange,
  builder: RegionBuilder,
  map: Map<Node, Node>,
  transform: Transform = (spec) => spec,
): LoopSpec {
  const [block] = loop.blocks
  const copy = loopWithBody(loop, builder, map, (inner, known) => {
    rewriteRegion(loop.body, inner, known, (spec, node, at) => {
      const isNumber = spec.kind === 'range' && spec.what === 'id' && spec.block === block
      return isNumber ? scalar(at, 'add', at.add(spec), before) : transform(spec, node, at)
    })
  })
  return { ...copy, begins: [begin, ...copy.begins.slice(1)], ends: [end, ...copy.ends.slice(1)] }
}

/**
 * All parts have as many rounds, or the last ones
 * have one more: so none of them begins beyond the range.
 */
function rangeOfPart(
  { extent }: TileBlock,
  loop: LoopNode,
  parts: number,
  number: Node,
  builder: RegionBuilder,
): PartRange {
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
