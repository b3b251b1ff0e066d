/** Rows at a time, with reductions; how many rows there are does not matter for the choice of a config. */
import { aotKernel, hl, type Kernel, type Tensor } from 'helion-aot'

export const softmax: Kernel<(x: Tensor) => Tensor> = aotKernel(
  { source: import.meta.url, batched: [[0, null]] },
  function softmax(x: Tensor) {
    const out = hl.emptyLike(x)
    for (const row of hl.tile(x.shape[0])) {
      const values = x.at(row, ':').to('f32')
      const e = values.sub(values.amax(-1, { keepdim: true })).exp()
      out.at(row, ':').set(e.div(e.sum(-1, { keepdim: true })))
    }
    return out
  },
)
