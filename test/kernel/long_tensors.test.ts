/** Tensors beyond what 32-bit positions reach, with made-up sizes: nobody has the memory. */
import { expect, it } from 'vitest'
import { checkGuards } from '../../src/kernel/launch_plan.ts'
import { hl, type Tensor } from '../../src/language/index.ts'
import { ramp, traced } from '../language/harness.ts'

const copy = traced(
  function copy(x: Tensor) {
    const [m, n] = x.shape
    const out = hl.emptyLike(x)
    for (const [i, j] of hl.tile([m, n])) out.at(i, j).set(x.at(i, j))
    return out
  },
  [ramp([4, 4])],
)

it.each([[[2 ** 31 - 1, 2]], [[65_535, 65_537]]])('%j is short enough', (shape) => {
  expect(() => checkGuards(copy, { tensors: [{ shape }] })).not.toThrow()
})

it('a dimension beyond 31 bits', () => {
  expect(() => checkGuards(copy, { tensors: [{ shape: [2 ** 31, 1] }] })).toThrow(
    'k: x of [2147483648, 1] is too long for 32-bit positions\n' +
      '  Up to 2147483647 along a dimension and 4294967295 in all; give the kernel slices of it.',
  )
})

it('more elements than 32 bits count', () => {
  expect(() => checkGuards(copy, { tensors: [{ shape: [65_536, 65_536] }] })).toThrow(
    'k: x of [65536, 65536] is too long',
  )
})
