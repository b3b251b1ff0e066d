/** One binding serves all sizes; sizes that tiles divide get a program without masks. */
import { beforeAll, expect, it } from 'vitest'
import { getDevice, hl, kernel, ones, type Tensor } from '../../src/index.ts'

beforeAll(async () => {
  await getDevice()
})

const config = { block_sizes: [4], num_warps: 1 }

const rowSums = kernel({ staticShapes: false, config }, function row_sums(x: Tensor) {
  const out = hl.empty([x.shape[0]])
  for (const t of hl.tile(x.shape[0])) out.at(t).set(x.at(t, ':').sum(-1))
  return out
})

const masks = (wgsl: string): number => wgsl.match(/select\(|_in\b/g)?.length ?? 0

it('leaves out masks where sizes are multiples of tiles, and only there', () => {
  const [even, odd] = [rowSums.bind(ones([16, 32])), rowSums.bind(ones([18, 30]))]
  expect(rowSums.specializationKey(ones([16, 32]))).not.toBe(rowSums.specializationKey(ones([18, 30])))
  expect(masks(even.toWgsl())).toBe(0)
  expect(masks(odd.toWgsl())).toBeGreaterThan(0)
})

it('chooses by the sizes of each call, within one binding', async () => {
  const shapes = [
    [48, 80],
    [48, 128],
    [52, 128],
    [4, 128],
  ] as const
  for (const [m, n] of shapes) {
    const sums = await rowSums(ones([m, n])).data()
    expect([m, n, [...sums]]).toEqual([m, n, Array(m).fill(n)])
  }
  const example = rowSums.bind(ones([48, 80]))
  expect(rowSums.bind(ones([48, 128])).bound).toBe(example.bound)
  expect(masks(rowSums.bind(ones([48, 80])).toWgsl())).toBeGreaterThan(0)
  expect(masks(rowSums.bind(ones([48, 128])).toWgsl())).toBe(0)
})
