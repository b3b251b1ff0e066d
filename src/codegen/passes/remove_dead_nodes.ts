/** Removes what no store and no atomic needs. */
import { type NodeFactory, RegionBuilder } from '../../ir/build.ts'
import { mapGrids, type TileProgram } from '../../ir/tile_program.ts'
import { removeDeadNodes } from '../../ir/traverse.ts'
import type { Plan } from '../plan/plan.ts'

export function removeDead({ program }: Plan, nodes: NodeFactory): TileProgram {
  return mapGrids(program, (grid) => {
    const body = removeDeadNodes(grid.body, new RegionBuilder(nodes))
    return body === grid.body ? grid : { ...grid, body }
  })
}
