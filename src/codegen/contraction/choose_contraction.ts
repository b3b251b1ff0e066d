/** Which implementation a product gets, by the config. */
import type { Mma } from '../../config/modes.ts'
import type { DotNode } from '../../ir/node.ts'
import type { Layout } from '../layout/layout.ts'
import type { Contraction } from '../state/contraction.ts'
import type { Lowering } from '../state/lowering.ts'
import { directContraction } from './direct.ts'
import { fmaContraction } from './fma.ts'
import { subgroupMatrixContraction } from './matrix/subgroup_matrix.ts'
import { slicedFmaContraction } from './sliced_fma.ts'

type Choice = (lowering: Lowering, dot: DotNode, layout: Layout) => Contraction

const staged: Choice = (lowering, dot, layout) => {
  const slices = lowering.layouts.sliceBits(dot)
  return slices > 0
    ? slicedFmaContraction(lowering, dot, layout, slices)
    : fmaContraction(lowering, dot, layout)
}

const CONTRACTIONS: Readonly<Record<Mma, Choice>> = {
  fma: staged,
  direct(lowering, dot, layout) {
    const product = lowering.layouts.product(dot)
    return product ? directContraction(lowering, dot, layout, product) : staged(lowering, dot, layout)
  },
  subgroup_matrix(lowering, dot, layout) {
    const matrix = lowering.layouts.matrix(dot)
    if (!matrix) throw new Error(`the dot ${dot.id} was not cut into matrices`)
    return subgroupMatrixContraction(lowering, dot, layout, matrix)
  },
}

export function contractionOf(lowering: Lowering, dot: DotNode): Contraction {
  return CONTRACTIONS[lowering.bound.mma(dot)](lowering, dot, lowering.layoutOf(dot))
}
