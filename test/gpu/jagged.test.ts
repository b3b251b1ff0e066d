/** Jagged loops on the device: rows of many lengths, none among them. */
import { describe, it } from 'vitest'
import * as kernels from '../language/jagged_kernels.ts'
import { spread, values, whole } from './inputs.ts'
import { CLOSE, expectRight } from './subject.ts'

const offsets = values([8], 'i32', [0, 3, 3, 20, 21, 45, 50, 51])

describe('jagged', () => {
  it('sums', async () => {
    await expectRight(
      kernels.jaggedSum,
      [whole([51, 20]), offsets],
      [{ block_sizes: [4, 16, 8], num_warps: 2 }, { block_sizes: [1, 4, 64] }],
    )
  })

  it('softmax', async () => {
    const config = { block_sizes: [4, 8, 16, 8] }
    await expectRight(kernels.jaggedSoftmaxRows, [spread([51, 12]), offsets], [config], CLOSE)
  })

  it('products', async () => {
    const args = [whole([51, 12]), offsets, whole([7, 12, 10]), whole([7, 10])]
    await expectRight(kernels.jaggedDenseBmm, args, [{ block_sizes: [2, 8, 8, 4], num_warps: 2 }])
  })
})
