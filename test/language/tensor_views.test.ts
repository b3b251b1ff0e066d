/** Views of tensors in kernels: what they read, where they write, and what cannot be one. */
import { describe, expect, it } from 'vitest'
import { hl, type Tensor } from '../../src/language/index.ts'
import { bodyOf, expectInPlace, expectRun, host, irOf, run } from './harness.ts'
import { randomChain } from './view_chains.ts'

const X = host([3, 4], (i) => i)

/** A kernel that copies a view of its argument, in tiles. */
const copyOf = (viewOf: (x: Tensor) => Tensor) => (x: Tensor) => {
  const view = viewOf(x)
  const out = hl.empty(view.shape, x.dtype)
  for (const tiles of hl.tile(view.shape)) out.at(...tiles).set(view.at(...tiles))
  return out
}

it('nothing takes any shape without elements', () => {
  const shapes = [
    [
      [2, 0, 7],
      [2, 3, 0, 7],
    ],
    [
      [0, 6],
      [0, 2, 3],
    ],
    [[3, 0], [0]],
    [[0], [5, 0, 1]],
    [
      [4, 0, 2],
      [4, 0, 3],
    ],
  ] as const
  for (const [from, to] of shapes) {
    const { returned } = run(
      copyOf((x) => x.reshape([...to])),
      [host([...from], [])],
      { dynamic: false },
    )
    expect(returned, `${from} as ${to}`).toEqual([])
  }
})

describe('random chains of views', () => {
  it.each([...Array(60).keys()])('%i read what they should', (seed) => {
    const { text, shape, apply, found } = randomChain(seed)
    if (found.shape.length === 0) return
    for (const dynamic of [false, true]) {
      for (const extent of [2, 16]) {
        const { returned } = run(copyOf(apply), [host(shape, (i) => i)], { dynamic, extent })
        expect(returned, `${text}, dynamic ${dynamic}`).toEqual(found.at)
      }
    }
  })

  it.each([...Array(30).keys()])('%i are returned', (seed) => {
    const { text, shape, apply, found } = randomChain(seed)
    const kernel = (x: Tensor): Tensor => {
      for (const t of hl.tile(x.shape[0])) hl.when(t.begin.lt(0), () => x.at(...x.shape.map(() => 0)).set(1))
      return apply(x)
    }
    for (const dynamic of [false, true]) {
      const { returned } = run(kernel, [host(shape, (i) => i)], { dynamic })
      expect(returned, `${text}, dynamic ${dynamic}`).toEqual(found.at)
    }
  })

  it.each([...Array(60).keys()])('%i write where they should', (seed) => {
    const { text, shape, apply, found, repeats } = randomChain(seed)
    if (found.shape.length === 0 || repeats) return
    const kernel = (x: Tensor, y: Tensor) => {
      for (const tiles of hl.tile(y.shape))
        apply(x)
          .at(...tiles)
          .set(y.at(...tiles))
    }
    const before = host(shape, () => -1)
    const expected = [...before.data]
    found.at.forEach((at, i) => {
      expected[at] = i
    })
    for (const dynamic of [false, true]) {
      const { tensors } = run(kernel, [before, host(found.shape, (i) => i)], { dynamic, extent: 4 })
      expect(tensors[0], `${text}, dynamic ${dynamic}`).toEqual(expected)
    }
  })
})

const matmul = (x: Tensor, y: Tensor) => {
  const [m, k] = x.shape
  const out = hl.empty([m, y.shape[1]])
  for (const [tm, tn] of hl.tile([m, y.shape[1]])) {
    const acc = hl.zeros([tm, tn])
    for (const tk of hl.tile(k)) acc.addDot(x.at(tm, tk), y.at(tk, tn))
    out.at(tm, tn).set(acc)
  }
  return out
}

