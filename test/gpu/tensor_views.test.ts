/** Views of tensors in kernels on the GPU: right under several configs, and as wide as without them. */
import { describe, expect, it } from 'vitest'
import type { ConfigInput } from '../../src/config/config.ts'
import { hl, type Tensor } from '../../src/language/index.ts'
import { whole } from './inputs.ts'
import { expectRight, Subject } from './subject.ts'

const CONFIGS: readonly ConfigInput[] = [{}, { num_warps: 2, block_sizes: [16, 16, 16], num_stages: 2 }]

/** x · wᵀ, written to the transpose of the result. */
function linear(x: Tensor, w: Tensor): Tensor {
  const [m, k] = x.shape
  const [n] = w.shape
  const out = hl.empty([n, m])
  const weights = w.T
  for (const [tm, tn] of hl.tile([m, n])) {
    const acc = hl.zeros([tm, tn])
    for (const tk of hl.tile(k)) acc.addDot(x.at(tm, tk), weights.at(tk, tn))
    out.T.at(tm, tn).set(acc)
  }
  return out
}

/** Sums of the heads of `[rows, 3 * width]`: the second third, split in heads of 8. */
function heads(x: Tensor): Tensor {
  const [rows, columns] = x.shape
  const width = hl.floorDiv(columns, 3)
  const middle = x.reshape([rows, 3, width]).slice(1, 1, 2).squeeze(1)
  const split = middle.reshape([rows, -1, 8]).transpose(0, 1)
  const out = hl.empty([split.shape[0], rows])
  for (const [h, r] of hl.tile([split.shape[0], rows])) out.at(h, r).set(split.at(h, r, ':').sum(-1))
  return out
}

function everyThird(x: Tensor, y: Tensor): Tensor {
  const out = hl.zerosLike(x)
  const target = out.slice(1, 2, undefined, 3)
  for (const [i, j] of hl.tile(target.shape)) {
    const row = y.expand(target.shape).at(i, j)
    target.at(i, j).set(x.slice(1, 2, undefined, 3).at(i, j).add(row))
  }
  return out
}

function flatAdd(x: Tensor, y: Tensor): Tensor {
  const out = hl.emptyLike(x)
  const [a, b, c] = [x, y, out].map((one) => one.reshape([-1])) as [Tensor, Tensor, Tensor]
  for (const t of hl.tile(a.shape[0])) c.at(t).set(a.at(t).add(b.at(t)))
  return out
}

function columns(x: Tensor): Tensor {
  const [rows, width] = x.shape
  const half = hl.floorDiv(width, 2)
  const out = hl.empty([rows, half])
  const [left, right] = [x.slice(1, 0, half), x.slice(1, half, hl.mul(half, 2))]
  for (const [i, j] of hl.tile([rows, half])) out.at(i, j).set(left.at(i, j).mul(right.at(i, j)))
  return out
}

describe('a view on the GPU', () => {
  it.each([
    [18, 20, 12],
    [1, 5, 3],
    [4, 0, 4],
  ])('transposed operands and results: %i, %i, %i', async (m, k, n) => {
    await expectRight(linear, [whole([m, k]), whole([n, k])], CONFIGS)
  })

  it.each([1, 7])('heads of %i rows', async (rows) => {
    await expectRight(heads, [whole([rows, 96])], [{}, { block_sizes: [2, 4], reduction_loops: [4] }])
  })

  it('steps, and rows that repeat', async () => {
    await expectRight(everyThird, [whole([5, 23]), whole([1, 7])], [{}])
  })

  it.each([
    [5, 7],
    [1, 1],
  ])('flat tensors of %i x %i', async (m, n) => {
    await expectRight(flatAdd, [whole([m, n]), whole([m, n])], [{}])
  })

  it.each([6, 64])('halves of rows of %i', async (width) => {
    await expectRight(columns, [whole([9, width])], [{ block_sizes: [4, 16] }])
  })
})

describe('vectors of four elements', () => {
  const wide = async (fn: (...tensors: Tensor[]) => Tensor, inputs: Parameters<typeof Subject.of>[1]) =>
    (await Subject.of(fn, inputs)).wgsl({ num_warps: 2 })

  it('of a transposed operand, along its rows', async () => {
    expect(await wide(linear as never, [whole([64, 64]), whole([64, 64])])).toMatch(/w_vec4: array<vec4/)
  })

  it('of flat tensors', async () => {
    const text = await wide(flatAdd as never, [whole([64, 64]), whole([64, 64])])
    expect(text).toContain('x_vec4: array<vec4')
    expect(text).toMatch(/local\w*_vec4: array<vec4/)
  })

  it('of slices that begin and end at multiples of four', async () => {
    const text = (await Subject.of(columns, [whole([64, 64])], { staticShapes: true })).wgsl()
    expect(text).toContain('x_vec4: array<vec4')
    expect(text).not.toContain('x_data: array<f32')
  })
})
