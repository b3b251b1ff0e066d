/**
 * Sums that workgroups may share out (`split_sums`): loops of a grid, and rows that are reduced, which only
 * combine what they carry, so that parts of them can be summed apart and added up by another grid.
 */
import { sizeOfScalar } from '../../ir/build.ts'
import {
  type Block,
  type BlockId,
  isBranch,
  type LoopNode,
  type Node,
  ONE,
  type ReduceNode,
  type Region,
  type ResultNode,
  type TileType,
} from '../../ir/node.ts'
import { isMemory, isWrite } from '../../ir/node_rules.ts'
import { mayBeNegative } from '../../ir/size.ts'
import { hasEffect, operandsOf, readInside, readsOf, walk } from '../../ir/traverse.ts'
import { accumulatedBy } from './accumulations.ts'
import { canRoll, type MemoryOf } from './can_roll.ts'
import { REDUCE_RULES, reductionBy, type SimpleReduceOp } from './reduce_rules.ts'
import { type RescaledSums, rescaledSums } from './rescaled_sums.ts'
import { endsPass, isAlong, isSink, walksRow } from './row_levels.ts'

/** What a kernel or a program says of its blocks and memory. */
export interface Surroundings {
  readonly blockOf: (id: BlockId) => Pick<Block, 'kind' | 'size' | 'end'>
  readonly memoryOf: MemoryOf
}

/** What the parts of a loop have to add up. */
export interface PartialSum {
  /** Of the value among what the loop carries. */
  readonly index: number
  readonly op: SimpleReduceOp
  /** What is known of the whole sum after the loop; undefined where nobody reads it. */
  readonly value: ResultNode | ReduceNode | undefined
  /** Of `value`. */
  readonly type: TileType
  /** The maximum by which parts are rescaled, and the function that does it. */
  readonly rescaled: Pick<RescaledSums, 'top' | 'exp'> | undefined
}

/** What a loop of the region adds up, if workgroups may share it out. */
export function partialSums(
  loop: LoopNode,
  region: Region,
  around: Surroundings,
): readonly PartialSum[] | undefined {
  if (!hasParts(loop, region, around)) return undefined
  const rescaled = rescaledSums(loop)
  const sums = loop.phis.map((_, index) => sumsOf(loop, index, region, rescaled))
  if (sums.some((sum) => sum === undefined)) return undefined
  const found = sums.flatMap((sum) => sum ?? [])
  const isRead = found.some(({ value }) => value !== undefined)
  // Maxima come first: others are rescaled by them.
  return isRead && havePlaces(found, around)
    ? found.sort((a, b) => Number(!!a.rescaled) - Number(!!b.rescaled))
    : undefined
}

/** True when the rounds of the loop are known, and it may run in several grids. */
export function hasParts(loop: LoopNode, region: Region, { blockOf, memoryOf }: Surroundings): boolean {
  const [begin, end] = [loop.begins[0], loop.ends[0]].map((bound) => bound && sizeOfScalar(bound))
  if (begin === undefined || end === undefined || mayBeNegative(begin)) return false
  return !isBranch(blockOf(loop.blocks[0] ?? 0)) && canHappenAgain(loop, region, memoryOf)
}

/** True when it is known how much memory the sums of a part need. */
export function havePlaces(sums: readonly PartialSum[], { blockOf }: Surroundings): boolean {
  return sums.every(({ type }) => {
    const axes = type.axes.filter((axis) => axis !== ONE)
    return new Set(axes).size === axes.length && axes.every((axis) => blockOf(axis).end !== undefined)
  })
}

/** What comes of a carried value after the loop, nothing if need be; undefined where it is no sum. */
function sumsOf(
  loop: LoopNode,
  index: number,
  region: Region,
  rescaled: RescaledSums | undefined,
): readonly PartialSum[] | undefined {
  const type = loop.phis[index]?.type
  const isTop = rescaled?.top.index === index
  const isRescaled = rescaled?.sums.has(index) ?? false
  const by = isTop ? 'maximum' : isRescaled ? 'add' : accumulatedBy(loop, index)
  const op = reductionBy(by)
  const results = region.filter((node) => node.kind === 'result')
  const value = results.find((node) => node.loop === loop && node.index === index)
  if (!op || !type || type.dtype === 'bool') return undefined
  if (!value && !isTop) return []
  const sum = { index, op, value, type, rescaled: isRescaled ? rescaled : undefined }
  if (!value || !type.axes.some((axis) => loop.blocks.includes(axis))) return [sum]
  // Of a row that is streamed, a chunk's elements are carried: they are reduced once.
  const readers = readersOf(value, region)
  const [reduce] = readers
  const isReduced = readers.length === 1 && reduce?.kind === 'reduce' && reduce.op === op && !rescaled
  return isReduced ? [{ ...sum, value: reduce, type: reduce.type }] : undefined
}

function readersOf(value: Node, region: Region): readonly Node[] {
  const readers: Node[] = []
  walk(region, (node) => {
    if (readsOf(node).includes(value)) readers.push(node)
  })
  return readers
}

/** True when the loop, and what it needs of the region, may run in several grids. */
function canHappenAgain(loop: LoopNode, region: Region, memoryOf: MemoryOf): boolean {
  const nodes = [...neededBy(loop, region), loop]
  if (nodes.some(hasEffect)) return false
  return !readsWhatIsWritten(nodes, region.slice(0, region.indexOf(loop)), memoryOf)
}

function readsWhatIsWritten(readers: Region, before: Region, memoryOf: MemoryOf): boolean {
  const written = new Set<number>()
  walk(before, (node) => {
    if (isWrite(node)) written.add(memoryOf(node.tensor))
  })
  let found = false
  walk(readers, (node) => {
    found ||= isMemory(node) && written.has(memoryOf(node.tensor))
  })
  return found
}

/** What the rounds of a loop need of the region around it, in order: not what it begins with. */
export function neededBy(loop: LoopNode, region: Region): Region {
  const around = new Set(region)
  const needed = new Set<Node>()
  const waiting: Node[] = [...loop.begins, ...loop.ends, ...readInside(loop)]
  for (let node = waiting.pop(); node; node = waiting.pop()) {
    if (!around.has(node) || needed.has(node)) continue
    needed.add(node)
    waiting.push(...operandsOf(node), ...(node.kind === 'loop' ? readInside(node) : []))
  }
  return region.filter((node) => needed.has(node))
}

/** True when the row is reduced, or multiplied, and nothing else comes of it, however it is streamed. */
export function isSummedRow(region: Region, row: BlockId, memoryOf: MemoryOf): boolean {
  const sinks = region.filter((node) => isSink(node, row))
  const last = sinks.at(-1)
  if (!last || !canRoll(region, row, memoryOf) || region.some((node) => walksRow(node, row))) return false
  const others = region.filter((node) => isAlong(node, row) && !endsPass(node, row))
  if (others.length > 0 || !sinks.every(isSum)) return false
  return !readsWhatIsWritten(region, region.slice(0, region.indexOf(last)), memoryOf)
}

function isSum(node: Node): boolean {
  if (node.kind === 'dot') return true
  if (node.kind !== 'reduce' || node.op === 'argmax' || node.op === 'argmin') return false
  return node.arg.type.dtype !== 'bool' && reductionBy(REDUCE_RULES[node.op].map) !== undefined
}
