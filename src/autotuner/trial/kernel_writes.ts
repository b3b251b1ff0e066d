/**
 * What checking a kernel needs to know of its IR: which tensors it writes, where, and what results depend on.
 */
import { computesWithBlockSizes } from '../../ir/block_sizes.ts'
import { addressable, type KernelIr, type TensorInfo } from '../../ir/kernel_ir.ts'
import { isWrite, ruleOf } from '../../ir/node_rules.ts'
import { walk } from '../../ir/traverse.ts'
import { lessExact, type StorageType } from '../../support/storage_types.ts'

export interface KernelWrites {
  /** Tensors that the kernel writes, with the last grid that does. */
  readonly lastGrid: ReadonlyMap<number, number>
  /** Tensors that some program updates atomically: one program alone does not decide an element. */
  readonly atomic: ReadonlySet<number>
  /** Tensors that callers see and the kernel writes, or makes without writing. */
  readonly visible: readonly TensorInfo[]
  /** Results may depend on tile extents, since the kernel asks for them. */
  readonly readsExtents: boolean
  /** Some value of the kernel is known to the GPU only: WGSL of the author's without a reference. */
  readonly isOpaque: boolean
  /** The least exact type among those of the kernel's values and of what it writes. */
  readonly precision: StorageType
}

export function kernelWrites(ir: KernelIr): KernelWrites {
  const lastGrid = new Map<number, number>()
  const atomic = new Set<number>()
  const memory = addressable(ir)
  let readsExtents = computesWithBlockSizes(ir)
  let precision: StorageType = 'f32'
  let isOpaque = false
  for (const [grid, { body }] of ir.grids.entries())
    walk(body, (node) => {
      precision = lessExact(precision, (node.kind === 'cast' && node.through) || node.type.dtype)
      readsExtents ||= ruleOf(node).seesTiles
      isOpaque ||= node.kind === 'inline' && !node.code.reference
      if (!isWrite(node)) return
      const tensor = memory[node.tensor]?.tensor ?? node.tensor
      lastGrid.set(tensor, grid)
      precision = lessExact(precision, memory[node.tensor]?.dtype ?? precision)
      if (node.kind === 'atomic') atomic.add(tensor)
    })
  // What it prints comes in another order every time.
  const printed = ir.prints ? [ir.prints.count, ir.prints.words] : []
  const visible = ir.tensors.filter(({ id, role }) =>
    role === 'argument' ? lastGrid.has(id) : role === 'local' && !printed.includes(id),
  )
  return { lastGrid, atomic, visible, readsExtents, isOpaque, precision }
}
