/** `hl.registerBlockSize` and block sizes of single dimensions while tracing: what they make. */
import { describe, expect, it } from 'vitest'
import { hl, type Tensor } from '../../src/language/index.ts'
import { expectRun, host, irOf, ramp, run } from './harness.ts'

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

describe('a length that is no power of two', () => {
  const Y = ramp([20])

  it('cuts the range at its multiples', () => {
    const facts = (x: Tensor): Tensor => {
      const out = hl.empty([4, 6], 'i32')
      for (const t of hl.tile(2, x.shape[0], { blockSize: 5 })) {
        const all = [t.id, t.begin, t.end, t.count, t.blockSize, t.index.sum()]
        all.forEach((fact, i) => {
          out.at(t.id, i).set(fact)
        })
      }
      return out
    }
    const sum = (begin: number, end: number): number => ((end - begin) * (begin + end - 1)) / 2
    const tiles = [2, 7, 12, 17].map((begin) => [begin, Math.min(begin + 5, 20)] as const)
    const expected = tiles.flatMap(([begin, end], i) => [i, begin, end, 4, 5, sum(begin, end)])
    expectRun(facts, [Y], expected)
  })

  it('of one dimension of several, and of a loop inside', () => {
    const rowSums = (x: Tensor): Tensor => {
      const out = hl.empty([x.shape[0]])
      for (const i of hl.tile(x.shape[0], { blockSize: 7 })) {
        const acc = hl.zeros([i])
        for (const [_, j] of hl.tile([1, x.shape[1]], { blockSize: [null, 3] }))
          acc.addAssign(x.at(i, j).sum(1))
        out.at(i).set(acc)
      }
      return out
    }
    const expected = Array.from({ length: 12 }, (_, i) =>
      X.data.slice(5 * i, 5 * i + 5).reduce((a, b) => a + b),
    )
    expectRun(rowSums, [X], expected)
  })

  it('meets a whole dimension of that length, and takes its place in a product', () => {
    const chunks = (x: Tensor, y: Tensor): Tensor => {
      const out = hl.empty([x.shape[0]])
      for (const t of hl.tile(x.shape[0], { blockSize: 3 })) {
        const chunk = x.at(t, ':').slice(1, 0, 3)
        out.at(t).set(chunk.dot(x.at(t, ':')).sum(1).mul(y.at(':')))
      }
      return out
    }
    const at = (i: number, j: number): number => X.data[5 * i + j] ?? 0
    const row = (i: number): number => [0, 1, 2, 3, 4].reduce((total, j) => total + at(i, j), 0)
    const expected = Array.from({ length: 12 }, (_, i) => {
      const first = i - (i % 3)
      const total = [0, 1, 2].reduce((sum, j) => sum + at(i, j) * row(first + j), 0)
      return total * ((i % 3) + 1)
    })
    expectRun(chunks, [X, host([3], [1, 2, 3])], expected)
  })

  it('checks that the range lies in a tensor', () => {
    const kernel = (x: Tensor, y: Tensor): void => {
      for (const t of hl.tile(x.shape[0], { blockSize: 6 })) y.at(t).set(x.at(t))
    }
    expect(() => run(kernel, [Y, ramp([18])])).toThrow('up to the end of the tile')
  })
})

it('the length of a tile is a size that the tile meets', () => {
  const kernel = (x: Tensor, y: Tensor): Tensor => {
    const out = hl.empty([x.shape[0]])
    for (const t of hl.tile(x.shape[0])) {
      const repeated = y.at(0).expand([t.blockSize, 1])
      const counted = hl.zeros([t.blockSize]).add(t.begin)
      out.at(t).set(x.at(t, ':').mul(repeated).sum(1).add(counted).sub(t.begin))
    }
    return out
  }
  const sums = Array.from({ length: 12 }, (_, i) =>
    X.data.slice(5 * i, 5 * i + 5).reduce((total, value) => total + 3 * value, 0),
  )
  expectRun(kernel, [X, host([1], [3])], sums)
})

it('a length that launches know has a begin and an end, for loops inside', () => {
  const halves = (x: Tensor): Tensor => {
    const length = hl.cdiv(x.shape[0], 2)
    const out = hl.zeros([2])
    for (const half of hl.tile(x.shape[0], { blockSize: length })) {
      const acc = hl.zeros([])
      for (const t of hl.tile(half.begin, half.end)) acc.addAssign(x.at(t, 0).sum())
      out.at(half.id).set(acc.mul(half.count).add(half.blockSize))
    }
    return out
  }
  const sum = (begin: number): number =>
    [0, 1, 2, 3, 4, 5].reduce((total, i) => total + (X.data[5 * (begin + i)] ?? 0), 0)
  expectRun(halves, [X], [2 * sum(0) + 6, 2 * sum(6) + 6])
})
