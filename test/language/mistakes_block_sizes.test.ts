/** Mistakes with `hl.registerBlockSize`. */
import { expect, it } from 'vitest'
import { hl, type Tensor } from '../../src/language/index.ts'
import { ramp } from './harness.ts'
import { mistake } from './mistakes.ts'

const X = ramp([12, 5])

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

it('positions of a tile whose length only launches know', () => {
  const kernel = (x: Tensor) => {
    const half = hl.nextPowerOf2(hl.cdiv(x.shape[0], 2))
    for (const [i] of hl.tile([4, 4], { blockSize: [half, null] })) x.at(i, 0).set(0) // ✗
  }
  expect(mistake(kernel, [X])).toMatchInlineSnapshot(`
    "a tile whose length is a size of the launch has no positions of its own
    Loop over them, hl.tile(tile.begin, tile.end), or compute blockSize from sizes that are
      plain, such as hl.specialize(size)."
  `)
})

it('a length that is no power of two for rows of different lengths', () => {
  const kernel = (x: Tensor, lengths: Tensor) => {
    for (const row of hl.tile(12)) {
      for (const t of hl.jaggedTile(lengths.at(row), { blockSize: 3 })) x.at(row, t).set(0) // ✗
    }
  }
  expect(mistake(kernel, [X, ramp([12], 'i32')])).toMatchInlineSnapshot(`
    "a loop over rows of different lengths with blockSize 3
    Their tiles have a power of two as length, one of hl.registerBlockSize, or that of the
      config."
  `)
})
