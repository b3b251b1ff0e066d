/** Masks of loads, stores and atomic operations: what they leave alone, and what is said of others. */
import { describe, it } from 'vitest'
import { hl, type Tensor } from '../../src/language/index.ts'
import { expectInPlace, expectRun, host } from './harness.ts'

const X = host([5], [1, -2, 3, -4, 5])

describe('loads', () => {
  it('give 0 where the mask is false, or another value', () => {
    expectRun(
      (x: Tensor) => {
        const out = [hl.emptyLike(x), hl.emptyLike(x), hl.emptyLike(x)] as const
        for (const t of hl.tile(x.shape[0])) {
          const mask = x.at(t).gt(0)
          out[0].at(t).set(hl.load(x, [t], { mask }))
          out[1].at(t).set(hl.load(x, [t], { mask, other: -1 }))
          out[2].at(t).set(x.at(t).get({ mask, other: t.index.mul(10) }))
        }
        return [...out]
      },
      [X],
      [
        [1, 0, 3, 0, 5],
        [1, -1, 3, -1, 5],
        [1, 10, 3, 30, 5],
      ],
    )
  })

  it('without a mask are those of at', () => {
    expectRun(
      (x: Tensor) => {
        const out = hl.emptyLike(x)
        for (const t of hl.tile(x.shape[0])) out.at(t).set(hl.load(x, [t]).add(x.at(t).get()))
        return out
      },
      [X],
      [2, -4, 6, -8, 10],
    )
  })

  it('broadcast the mask to the positions, axes of one and repeated axes included', () => {
    expectRun(
      (x: Tensor, v: Tensor) => {
        const [m, n] = x.shape
        const out = [hl.empty([m, n]), hl.empty([n, m]), hl.empty([m, n])] as const
        for (const [i, j] of hl.tile([m, n])) {
          const column = hl.load(x, [i, null, j], { mask: i.index.ne(1).unsqueeze(1).unsqueeze(2) })
          out[0].at(i, j).set(column.squeeze(1))
          out[1].at(j, i).set(x.T.at(j, i).get({ mask: j.index.gt(0).unsqueeze(1), other: 9 }))
          out[2].at(i, j).set(
            v
              .expand([m, n])
              .at(i, j)
              .get({ mask: i.index.unsqueeze(1).eq(j.index), other: 7 }),
          )
        }
        return [...out]
      },
      [host([3, 2], [1, 2, 3, 4, 5, 6]), host([2], [1, 2])],
      [
        [1, 2, 0, 0, 5, 6],
        [9, 9, 9, 2, 4, 6],
        [1, 7, 7, 2, 7, 7],
      ],
    )
  })

  it('take other as the dtype of the tensor, and mix with nothing else', () => {
    expectRun(
      (x: Tensor) => {
        const out = hl.emptyLike(x)
        for (const t of hl.tile(x.shape[0])) {
          out.at(t).set(hl.load(x, [t], { mask: false, other: 7 }).add(hl.load(x, [t], { mask: true })))
        }
        return out
      },
      [host([2], [1, 2], 'i32')],
      [8, 9],
    )
  })

  it('at scalar positions take scalar masks', () => {
    expectRun(
      (x: Tensor, n: number) => {
        const out = hl.empty([3])
        for (const i of hl.grid(3)) out.at(i).set(hl.load(x, [i], { mask: i.lt(n), other: -1 }))
        return out
      },
      [X, 2],
      [1, -2, -1],
    )
  })
})

describe('writes', () => {
  it('leave what the mask leaves out', () => {
    expectInPlace(
      (x: Tensor) => {
        for (const t of hl.tile(x.shape[0])) {
          hl.store(x, [t], x.at(t).mul(10), { mask: x.at(t).gt(0) })
          x.at(t).set(0, { mask: t.index.eq(3) })
        }
      },
      [X],
      [10, -2, 30, 0, 50],
    )
  })

  it('in atomic operations, which give 0 there', () => {
    expectRun(
      (x: Tensor) => {
        const [n] = x.shape
        const counts = hl.full([2], 100, 'i32')
        const before = hl.empty([n], 'i32')
        const swapped = hl.full([n], 1, 'i32')
        for (const t of hl.tile(n)) {
          before.at(t).set(counts.at(t.index.mod(1)).atomicAdd(1, { mask: t.index.eq(2) }))
          hl.atomicAdd(counts, [t.index.mod(1).add(1)], t.index, { mask: x.at(t).gt(0) })
          hl.atomicCompareExchange(swapped, [t], 1, t.index, { mask: x.at(t).lt(0) })
        }
        return { counts, before, swapped }
      },
      [X],
      { counts: [101, 106], before: [0, 0, 100, 0, 0], swapped: [1, 1, 1, 3, 1] },
    )
  })

  it('wherever the positions of the others lie', () => {
    expectRun(
      (x: Tensor, places: Tensor) => {
        const out = hl.zerosLike(x)
        for (const t of hl.tile(x.shape[0])) {
          const at = places.at(t)
          const mask = at.lt(1000)
          out.at(t).set(hl.load(x, [at], { mask }), { mask })
          hl.store(out, [at.sub(1000)], 5, { mask: mask.not() })
        }
        return out
      },
      [X, host([5], [4, 1e9, 0, 1_000_001, 1], 'i32')],
      [5, 0, 1, 0, -2],
    )
  })
})
