/**
 * Loops that store what they have added up so far, such as scans of rows that are streamed: parts of them can
 * run at the same time once it is known what all parts before come to.
 */
import { sizeOfScalar } from '../../ir/build.ts'
import { operationOf } from '../../ir/combine.ts'
import { dimIndex } from '../../ir/dim_index.ts'
import { type BlockId, type LoopNode, type Node, ONE, type Region, type WriteNode } from '../../ir/node.ts'
import { isMemory, isWrite } from '../../ir/node_rules.ts'
import { sameSize } from '../../ir/size.ts'
import { hasEffect, operandsOf, readsOf, walk } from '../../ir/traverse.ts'
import { accumulatedBy } from './accumulations.ts'
import { canRoll, type MemoryOf } from './can_roll.ts'
import { reductionBy } from './reduce_rules.ts'
import { endsPass, isAlong, isSink } from './row_levels.ts'
import { hasParts, havePlaces, type PartialSum, type Surroundings } from './splittable_sums.ts'

interface PrefixSums {
  /** The loop with nothing in it but what adds up. */
  readonly loop: LoopNode
  readonly sums: readonly PartialSum[]
  /** The loop goes from the first position to the last, so that a grid can. */
  readonly isWhole: boolean
}

/** What a loop of the region adds up, if parts of it may run at the same time after it is known. */
export function prefixSums(loop: LoopNode, region: Region, around: Surroundings): PrefixSums | undefined {
  const others = region.filter((node) => node !== loop)
  const isAlone = others.every((node) => node.kind !== 'loop' && !hasEffect(node))
  const results = new Set<Node>(others.filter((node) => node.kind === 'result'))
  if (!isAlone || others.some((node) => readsOf(node).some((read) => results.has(read)))) return undefined
  if (!storesApart(loop, region, around.memoryOf)) return undefined
  const bare = bareLoop(loop)
  const sums = bare.phis.flatMap((phi, index) => sumOf(phi, index, bare))
  const isKnown = sums.length > 0 && sums.length === bare.phis.length
  return isKnown && hasParts(bare, others, around) && havePlaces(sums, around)
    ? { loop: bare, sums, isWhole: isWhole(loop, around) }
    : undefined
}

function isWhole({ blocks, begins, ends }: LoopNode, { blockOf }: Surroundings): boolean {
  const [block, begin, end] = [blockOf(blocks[0] ?? 0), begins[0], ends[0]]
  const [first, last] = [begin && sizeOfScalar(begin), end && sizeOfScalar(end)]
  return blocks.length === 1 && first === 0 && last !== undefined && sameSize(last, block.size)
}

function sumOf({ type }: Node, index: number, loop: LoopNode): PartialSum | [] {
  const op = reductionBy(accumulatedBy(loop, index))
  const isWhole = type.dtype !== 'bool' && !type.axes.some((axis) => loop.blocks.includes(axis))
  return op && isWhole ? { index, op, value: undefined, type, rescaled: undefined } : []
}

/** The loop with what its yields are made of, and no more. */
function bareLoop(loop: LoopNode): LoopNode {
  const within = new Set(loop.body)
  const needed = new Set<Node>()
  const waiting = [...loop.yields]
  for (let node = waiting.pop(); node; node = waiting.pop()) {
    if (!within.has(node) || needed.has(node)) continue
    needed.add(node)
    waiting.push(...operandsOf(node))
  }
  return { ...loop, body: loop.body.filter((node) => needed.has(node)) }
}

/** True when every round has elements of its own to store, and nobody reads what is stored. */
function storesApart(loop: LoopNode, region: Region, memoryOf: MemoryOf): boolean {
  const [block = ONE] = loop.blocks
  const writes = loop.body.filter(isWrite)
  const isPlain = loop.body.every((node) => node.kind !== 'loop')
  const isApart = writes.every(({ index }) => index.some((term) => isPosition(term, block)))
  return isPlain && isApart && writes.length > 0 && isWrittenOnce(writes, region, memoryOf)
}

/** True when each of the writes has memory of its own, which nothing of the region reads. */
function isWrittenOnce(writes: readonly WriteNode[], region: Region, memoryOf: MemoryOf): boolean {
  const written = new Set(writes.map(({ tensor }) => memoryOf(tensor)))
  let isRead = false
  walk(region, (node) => {
    isRead ||= isMemory(node) && node.kind !== 'store' && written.has(memoryOf(node.tensor))
  })
  return written.size === writes.length && !isRead
}

function isPosition(term: Node, block: BlockId): boolean {
  const index = dimIndex(term)
  return index.kind === 'block' && index.block === block
}

/** True when the row is scanned and stored, and nothing else comes of it, however it is streamed. */
export function isScannedRow(region: Region, row: BlockId, memoryOf: MemoryOf): boolean {
  const along = region.filter((node) => isAlong(node, row))
  if (along.length === 0 || region.some((node) => node.kind === 'loop' || endsPass(node, row))) return false
  if (!canRoll(region, row, memoryOf) || !along.every(isPrefix)) return false
  const isPlain = region.every((node) => !hasEffect(node) || (node.kind === 'store' && isSink(node, row)))
  return isPlain && isWrittenOnce(region.filter(isWrite), region, memoryOf)
}

/** True for a scan by one operation that has a neutral value. */
function isPrefix(node: Node): boolean {
  if (node.kind !== 'scan' || node.identity === undefined || node.type.dtype === 'bool') return false
  return reductionBy(operationOf(node.combine)) !== undefined
}
