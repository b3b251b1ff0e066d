/** Operations on whole tensors that are none. */
import { describe, expect, it } from 'vitest'
import { type Accumulator, hl, type Tensor } from '../../src/language/index.ts'
import { type KernelFunction, traceKernel } from '../../src/language/trace/trace_kernel.ts'
import { ramp, run } from './harness.ts'
import { mistake } from './mistakes.ts'

describe('operations on whole tensors', () => {
  const X = ramp([2, 3])

  it('shapes that do not broadcast', () => {
    const kernel = (x: Tensor) => x.add(x.T) // ✗
    expect(mistake(kernel, [X], { dynamic: false })).toMatchInlineSnapshot(`
      "add of tensors with shapes [2, 3] and [3, 2], which do not broadcast
      Dimensions align at the last one; add one of size 1 with .unsqueeze(axis)."
    `)
    expect(() => run((x: Tensor) => x.add(x.T), [X])).toThrow(/add of tensors combines dimensions: 2 eq 3/)
  })

  it('axes that are not there, or not given', () => {
    const along = (x: Tensor) => x.sum(2) // ✗
    expect(mistake(along, [X])).toMatchInlineSnapshot(`
      "sum along axis 2 of a tensor with 2 dimensions
      Axes are -2 to 1."
    `)
    const ofOne = (x: Tensor) => x.sum().sum(0) // ✗
    expect(mistake(ofOne, [X])).toMatchInlineSnapshot(`
      "sum along axis 0 of a tensor with 0 dimensions
      A tensor of one number has no axes."
    `)
    const kernel = (x: Tensor) => (x.argmax as () => Tensor)() // ✗
    expect(mistake(kernel, [X])).toMatchInlineSnapshot(`
      "argmax of a tensor without an axis
      It goes along one axis: name it, e.g. -1."
    `)
  })

  it('products of what are no matrices', () => {
    const ofRow = (x: Tensor) => x.dot(x.sum(0)) // ✗
    expect(mistake(ofRow, [X])).toMatchInlineSnapshot(`
      "dot of [x.shape[0], x.shape[1]] and [x.shape[1]]
      Both are tensors of two dimensions or more, [m, k] · [k, n]; x.unsqueeze(0) adds one."
    `)
    const kernel = (x: Tensor) => x.dot(2 as unknown as Tensor) // ✗
    expect(mistake(kernel, [X])).toMatchInlineSnapshot(`
      "dot of [x.shape[0], x.shape[1]] and what is not a tensor
      Both are tensors of two dimensions or more, [m, k] · [k, n]; x.unsqueeze(0) adds one."
    `)
  })

  it('dtypes that do not mix', () => {
    const kernel = (x: Tensor, i: Tensor) => x.to('u32').add(i) // ✗
    expect(mistake(kernel, [X, ramp([3], 'i32')])).toMatchInlineSnapshot(`
      "add of u32 and i32
      Convert one operand: .to('i32') or .to('u32')."
    `)
  })

  it('inside of a loop, and in place', () => {
    const inside = (x: Tensor) => {
      for (const t of hl.tile(2)) x.at(t, ':').set(x.add(1).at(t, ':')) // ✗
    }
    expect(mistake(inside, [X])).toMatchInlineSnapshot(`
      "add on the tensor x, which is not a tile value
      Inside a loop over tiles, work on x.at(…); accumulators are made there too."
    `)
    const kernel = (x: Tensor) => (x as unknown as Accumulator).addAssign(1) // ✗
    expect(mistake(kernel, [X])).toMatchInlineSnapshot(`
      "addAssign on the tensor x, which is not a tile value
      Inside a loop over tiles, work on x.at(…); accumulators are made there too."
    `)
  })

  it('tensors together that do not fit', () => {
    const ranks = (x: Tensor) => hl.cat([x, x.unsqueeze(0)]) // ✗
    expect(mistake(ranks, [X])).toMatchInlineSnapshot(`
      "hl.cat of tensors with 2 and with 3 dimensions
      All need the same number of dimensions; .unsqueeze(axis) adds one of size 1."
    `)
    const sizes = (x: Tensor) => hl.stack([x, x.T]) // ✗
    expect(mistake(sizes, [ramp([4, 3])], { dynamic: false })).toMatchInlineSnapshot(`
      "hl.stack of tensors keeps sizes: 4 is not equal to 3
      Check the shapes of the arguments."
    `)
    const layer = (x: Tensor) => hl.stack([x, x], 3) // ✗
    expect(mistake(layer, [X])).toMatchInlineSnapshot(`
      "hl.stack along axis 3 of a tensor with 3 dimensions
      Axes are -3 to 2."
    `)
  })

  it('a result that nothing uses', () => {
    const texts: string[] = []
    const args = [{ kind: 'tensor', shape: [4], dtype: 'f32', dynamic: [true] }] as const
    const fn = (x: Tensor) => {
      x.mul(3)
      return x.add(1).add(2)
    }
    traceKernel({ name: 'k', fn: fn as KernelFunction, args, warn: (text) => texts.push(text) })
    expect(
      texts.map((text) => text.replace(/at .*?(\w+\.test\.ts):\d+:\d+/, 'at $1')),
    ).toMatchInlineSnapshot(`
      [
        "k: a value of mul is computed and never used
        at mistakes_whole_tensors.test.ts
        Operations make new tensors. Use the value, or remove the line.",
      ]
    `)
  })
})
