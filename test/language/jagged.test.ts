/** Loops over rows with lengths of their own: what lies past the end of a row is not there. */
import { describe, it } from 'vitest'
import { hl, type Tensor } from '../../src/language/index.ts'
import { expectRun, host } from './harness.ts'
import * as kernels from './jagged_kernels.ts'

/** Four rows, one of which is empty. */
const OFFSETS = host([5], [0, 3, 3, 4, 8], 'i32')
const X = host([8, 2], (i) => i + 1)

describe('kernels', () => {
  it('sums and means of rows', () => {
    const sums = [9, 12, 0, 0, 7, 8, 48, 52]
    expectRun(kernels.jaggedSum, [X, OFFSETS], sums)
    expectRun(kernels.jaggedMean, [X, OFFSETS], [3, 4, 0, 0, 7, 8, 12, 13])
  })

  it('a dense tensor and the elements of each row', () => {
    const dense = host([4, 5], (i) => 100 * i)
    const wanted = Array.from({ length: 20 }, (_, i) => 100 * i)
    ;[0, 1, 2, 10, 15, 16, 17, 18].forEach((place, i) => {
      wanted[place] = (wanted[place] ?? 0) + i + 1
    })
    expectRun(kernels.jaggedDenseAdd, [host([8], (i) => i + 1), OFFSETS, dense], wanted)
  })

  it('products of rows with matrices of their own', () => {
    const matrices = host([4, 2, 1], [1, 1, 0, 0, 2, 0, 0, 3])
    const bias = host([4, 1], [0, 5, 10, 20])
    expectRun(kernels.jaggedDenseBmm, [X, OFFSETS, matrices, bias], [3, 7, 11, 24, 50, 56, 62, 68])
  })
})

describe('reductions see what rows have', () => {
  it('all of them, along the loop', () => {
    expectRun(
      (x: Tensor, lengths: Tensor) => {
        const [rows] = lengths.shape
        const make = () => hl.empty([rows])
        const out = [make(), make(), make(), make(), make(), make(), make()] as const
        for (const row of hl.tile(rows)) {
          for (const t of hl.tile(lengths.at(row), { blockSize: 8 })) {
            const values = x.at(row, t).add(1) // garbage past the ends
            const [sum, prod, amax, amin, argmin, any, all] = out
            sum.at(row).set(values.sum(1))
            prod.at(row).set(values.prod(1))
            amax.at(row).set(values.neg().amax(1))
            amin.at(row).set(values.amin(1))
            argmin.at(row).set(values.neg().argmax(1).add(values.neg().argmin(1).mul(10)))
            any.at(row).set(values.lt(2).any(1))
            all.at(row).set(values.gt(1).all(1))
          }
        }
        return [...out]
      },
      [host([3, 4], (i) => i + 1), host([3], [3, 1, 2], 'i32')],
      [
        [9, 6, 21],
        [24, 6, 110],
        [-2, -6, -10],
        [2, 6, 10],
        [20, 0, 10],
        [0, 0, 0],
        [1, 1, 1],
      ],
    )
  })

  it('means, variances and norms of what each row has', () => {
    expectRun(
      (x: Tensor, lengths: Tensor) => {
        const [rows] = lengths.shape
        const make = () => hl.empty([rows])
        const out = [make(), make(), make()] as const
        for (const row of hl.tile(rows)) {
          for (const t of hl.tile(lengths.at(row), { blockSize: 8 })) {
            const values = x.at(row, t).add(1)
            out[0].at(row).set(values.mean(1))
            out[1].at(row).set(values.var(1, { correction: 0 }))
            out[2].at(row).set(values.norm(1, { keepdim: true }).squeeze(1))
          }
        }
        return [...out]
      },
      [host([3, 4], [0, 2, 4, 9, 3, 9, 9, 9, 2, 3, 9, 9]), host([3], [3, 1, 2], 'i32')],
      [[3, 4, 3.5], [8 / 3, 0, 0.25].map(Math.fround), [Math.sqrt(35), 4, 5].map(Math.fround)],
    )
  })

  it('along the rows, and of everything', () => {
    expectRun(
      (x: Tensor, lengths: Tensor) => {
        const [rows, n] = x.shape
        const out = { columns: hl.zeros([n]), all: hl.zeros([1]) }
        for (const row of hl.tile(rows, { blockSize: 4 })) {
          for (const t of hl.jaggedTile(lengths.at(row))) {
            const values = x.at(row, t).add(1)
            out.columns.at(t.index).set(values.sum(0))
            out.all.at(0).atomicAdd(values.transpose().sum())
          }
        }
        return out
      },
      [host([3, 4], (i) => i + 1), host([3], [3, 1, 2], 'i32')],
      { columns: [18, 14, 4, 0], all: [36] },
      [undefined, 4, 16],
    )
  })

  it('by functions of the author, with an identity and without', () => {
    expectRun(
      kernels.jaggedCombined,
      [host([3, 4], (i) => i + 1), host([3], [3, 1, 2], 'i32')],
      [
        [-2, -6, -10],
        [4, 6, 11],
        [2, 5, 9, 0, 6, 0, 0, 0, 10, 21, 0, 0],
        [24, 12, 4, 0, 6, 0, 0, 0, 110, 11, 0, 0],
        [2, 3, 4, 0],
      ],
      [undefined],
    )
  })

  it('in products along the loop', () => {
    expectRun(
      (x: Tensor, y: Tensor, lengths: Tensor) => {
        const out = hl.empty([2, 2])
        for (const row of hl.tile(2)) {
          const acc = hl.zeros([row, 2])
          for (const t of hl.jaggedTile(lengths.at(row))) {
            acc.addDot(x.at(row, t).add(1), y.at(t.index, ':'))
          }
          out.at(row, ':').set(acc)
        }
        return out
      },
      [host([2, 3], [0, 1, 2, 3, 4, 5]), host([3, 2], [1, 2, 3, 4, 5, 6]), host([2], [3, 2], 'i32')],
      [1 + 6 + 15, 2 + 8 + 18, 4 + 15, 8 + 20],
    )
  })
})

