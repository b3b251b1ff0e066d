/** Operations on whole tensors on the GPU, and as callers see them. */
import { afterAll, expect, it, vi } from 'vitest'
import { hl, kernel, type Tensor, tensor } from '../../src/index.ts'
import { layer, meanLoss, scaled } from '../codegen/whole_kernels.ts'
import { whole } from './inputs.ts'
import { Subject } from './subject.ts'

vi.stubEnv('HELION_AUTOTUNE_EFFORT', 'none')
afterAll(() => {
  vi.unstubAllEnvs()
})

it.each([true, false])('are right, static shapes: %s', async (staticShapes) => {
  const options = { staticShapes, tolerance: { abs: 1e-4, rel: 1e-3 } }
  const cases = [
    [meanLoss, [whole([13, 6])]],
    [scaled, [whole([6, 12]), whole([12])]],
    [layer, [whole([7, 5]), whole([6, 5]), whole([6])]],
  ] as const
  for (const [fn, inputs] of cases) await (await Subject.of(fn, inputs, options)).expectRight()
})

it('a mean of everything is a tensor without dimensions', async () => {
  const bias = tensor([1, 2])
  const mean = kernel((x: Tensor) => x.add(bias).mean())(
    tensor([
      [1, 2],
      [3, 4],
    ]),
  )
  expect(mean.shape).toEqual([])
  expect(await mean.data()).toEqual(new Float32Array([4]))
})

it('tensors from around the kernel are operands in any place', async () => {
  const bias = tensor([1, 2])
  const fn = kernel((x: Tensor) => [hl.sub(1, bias), hl.sum(bias, 0), bias.mul(x), bias.clone()])
  const found = await Promise.all(fn(tensor([3, 4])).map(async (one) => [...(await one.data())]))
  expect(found).toEqual([[0, -1], [3], [3, 8], [1, 2]])
})

it('outside of kernels they say where they belong', () => {
  const add = (): unknown => tensor([1]).add(1)
  expect(add).toThrow(/^tensor #\d+ f32\[1\]\.add\(\.\.\.\) was called outside a kernel$/m)
  expect(add).toThrow('Operations on tensors stand in kernels: kernel((x) => x.add(...)).')
})
