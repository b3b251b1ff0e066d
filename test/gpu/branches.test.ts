/** Branches on a device: the ones that programs take, and barriers inside of them. */
import { it } from 'vitest'
import { hl, type Tensor } from '../../src/language/index.ts'
import { values, whole } from './inputs.ts'
import { expectRight } from './subject.ts'

it('around products, reductions and loops', async () => {
  await expectRight(
    function branches(a: Tensor, b: Tensor, skip: Tensor, scale: number) {
      const [m, n] = [a.shape[0], b.shape[1]]
      const out = hl.empty([m, n])
      for (const [tm, tn] of hl.tile([m, n])) {
        const acc = hl.zeros([tm, tn])
        for (const tk of hl.tile(a.shape[1], { blockSize: 16 })) {
          hl.continueIf(skip.at(tk.id))
          acc.addDot(a.at(tm, tk), b.at(tk, tn))
        }
        hl.when(
          acc.amax().gt(20),
          () => acc.addAssign(a.at(tm, ':').sum(1, { keepdim: true })),
          () => acc.mulAssign(scale),
        )
        out.at(tm, tn).set(acc)
      }
      return out
    },
    [whole([37, 50]), whole([50, 21]), values([4], 'i32', [0, 1, 0, 0]), 2],
    [{ block_sizes: [16, 16] }, { block_sizes: [8, 32], num_stages: 2, slice_k: 1 }],
  )
})
