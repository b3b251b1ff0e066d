/**
 * A step of the compiler on whole programs. Its output means what its input meant, and differs in form only.
 */
import type { NodeFactory } from '../../ir/build.ts'
import type { TileProgram } from '../../ir/tile_program.ts'
import type { Plan } from '../plan/plan.ts'

export interface Pass {
  readonly name: string
  /** A program of its own; all new nodes come from `nodes`. It may have other grids, blocks and tensors. */
  readonly run: (plan: Plan, nodes: NodeFactory) => TileProgram
}
