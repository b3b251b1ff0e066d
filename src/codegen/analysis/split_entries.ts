/** What of a kernel `split_sums` has an entry for. */
import { addressable, type KernelIr } from '../../ir/kernel_ir.ts'
import type { BlockId } from '../../ir/node.ts'
import { isScannedRow, prefixSums } from './prefix_sums.ts'
import { isSummedRow, partialSums, type Surroundings } from './splittable_sums.ts'

/** The first blocks of loops that can be split, and the rows that can be, in the order of `split_sums`. */
export function splittableSums(kernel: KernelIr): readonly BlockId[] {
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
        const isSplittable = partialSums(loop, body, around) ?? prefixSums(loop, body, around)
        return isSplittable ? loop.blocks.slice(0, 1) : []
      }),
      ...rows
        .filter(({ id }) => isSummedRow(body, id, memoryOf) || isScannedRow(body, id, memoryOf))
        .map(({ id }) => id),
    ]
  })
  return found.sort((a, b) => a - b)
}
