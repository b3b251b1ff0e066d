/** Where compiling begins: the traced kernel as a program for one config, and what goes with it. */
import type { Config } from '../../config/config.ts'
import type { KernelIr, TensorView } from '../../ir/kernel_ir.ts'
import type { BlockId } from '../../ir/node.ts'
import type { Size } from '../../ir/size.ts'
import { frozenProgram, rowsOf, type TileProgram, type TileTensor, tileBlock } from '../../ir/tile_program.ts'
import type { DeviceLimits } from '../program.ts'
import { BoundConfig } from './bound_config.ts'
import { withWholeLoops } from './whole_loops.ts'

/** A program and the config that it is compiled under: all that layouts and lowering ask. */
export interface Plan {
  readonly program: TileProgram
  readonly bound: BoundConfig
}

/**
 * The kernel with the extents of a config. `even` are blocks whose tiles all lie inside their range at the
 * sizes that the program is for.
 */
export function programFor(bound: BoundConfig, even: ReadonlySet<BlockId> = new Set()): TileProgram {
  const { kernel } = bound
  const taken = new Set(bound.sites.rows.map(({ id }) => id))
  return frozenProgram({
    name: kernel.name,
    tensors: [
      ...kernel.tensors.map((tensor) => ({ ...tensor, memory: tensor.id })),
      ...kernel.views.map((view, i) => viewOf(kernel, view, kernel.tensors.length + i)),
    ],
    scalars: kernel.scalars,
    padded: false,
    blocks: withWholeLoops(
      kernel,
      kernel.blocks.map((block) => tileBlock(block, bound.extent(block.id), even.has(block.id))),
    ),
    grids: kernel.grids.map((grid, number) => {
      return { ...grid, rows: rowsOf(kernel, number).filter((id) => taken.has(id)) }
    }),
  })
}

function viewOf(kernel: KernelIr, { tensor, dtype, shape }: TensorView, id: number): TileTensor {
  const owner = kernel.tensors[tensor]
  if (!owner) throw new Error(`no tensor ${tensor}`)
  return { ...owner, id, dtype, shape, memory: tensor }
}

/**
 * Blocks that this config cuts into whole tiles at the sizes of a call, though not at all sizes that the
 * kernel was traced for: a program for these needs no masks there.
 */
export function evenBlocks(
  kernel: KernelIr,
  config: Config,
  limits: DeviceLimits,
  sizeOf: (size: Size) => number,
): ReadonlySet<BlockId> {
  const { blocks } = programFor(new BoundConfig(kernel, config, limits))
  const even = blocks.filter(({ size, end, extent, ragged }) => {
    if (end === undefined || !ragged) return false
    const positions = sizeOf(size)
    return positions > 0 && positions % extent === 0
  })
  return new Set(even.map(({ id }) => id))
}
