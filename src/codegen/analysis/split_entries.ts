/** What of a kernel `split_sums` has an entry for. */
import { addressable, type KernelIr } from '../../ir/kernel_ir.ts'
import { type BlockId, ONE } from '../../ir/node.ts'
import { isScannedRow, prefixSums } from './prefix_sums.ts'
import { isSummedRow, partialSums, type Surroundings } from './splittable_sums.ts'

/** The first block of a loop that can be split, or a row that can be. */
export interface SplitEntry {
  readonly id: BlockId
  /** It is scanned, so that its chunks can follow each other. */
  readonly isScan: boolean
}

/** In the order of `split_sums`. */
export function splittableSums(kernel: KernelIr): readonly SplitEntry[] {
  const tensors = addressable(kernel)
  const blocks = new Map(kernel.blocks.map((block) => [block.id, block]))
  const around: Surroundings = {
    memoryOf: (id) => tensors[id]?.tensor ?? id,
    blockOf: (id) => blocks.get(id) ?? { kind: 'grid', size: 1, end: undefined },
  }
  const { memoryOf } = around
  const found = kernel.grids.flatMap(({ body }, number) => {
    const rows = kernel.blocks.filter(({ kind, grid }) => kind === 'slice' && grid === number)
    return [
      ...body.flatMap((loop) => {
        if (loop.kind !== 'loop') return []
        const [id = ONE] = loop.blocks
        if (partialSums(loop, body, around)) return [{ id, isScan: false }]
        const scan = prefixSums(loop, body, around)
        return scan ? [{ id, isScan: scan.isWhole }] : []
      }),
      ...rows.flatMap(({ id }) => {
        const isScan = isScannedRow(body, id, memoryOf)
        return isScan || isSummedRow(body, id, memoryOf) ? [{ id, isScan }] : []
      }),
    ]
  })
  return found.sort((a, b) => a.id - b.id)
}
