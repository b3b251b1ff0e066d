/** Sorted rows and columns. */
import { describe, expect, it } from 'vitest'
import { hl, type Tensor } from '../../src/language/index.ts'
import { expectRun, host, run } from './harness.ts'
import { largest, sorted } from './sorting_kernels.ts'

const NAN = Number.NaN
const X = host([2, 4], [3, -1, 2, 2, -5, 7, 7, 0])

describe('sorting', () => {
  it('keeps the order of equal elements, rising and falling', () => {
    expectRun(
      sorted(1, false),
      [X],
      [
        [-1, 2, 2, 3, -5, 0, 7, 7],
        [1, 2, 3, 0, 0, 3, 1, 2],
      ],
    )
    expectRun(
      sorted(1, true),
      [X],
      [
        [3, 2, 2, -1, 7, 7, 0, -5],
        [0, 2, 3, 1, 1, 2, 3, 0],
      ],
    )
  })

  it('along another axis', () => {
    expectRun(
      sorted(0, false),
      [X],
      [
        [-5, -1, 2, 0, 3, 7, 7, 2],
        [1, 0, 0, 1, 0, 1, 1, 0],
      ],
    )
  })

  it('has NaN above all numbers', () => {
    const odd = host([1, 5], [NAN, Number.POSITIVE_INFINITY, 1, NAN, Number.NEGATIVE_INFINITY])
    expectRun(
      sorted(1, false),
      [odd],
      [
        [Number.NEGATIVE_INFINITY, 1, Number.POSITIVE_INFINITY, NAN, NAN],
        [4, 2, 1, 0, 3],
      ],
    )
    expectRun(
      sorted(1, true),
      [odd],
      [
        [NAN, NAN, Number.POSITIVE_INFINITY, 1, Number.NEGATIVE_INFINITY],
        [0, 3, 1, 2, 4],
      ],
    )
  })

  it('of one element, and of none', () => {
    expectRun(
      sorted(1, false),
      [host([2, 1], [5, 3])],
      [
        [5, 3],
        [0, 0],
      ],
    )
    expectRun(sorted(1, false), [host([2, 0], [])], [[], []])
  })

  it('of rows with lengths of their own', () => {
    const kernel = (x: Tensor, offsets: Tensor): Tensor => {
      const out = hl.zerosLike(x)
      for (const row of hl.tile(2)) {
        const [begins, ends] = [offsets.at(row), offsets.at(row.index.add(1))]
        for (const t of hl.tile(begins, ends, 4)) out.at(t.index).set(x.at(t.index).sort(1).values)
      }
      return out
    }
    const offsets = host([3], [0, 2, 5], 'i32')
    expectRun(kernel, [host([5], [NAN, 3, 5, 4, 3]), offsets], [3, NAN, 3, 4, 5])
  })

  it('along an axis that is not there is an error', () => {
    const kernel = (x: Tensor): void => {
      for (const t of hl.tile(x.shape[0])) x.at(t, ':').set(x.at(t, ':').sort(2).values)
    }
    expect(() => run(kernel, [X])).toThrow('sort along axis 2 of a tile with 2 axes')
  })
})

describe('the first of them', () => {
  it('are the largest, or the smallest', () => {
    expectRun(
      largest(2),
      [X],
      [
        [3, 2, 7, 7],
        [0, 2, 1, 2],
      ],
    )
    expectRun(
      largest(3, { largest: false }),
      [X],
      [
        [-1, 2, 2, -5, 0, 7],
        [1, 2, 3, 0, 3, 1],
      ],
    )
    expectRun(
      largest(1),
      [host([2, 3], [0, 1, 1, 0, 0, 1], 'bool')],
      [
        [1, 1],
        [1, 2],
      ],
    )
    expectRun(
      largest(1),
      [host([2, 1], [5, 3])],
      [
        [5, 3],
        [0, 0],
      ],
    )
  })

  it('of a tile count within it', () => {
    const kernel = (x: Tensor): Tensor => {
      const out = hl.empty([2, 2], 'i32')
      for (const t of hl.tile(x.shape[0], { blockSize: 4 })) out.at(t.id, ':').set(x.at(t).topk(2, 0).indices)
      return out
    }
    expectRun(kernel, [host([6], [1, 2, 3, 9, 8, 7])], [3, 2, 0, 1])
  })

  it('cannot be more than there are', () => {
    expect(() => run(largest(5), [X])).toThrow(/topk takes no more than there are: .*5.*4/)
  })
})

it('the first of a tile, and of an axis of one', () => {
  const kernel = (x: Tensor) => {
    const out = { tile: hl.empty([1]), one: hl.empty([1, 3]), none: hl.empty([1, 3], 'i32') }
    for (const t of hl.tile(3, { blockSize: 4 })) {
      out.tile.at(':').set(x.at(t).topk(1, 0).values)
      const { values, indices } = x.at(t).unsqueeze(0).topk(1, 0)
      out.one.at(':', t).set(values)
      out.none.at(':', t).set(indices)
    }
    return out
  }
  const expected = { tile: [5], one: [2, 5, 4], none: [0, 0, 0] }
  expectRun(kernel, [host([3], [2, 5, 4])], expected, [undefined])
})