describe('a view', () => {
  it('of a transposed operand is a load with its indices exchanged', () => {
    const kernel = (x: Tensor, w: Tensor) => matmul(x, w.T)
    expectRun(kernel, [host([1, 2], [1, 2]), host([3, 2], (i) => i)], [2, 8, 14])
    expect(irOf(kernel, [host([1, 2], [1, 2]), host([3, 2], (i) => i)])).toMatch(
      /load w\[%9, %7\]\n.* view %10 \(1, 0\)/,
    )
  })

  it('takes whole dimensions, numbers, sizes and positions', () => {
    const kernel = (x: Tensor) => {
      const view = x.T.slice(0, 1, 4)
      const out = hl.empty([view.shape[1]])
      for (const t of hl.tile(view.shape[1])) {
        const last = view.at(hl.sub(view.shape[0], 1), t)
        out.at(t).set(view.at(':', t).sum(0).add(view.at(0, t)).add(last))
      }
      return out
    }
    expectRun(kernel, [X], [1 + 2 + 3 + 1 + 3, 18 + 5 + 7, 30 + 9 + 11])
  })

  it('has nothing beyond its ends, where its tensor goes on', () => {
    const kernel = (x: Tensor) => {
      const view = x.slice(0, 2, 5)
      const out = hl.empty([5])
      for (const t of hl.tile(5)) out.at(t).set(view.at(t.index.sub(1)))
      return out
    }
    expectRun(kernel, [host([8], (i) => i + 1)], [0, 3, 4, 5, 0])
  })

  it('repeats along an axis that it is expanded to', () => {
    const kernel = (x: Tensor, bias: Tensor) => {
      const out = hl.empty(x.shape)
      const all = bias.unsqueeze(1).expand(x.shape)
      for (const [i, j] of hl.tile(x.shape)) out.at(i, j).set(x.at(i, j).add(all.at(i, j)))
      return out
    }
    expectRun(kernel, [X, host([3], [10, 20, 30])], [10, 11, 12, 13, 24, 25, 26, 27, 38, 39, 40, 41])
    const sums = (x: Tensor, bias: Tensor) => {
      const out = hl.empty([x.shape[0]])
      for (const i of hl.tile(x.shape[0])) out.at(i).set(bias.unsqueeze(1).expand(x.shape).at(i, ':').sum(1))
      return out
    }
    expectRun(sums, [X, host([3], [10, 20, 30])], [40, 80, 120])
  })

  it('of heads: split, exchange, and write back', () => {
    const kernel = (x: Tensor) => {
      const [rows, width] = x.shape
      const heads = x.reshape([rows, -1, 2]).transpose(0, 1)
      const out = hl.empty([rows, width])
      const result = out.reshape([rows, hl.floorDiv(width, 2), 2]).transpose(0, 1)
      for (const [h, r, c] of hl.tile(heads.shape))
        result.at(h, r, c).set(heads.at(h, r, c).mul(h.index.add(1).unsqueeze(1).unsqueeze(2)))
      return out
    }
    expectRun(kernel, [X], [0, 1, 4, 6, 4, 5, 12, 14, 8, 9, 20, 22])
  })

  it.each([0, 1])('of a dimension of %i', (size) => {
    const kernel = (x: Tensor) => copyOf((one) => one.T.slice(0, 1, 3).reshape([2, -1]))(x)
    const x = host([size, 4], (i) => i)
    const expected = size === 0 ? [] : [1, 2]
    expectRun(kernel, [x], expected)
  })

  it('changes elements in place, atomically too', () => {
    expectInPlace(
      (x: Tensor) => {
        const column = x.T.slice(0, 1, 2).squeeze(0)
        for (const t of hl.tile(column.shape[0])) column.at(t).atomicAdd(t.index)
      },
      [host([3, 2], () => 5, 'i32')],
      [5, 5, 5, 6, 5, 7],
    )
  })

  it('shares the config of a whole dimension with its tensor', () => {
    const kernel = (x: Tensor) => {
      const out = hl.empty([x.shape[0]])
      for (const t of hl.tile(x.shape[0])) out.at(t).set(x.at(t, ':').sum(1).add(x.T.at(':', t).amax(0)))
      return out
    }
    expectRun(kernel, [X], [9, 29, 49])
    expect(irOf(kernel, [X]).match(/slice\d+ in/g)).toHaveLength(1)
  })

  it('reshapes one memory once', () => {
    const kernel = (x: Tensor) => {
      const out = hl.empty([4])
      for (const t of hl.tile(4))
        out.at(t).set(
          x
            .reshape([-1])
            .at(t)
            .add(x.reshape([12]).at(t)),
        )
      return out
    }
    expect(irOf(kernel, [X], { dynamic: false }).match(/ view x/g)).toHaveLength(1)
    expect(bodyOf(kernel, [X], { dynamic: false })).toContain('load x[')
  })
})