describe('tiles of rows', () => {
  it('have positions, and a beginning and an end, in each row', () => {
    expectRun(
      (begins: Tensor, ends: Tensor) => {
        const out = {
          index: hl.full([2, 4], -1, 'i32'),
          first: hl.empty([2], 'i32'),
          count: hl.zeros([2], 'i32'),
        }
        for (const row of hl.tile(2)) {
          const [from, to] = [begins.at(row), ends.at(row)]
          out.first.at(row).set(from)
          for (const t of hl.tile(from, to)) {
            hl.store(out.index, [row, t.index.sub(from.unsqueeze(1))], t.index)
            out.count.at(row).atomicAdd(t.end.sub(t.begin))
          }
        }
        return out
      },
      [host([2], [3, 10], 'i32'), host([2], [5, 14], 'i32')],
      { index: [3, 4, -1, -1, 10, 11, 12, 13], first: [3, 10], count: [2, 4] },
    )
  })

  it('of bounds of two axes, of whole dimensions, and from a scalar on', () => {
    expectRun(
      (x: Tensor, lengths: Tensor) => {
        const [m, n] = lengths.shape
        const out = [hl.empty([m, n]), hl.zeros([m])] as const
        for (const i of hl.tile(m)) {
          const acc = hl.zeros([i, n])
          for (const t of hl.tile(1, lengths.at(i, ':'))) acc.addAssign(x.at(t).sum(2))
          out[0].at(i, ':').set(acc)
          for (const t of hl.tile(lengths.at(i, 0), 4)) out[1].at(i).atomicAdd(x.at(t).sum(1))
        }
        return [...out]
      },
      [host([4], [1, 10, 100, 1000]), host([2, 2], [2, 4, 1, 0], 'u32')],
      [
        [10, 1110, 0, 0],
        [1100, 1110],
      ],
      [undefined, 2, 4],
    )
  })

  it('take masks of the author beside their own', () => {
    expectRun(
      (x: Tensor, lengths: Tensor) => {
        const out = hl.full([2, 4], -1)
        for (const row of hl.tile(2)) {
          for (const t of hl.jaggedTile(lengths.at(row))) {
            const odd = t.index.mod(2).eq(1).unsqueeze(0)
            hl.store(out, [row, t], hl.load(x, [t], { mask: t.index.ne(3), other: 7 }), { mask: odd })
          }
        }
        return out
      },
      [host([4], [1, 2, 3, 4]), host([2], [2, 4], 'i32')],
      [-1, 2, -1, -1, -1, 2, -1, 7],
    )
  })
})
