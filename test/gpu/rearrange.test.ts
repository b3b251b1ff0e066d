/** Tile values under other shapes, flipped, cut in two and put together, on a device. */
import { expect, it } from 'vitest'
import { rearranged } from '../codegen/rearranged_kernels.ts'
import { expectRight } from './subject.ts'

const KERNELS = rearranged(3)

it.each(['pairSums', 'rotated', 'concatenated', 'shuffled', 'unpackedProduct'])('%s', async (name) => {
  const [fn, args] = KERNELS[name] ?? expect.fail(name)
  await expectRight(fn, args, [{ num_warps: 1, block_sizes: name === 'unpackedProduct' ? [2, 2, 4] : [2] }])
})
