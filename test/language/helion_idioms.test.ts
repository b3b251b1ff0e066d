/** Ways of writing that authors bring from Helion and PyTorch, beside those of the documentation. */
import { describe, expect, it } from 'vitest'
import { hl, type Tensor } from '../../src/language/index.ts'
import { expectInPlace, expectRun, host, ramp, run } from './harness.ts'

const matrix = host([2, 3], [1, 2, 3, 4, 5, 6])
const cube = host([2, 2, 3], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])

describe('axes by terms', () => {
  it('new axes, kept ones and single positions', () => {
    const kernel = (x: Tensor) => {
      const out = { columns: hl.empty([2, 3]), last: hl.empty([2]), first: hl.empty([2]) }
      for (const t of hl.tile(2)) {
        const row = x.at(t, ':')
        out.columns.at(t, ':').set(row.add(row.sum(1).at(':', null)))
        out.last.at(t).set(row.at(':', -1))
        out.first.at(t).set(row.at(':', 0))
      }
      return out
    }
    expectRun(kernel, [matrix], { columns: [7, 8, 9, 19, 20, 21], last: [3, 6], first: [1, 4] })
  })
})

describe('positions from the end', () => {
  it('of tensors, of slices of them, and of slices of tile values', () => {
    const kernel = (x: Tensor) => {
      const [but, two] = [x.slice(1, 0, -1), x.slice(1, -2)]
      const out = [hl.empty([2]), hl.empty([2, 2]), hl.empty([2, 2]), hl.empty([2, 2])] as const
      for (const t of hl.tile(2)) {
        out[0].at(t).set(x.at(t, -1))
        out[1].at(t, ':').set(but.at(t, ':'))
        out[2].at(t, ':').set(two.at(t, ':'))
        out[3].at(t, ':').set(x.at(t, ':').slice(1, -2))
      }
      return out
    }
    expectRun(
      kernel,
      [matrix],
      [
        [3, 6],
        [1, 2, 4, 5],
        [2, 3, 5, 6],
        [2, 3, 5, 6],
      ],
    )
  })

  it('a size less a number, by adding a negative one', () => {
    const kernel = (x: Tensor) => {
      const n = hl.add(x.shape[1], -1)
      const out = hl.empty([n])
      for (const t of hl.tile(n)) out.at(t).set(x.at(0, t))
      return out
    }
    expectRun(kernel, [matrix], [1, 2])
  })
})

describe('reductions', () => {
  it('of several axes', () => {
    const kernel = (x: Tensor) => {
      const out = { sums: hl.empty([2]), means: hl.empty([2, 1, 1]), spread: hl.empty([2]) }
      for (const t of hl.tile(2)) {
        out.sums.at(t).set(x.at(t, ':', ':').sum([1, 2]))
        out.means.at(t, ':', ':').set(x.at(t, ':', ':').mean([-1, 1], { keepdim: true }))
        out.spread.at(t).set(x.at(t, ':', ':').var([1, 2], { correction: 0 }))
      }
      return out
    }
    const [sums, means] = [
      [21, 57],
      [3.5, 9.5],
    ]
    for (const dynamic of [false, true]) {
      const { returned } = run(kernel, [cube], { dynamic })
      expect(returned).toEqual({ sums, means, spread: [Math.fround(35 / 12), Math.fround(35 / 12)] })
    }
  })

  it('of several dimensions of tensors', () => {
    const kernel = (x: Tensor) => [x.sum([0, 2]), x.amax([1, -1], { keepdim: true })]
    expectRun(
      kernel,
      [cube],
      [
        [30, 48],
        [6, 12],
      ],
    )
  })

  it('sort and topk go along the last axis', () => {
    const kernel = (x: Tensor) => {
      const out = { sorted: hl.empty([2, 3]), top: hl.empty([2, 1]) }
      for (const t of hl.tile(2)) {
        out.sorted.at(t, ':').set(x.at(t, ':').neg().sort().values)
        out.top.at(t, ':').set(x.at(t, ':').topk(1).values)
      }
      return { ...out, whole: x.topk(2).indices }
    }
    expectRun(kernel, [matrix], {
      sorted: [-3, -2, -1, -6, -5, -4],
      top: [3, 6],
      whole: [2, 1, 2, 1],
    })
  })
})

