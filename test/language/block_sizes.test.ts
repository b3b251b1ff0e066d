/** `hl.registerBlockSize` and block sizes of single dimensions while tracing: what they make, and mistakes. */
import { describe, expect, it } from 'vitest'
import { hl, type Tensor } from '../../src/language/index.ts'
import { expectRun, irOf, ramp, run } from './harness.ts'
import { mistake } from './mistakes.ts'

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

describe('mistakes', () => {
  it('a tensor of such a size that is returned', () => {
    const kernel = (x: Tensor) => {
      const out = hl.empty([hl.cdiv(x.shape[0], hl.registerBlockSize(x.shape[0]))]) // ✗
      for (const t of hl.tile(out.shape[0])) out.at(t).set(1)
      return out
    }
    expect(mistake(kernel, [X])).toMatchInlineSnapshot(`
      "the kernel k returns a tensor with a dimension of cdiv(x.shape[0], size0), which the
        config decides
      Its caller gets it before the config is chosen. Put together in another loop what its
        tiles left."
    `)
  })

  it('inside a loop', () => {
    const kernel = (x: Tensor) => {
      for (const _ of hl.tile(4)) hl.registerBlockSize(x.shape[0]) // ✗
    }
    expect(mistake(kernel, [X])).toMatchInlineSnapshot(`
      "hl.registerBlockSize inside a loop over tiles
      Register block sizes before the loops that use them."
    `)
  })

  it('the range before the least size', () => {
    const kernel = (x: Tensor) => {
      hl.registerBlockSize(x.shape[0], 16) // ✗
    }
    expect(mistake(kernel, [X])).toMatchInlineSnapshot(`
      "hl.registerBlockSize with a least size of the symbolic size x.shape[0]
      The least size is a power of two; it stands before the range: hl.registerBlockSize(16, m)."
    `)
  })

  it('a plain number of it', () => {
    const kernel = (x: Tensor) => {
      const block = hl.registerBlockSize(x.shape[0])
      return block * 2 // ✗
    }
    expect(mistake(kernel, [X])).toMatchInlineSnapshot(`
      "the size size0 is symbolic here and cannot be used as a plain number
      The config decides it: compute with hl.add, hl.mul, hl.cdiv, …; hl.registerTunable gives
        plain numbers."
    `)
  })

  it('a constant of it', () => {
    const kernel = (x: Tensor) => {
      hl.specialize(hl.cdiv(x.shape[0], hl.registerBlockSize(x.shape[0]))) // ✗
    }
    expect(mistake(kernel, [X])).toMatchInlineSnapshot(`
      "hl.specialize of cdiv(x.shape[0], size0), which the config decides
      It is no fact about the arguments. hl.registerTunable gives plain numbers from the config."
    `)
  })

  it('a size computed from it as block size', () => {
    const kernel = (x: Tensor) => {
      const block = hl.mul(hl.registerBlockSize(x.shape[0]), 2)
      for (const [i] of hl.tile([4, 4], { blockSize: [block, null] })) x.at(i, 0).set(0) // ✗
    }
    expect(mistake(kernel, [X])).toMatchInlineSnapshot(`
      "hl.tile with blockSize [(size0 * 2), null] for 2 dimensions
      Give one power of two, or one per dimension; hl.registerBlockSize makes one that the
        config chooses, null leaves a dimension to it."
    `)
  })
})
