/** Whether a whole dimension may be streamed in chunks: see roll_reductions.ts. */
import type { BlockId, LoadNode, Node, Region } from '../../ir/node.ts'
import { canStream, isWrite } from '../../ir/node_rules.ts'
import { readsOf, walk } from '../../ir/traverse.ts'
import { inherited, isAlong, isSink, levelsOf, scanDirections, sinkLevel, walksRow } from './row_levels.ts'

/** The tensor whose memory a tensor or a view of one is. */
export type MemoryOf = (tensor: number) => number

/**
 * True when the row may be streamed: it is only loaded, computed with, reduced, multiplied and stored, in the
 * region or in loops that carry nothing of it.
 */
export function canRoll(region: Region, row: BlockId, memoryOf: MemoryOf): boolean {
  const along = (node: Node): boolean => node.type.axes.includes(row)
  const read = new Set(region.flatMap(readsOf))
  if (scanDirections(region, row).size > 1) return false
  for (const node of region) {
    if (isAlong(node, row) && !canStream(node)) return false
    // What an atomic gives would be another value in every pass.
    if (isWrite(node) && along(node) && read.has(node)) return false
    if (node.kind === 'loop' && node.phis.some(along)) return false
    if (!walksRow(node, row)) continue
    if (!canRoll([...inherited(region, node, row), ...node.body], row, memoryOf)) return false
  }
  return !rereadsWhatItWrites(region, row, memoryOf)
}

/**
 * True when a pass, or a loop, would read of the row what has been overwritten before: elements are read
 * again wherever they are needed, so only stores of the very same elements in the last pass leave them alone
 * long enough.
 */
function rereadsWhatItWrites(region: Region, row: BlockId, memoryOf: MemoryOf): boolean {
  const levels = levelsOf(region, row)
  const sinks = region.filter((node) => isSink(node, row)).map((node) => sinkLevel(node, levels, row))
  const loops = region.filter((node) => walksRow(node, row)).map((node) => levels.get(node) ?? 0)
  const last = Math.max(0, ...sinks, ...loops)
  const loads = region.filter(
    (node): node is LoadNode => node.kind === 'load' && node.type.axes.includes(row),
  )
  let found = false
  walk(region, (write) => {
    if (!isWrite(write)) return
    found ||= loads.some(({ tensor, index }) => {
      if (memoryOf(tensor) !== memoryOf(write.tensor)) return false
      const isSame = tensor === write.tensor && index.every((term, i) => term === write.index[i])
      return write.kind === 'atomic' || !isSame || levels.get(write) !== last
    })
  })
  return found
}