describe('products with vectors', () => {
  it('a vector is a row on the left and a column on the right', () => {
    const kernel = (x: Tensor, v: Tensor, w: Tensor) => {
      const out = { right: hl.empty([2]), left: hl.empty([3]), both: hl.empty([1]), more: hl.empty([2]) }
      for (const t of hl.tile(2)) {
        out.right.at(t).set(x.at(t, ':').dot(v.at(':')))
        out.more.at(t).set(hl.dot(x.at(t, ':'), v.at(':'), w.at(t)))
      }
      for (const t of hl.tile(3)) out.left.at(t).set(w.at(':').dot(x.at(':', t)))
      for (const _ of hl.grid(1)) out.both.at(0).set(v.at(':').dot(v.at(':')))
      return out
    }
    expectRun(kernel, [matrix, host([3], [1, 0, 2]), host([2], [1, 10])], {
      right: [7, 16],
      left: [41, 52, 63],
      both: [5],
      more: [8, 26],
    })
  })
})

describe('values like others', () => {
  it('zeros and numbers with the shape of a value, or of a tensor', () => {
    const kernel = (x: Tensor) => {
      const out = [hl.fullLike(x, 7), hl.emptyLike(x), hl.empty([2], 'i32')] as const
      for (const t of hl.tile(2)) {
        const row = x.at(t, ':')
        const acc = hl.zerosLike(row)
        acc.addAssign(row)
        acc.addAssign(hl.fullLike(row, 0.5))
        out[1].at(t, ':').set(acc)
        out[2].at(t).set(hl.zerosLike(x.at(t, 0), 'i32').add(t.index))
      }
      return out
    }
    expectRun(
      kernel,
      [matrix],
      [
        [7, 7, 7, 7, 7, 7],
        [1.5, 2.5, 3.5, 4.5, 5.5, 6.5],
        [0, 1],
      ],
    )
  })

  it('limits on one side, and fills under a mask', () => {
    const kernel = (x: Tensor) => {
      const out = [hl.emptyLike(x), hl.emptyLike(x), hl.emptyLike(x)] as const
      for (const t of hl.tile(x.shape)) {
        const value = x.at(...t)
        out[0].at(...t).set(value.clamp(3))
        out[1].at(...t).set(value.clamp(null, 4))
        out[2].at(...t).set(value.maskedFill(value.gt(3), -1))
      }
      return [...out, x.clamp(undefined, 2)]
    }
    expectRun(
      kernel,
      [matrix],
      [
        [3, 3, 3, 4, 5, 6],
        [1, 2, 3, 4, 4, 4],
        [1, 2, 3, -1, -1, -1],
        [1, 2, 2, 2, 2, 2],
      ],
    )
  })
})

describe('tensors changed in place', () => {
  it('by operations on what is there now', () => {
    const kernel = (x: Tensor) => {
      for (const t of hl.tile(x.shape)) {
        const place = x.at(...t)
        place.addAssign(1)
        place.mulAssign(2)
        place.subAssign(1, { mask: place.get().gt(0).and(true) })
        x.at(...t).maximumAssign(6)
        x.at(...t).minimumAssign(12)
      }
    }
    expectInPlace(kernel, [matrix], [6, 6, 7, 9, 11, 12])
  })
})

it('the number of tiles in a range', () => {
  const kernel = (x: Tensor, lengths: Tensor) => {
    const block = hl.registerBlockSize(2, 4)
    const out = { all: hl.empty([7]), some: hl.empty([3]) }
    for (const t of hl.tile(x.shape[0], { blockSize: 2 })) out.all.at(t).set(t.count)
    for (const row of hl.grid(3)) {
      const count = hl.zeros([], 'i32')
      for (const t of hl.tile(1, lengths.at(row), { blockSize: 2 })) count.assign(t.count)
      out.some.at(row).set(count)
    }
    hl.staticAssert(block !== undefined)
    return out
  }
  const { returned } = run(kernel, [ramp([7]), host([3], [1, 4, 7], 'i32')])
  expect(returned).toEqual({ all: [4, 4, 4, 4, 4, 4, 4], some: [0, 2, 3] })
})

it('random numbers of a sequence', () => {
  const kernel = (x: Tensor) => {
    const out = [hl.emptyLike(x), hl.emptyLike(x), hl.empty([4], 'i32')] as const
    for (const t of hl.tile(4)) {
      out[0].at(t).set(hl.rand(7, [t]))
      out[1].at(t).set(hl.rand(7, [], { offsets: hl.sub(3, t.index) }))
      out[2].at(t).set(hl.randint(7, [], 0, 100, { offsets: t.index.mul(0).add(2) }))
    }
    return out
  }
  const { returned } = run(kernel, [ramp([4])])
  const [all = [], reversed = [], one = []] = returned as number[][]
  expect(reversed).toEqual([...all].reverse())
  expect(new Set(one).size).toBe(1)
})
