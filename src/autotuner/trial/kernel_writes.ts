/**
 * What checking a kernel needs to know of its IR: which tensors it writes, where, and what results depend on.
 */
import { computesWithBlockSizes } from '../../ir/block_sizes.ts'
import { addressable, type KernelIr, type TensorInfo } from '../../ir/kernel_ir.ts'
import { isWrite, ruleOf } from '../../ir/node_rules.ts'
import { walk } from '../../ir/traverse.ts'

export interface KernelWrites {
  /** Tensors that the kernel writes, with the last grid that does. */
  readonly lastGrid: ReadonlyMap<number, number>
  /** Tensors that some program updates atomically: one program alone does not decide an element. */
  readonly atomic: ReadonlySet<number>
  /** Tensors that callers see and the kernel writes, or makes without writing. */
  readonly visible: readonly TensorInfo[]
  /** Results may depend on tile extents, since the kernel asks for them. */
  readonly readsExtents: boolean
  /** The least exact float type among the kernel's values. */
  readonly precision: 'f32' | 'f16'
}

export function kernelWrites(ir: KernelIr): KernelWrites {
  const lastGrid = new Map<number, number>()
  const atomic = new Set<number>()
  const memory = addressable(ir)
  let readsExtents = computesWithBlockSizes(ir)
  let halves = false
  for (const [grid, { body }] of ir.grids.entries())
    walk(body, (node) => {
      halves ||= node.type.dtype === 'f16'
      readsExtents ||= ruleOf(node).seesTiles
      if (!isWrite(node)) return
      const tensor = memory[node.tensor]?.tensor ?? node.tensor
      lastGrid.set(tensor, grid)
      if (node.kind === 'atomic') atomic.add(tensor)
    })
  const visible = ir.tensors.filter(({ id, role }) =>
    role === 'argument' ? lastGrid.has(id) : role === 'local',
  )
  return { lastGrid, atomic, visible, readsExtents, precision: halves ? 'f16' : 'f32' }
}
