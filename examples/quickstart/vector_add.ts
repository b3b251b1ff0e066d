/** The simplest kernel: one tile of elements at a time. */
import { aotKernel, hl, type Kernel, type Tensor } from 'helion-aot'

export const vector_add: Kernel<(x: Tensor, y: Tensor) => Tensor> = aotKernel(
  { source: import.meta.url },
  function vector_add(x: Tensor, y: Tensor) {
    const out = hl.emptyLike(x)
    for (const tile of hl.tile(x.shape[0])) out.at(tile).set(x.at(tile).add(y.at(tile)))
    return out
  },
)
