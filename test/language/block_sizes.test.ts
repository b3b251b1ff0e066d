/** `hl.registerBlockSize` and block sizes of single dimensions while tracing: what they make. */
import { expect, it } from 'vitest'
import { hl, type Tensor } from '../../src/language/index.ts'
import { expectRun, irOf, ramp, run } from './harness.ts'

const X = ramp([12, 5])

function partialSums(x: Tensor): Tensor {
  const [m, n] = x.shape
  const block = hl.registerBlockSize(m)
  const partial = hl.empty([hl.cdiv(m, block), n])
  const out = hl.empty([n])
  for (const rows of hl.tile(m, { blockSize: block })) partial.at(rows.id, ':').set(x.at(rows, ':').sum(0))
  for (const t of hl.tile(n)) out.at(t).set(partial.at(':', t).sum(0))
  return out
}

it('is a size of the program, and the extent of a block', () => {
  expect(irOf(partialSums, [X])).toMatchInlineSnapshot(`
    "kernel k
      argument x: f32[x.shape[0], x.shape[1]]
      local local2: f32[x.shape[1]]
      scratch local1: f32[cdiv(x.shape[0], size0), x.shape[1]]
      block size size0 from 1 for x.shape[0]
      x.shape[0] is a multiple of 4, at most 16
      x.shape[1] is at most 8
      grid tile1 in x.shape[0] by size0
        slice2 in x.shape[1]
        %0: i32 = id tile1
        %1: i32[slice2] = index slice2
        %2: i32[tile1] = index tile1
        %3: f32[tile1, slice2] = load x[%2, %1]
        %4: f32[slice2] = sum %3 along 0
        store local1[%0, %1] = %4
      grid tile4 in x.shape[1]
        slice5 in cdiv(x.shape[0], size0)
        %5: i32[tile4] = index tile4
        %6: i32[slice5] = index slice5
        %7: f32[slice5, tile4] = load local1[%6, %5]
        %8: f32[tile4] = sum %7 along 0
        store local2[%5] = %8
      return local2"
  `)
})

it('gives the same for every extent', () => {
  const columns = [0, 1, 2, 3, 4].map((j) => X.data.filter((_, i) => i % 5 === j).reduce((a, b) => a + b, 0))
  expectRun(partialSums, [X], columns)
})

it('is never below its least', () => {
  const kernel = (x: Tensor): Tensor => {
    const block = hl.registerBlockSize(4, x.shape[0])
    const out = hl.empty([1], 'i32')
    for (const _ of hl.grid(1)) out.at(0).set(hl.mul(block, 1))
    return out
  }
  expect(run(kernel, [X], { extent: 1 }).returned).toEqual([4])
  expect(run(kernel, [X], { extent: 8 }).returned).toEqual([8])
})

it('may be an axis of its own', () => {
  expectRun(
    (x: Tensor) => {
      const block = hl.registerBlockSize(x.shape[0])
      const out = hl.zeros([12])
      for (const i of hl.grid(hl.cdiv(x.shape[0], block))) {
        const at = i.mul(block).add(hl.arange(block))
        out.at(at).set(x.at(at, 0))
      }
      return out
    },
    [X],
    X.data.filter((_, i) => i % 5 === 0),
  )
})
