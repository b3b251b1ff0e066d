/** Which implementation a product gets, by the config. */
import type { DotNode } from '../../ir/node.ts'
import type { Contraction } from '../state/contraction.ts'
import type { Lowering } from '../state/lowering.ts'
import { directContraction } from './direct.ts'
import { fmaContraction } from './fma.ts'
import { subgroupMatrixContraction } from './matrix/subgroup_matrix.ts'
import { slicedFmaContraction } from './sliced_fma.ts'

export function contractionOf(lowering: Lowering, dot: DotNode): Contraction {
  const layout = lowering.layoutOf(dot)
  const matrix = lowering.layouts.matrix(dot)
  if (matrix) return subgroupMatrixContraction(lowering, dot, layout, matrix)
  const product = lowering.layouts.product(dot)
  if (product) return directContraction(lowering, dot, layout, product)
  const slices = lowering.layouts.sliceBits(dot)
  return slices > 0
    ? slicedFmaContraction(lowering, dot, layout, slices)
    : fmaContraction(lowering, dot, layout)
}
