/** One range on two axes, on a device. */
import { it } from 'vitest'
import { hl, type Tensor } from '../../src/language/index.ts'
import { whole } from './inputs.ts'
import { expectRight } from './subject.ts'

it.each([1, 13])('of %i positions', async (n) => {
  await expectRight(
    function pairwise(x: Tensor, a: Tensor) {
      const size = x.shape[0]
      const shape = [size, size]
      const [causal, sums, square] = [hl.empty(shape), hl.empty(shape), hl.empty(shape)]
      for (const _ of hl.tile(1)) {
        const [row, i, matrix] = [x.at(':'), hl.arange(1, hl.add(size, 1)), a.at(':', ':')]
        causal.at(':', ':').set(hl.where(i.unsqueeze(1).ge(i), row.unsqueeze(1).sub(row), i))
        sums.at(':', ':').set(matrix.add(matrix.transpose()).add(matrix.sum(0).unsqueeze(1)))
        square.at(':', ':').set(matrix.dot(matrix))
      }
      return [causal, sums, square]
    },
    [whole([n]), whole([n, n])],
    [{}, { num_warps: 1, slice_k: 1 }],
  )
})
