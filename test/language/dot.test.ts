import { describe, expect, it } from 'vitest'
import { hl, type Tensor } from '../../src/language/index.ts'
import type { DType } from '../../src/support/dtypes.ts'
import { bodyOf, expectRun, type HostArgument, host, irOf, ramp, run } from './harness.ts'

function matmul(x: Tensor, y: Tensor): Tensor {
  const [m, k] = x.shape
  const n = y.shape[1]
  const out = hl.empty([m, n])
  for (const [i, j] of hl.tile([m, n])) {
    const acc = hl.zeros([i, j])
    for (const l of hl.tile(k)) acc.addDot(x.at(i, l), y.at(l, j))
    out.at(i, j).set(acc)
  }
  return out
}

/** x · y in plain JavaScript. */
function product(x: HostArgument, y: HostArgument): number[] {
  const [m = 0, k = 0] = x.shape
  const n = y.shape[1] ?? 0
  return Array.from({ length: m * n }, (_, at) => {
    let sum = 0
    for (let l = 0; l < k; l++)
      sum += (x.data[Math.floor(at / n) * k + l] ?? 0) * (y.data[l * n + (at % n)] ?? 0)
    return sum
  })
}

describe('addDot', () => {
  it('accumulates a matrix product over tiles', () => {
    expect(irOf(matmul, [ramp([5, 7]), ramp([7, 3])])).toMatchInlineSnapshot(`
      "kernel k
        argument x: f32[x.shape[0], x.shape[1]]
        argument y: f32[y.shape[0], y.shape[1]]
        local local2: f32[x.shape[0], y.shape[1]]
        guard x.shape[1] le y.shape[0]
        grid tile0 in x.shape[0], tile1 in y.shape[1]
          %0: f32 = 0
          %1: f32[tile0, tile1] = broadcast %0
          %2: i32 = 0
          %3: i32 = size x.shape[1]
          %5 = loop tile2 in %2..%3 carrying %4: f32[tile0, tile1] = %1
            %6: i32[tile0] = index tile0
            %7: i32[tile2] = index tile2
            %8: f32[tile0, tile2] = load x[%6, %7]
            %9: i32[tile1] = index tile1
            %10: f32[tile2, tile1] = load y[%7, %9]
            %11: f32[tile0, tile1] = dot %8, %10, %4
            yield %11
          %12: f32[tile0, tile1] = result %5 0
          %13: i32[tile0] = index tile0
          %14: i32[tile1] = index tile1
          store local2[%13, %14] = %12
        return local2"
    `)
    const [x, y] = [ramp([5, 7]), ramp([7, 3])]
    expectRun(matmul, [x, y], product(x, y))
  })

  it.each<readonly [readonly [number, number, number]]>([
    [[1, 1, 1]],
    [[0, 3, 2]],
    [[2, 0, 3]],
    [[1, 5, 1]],
    [[4, 4, 4]],
  ])('of sizes %j', ([m, k, n]) => {
    const [x, y] = [ramp([m, k]), ramp([k, n])]
    expectRun(matmul, [x, y], product(x, y))
  })

  it('takes whole dimensions and transposed operands', () => {
    const kernel = (x: Tensor, w: Tensor): Tensor => {
      const out = hl.empty([x.shape[0], w.shape[0]])
      for (const i of hl.tile(x.shape[0])) {
        const acc = hl.full([i, w.shape[0]], 1)
        acc.addDot(x.at(i, ':'), w.at(':', ':').transpose())
        out.at(i, ':').set(acc)
      }
      return out
    }
    expect(irOf(kernel, [ramp([3, 4]), ramp([5, 4])])).toMatchInlineSnapshot(`
      "kernel k
        argument x: f32[x.shape[0], x.shape[1]]
        argument w: f32[w.shape[0], w.shape[1]]
        local local2: f32[x.shape[0], w.shape[0]]
        x.shape[1] is a multiple of 4, at most 4
        w.shape[0] is at most 8
        w.shape[1] is a multiple of 4, at most 4
        guard x.shape[1] eq w.shape[1]
        grid tile0 in x.shape[0]
          slice1 in w.shape[0]
          slice2 in x.shape[1]
          %0: f32 = 1
          %1: f32[tile0, slice1] = broadcast %0
          %2: i32[tile0] = index tile0
          %3: i32[slice2] = index slice2
          %4: f32[tile0, slice2] = load x[%2, %3]
          %5: i32[slice1] = index slice1
          %6: f32[slice1, slice2] = load w[%5, %3]
          %7: f32[slice2, slice1] = view %6 (1, 0)
          %8: f32[tile0, slice1] = dot %4, %7, %1
          store local2[%2, %5] = %8
        return local2"
    `)
    for (const [rows, columns] of [
      [5, 4],
      [4, 4],
      [1, 4],
      [4, 1],
      [1, 1],
    ] as const) {
      const [x, w] = [ramp([3, columns]), ramp([rows, columns])]
      const transposed = host(
        [columns, rows],
        (i) => w.data[(i % rows) * columns + Math.floor(i / rows)] ?? 0,
      )
      expectRun(
        kernel,
        [x, w],
        product(x, transposed).map((sum) => sum + 1),
      )
    }
  })

  it('accumulates in the dtype of the accumulator', () => {
    const kernel = (x: Tensor, y: Tensor): Tensor => {
      const out = hl.empty([2, 2], 'f32')
      for (const i of hl.tile(2, { blockSize: 2 })) {
        const acc = hl.zeros([i, 2], 'f16')
        acc.addDot(x.at(i, ':'), y.at(':', ':'))
        out.at(i, ':').set(acc)
      }
      return out
    }
    const [x, y] = [host([2, 2], [2048, 1, 1, 1], 'f16'), host([2, 2], [1, 0, 1, 0], 'f16')]
    expectRun(kernel, [x, y], [2048, 0, 2, 0])
  })
})

describe('dot', () => {
  const kernel = (x: Tensor, y: Tensor): Tensor => {
    const out = hl.empty([x.shape[0], y.shape[1]])
    for (const i of hl.tile(x.shape[0])) out.at(i, ':').set(x.at(i, ':').dot(y.at(':', ':')))
    return out
  }

  it.each<readonly [DType, DType, string]>([
    ['f32', 'f32', 'f32'],
    ['f16', 'f16', 'f32'],
    ['f16', 'f32', 'f32'],
    ['i32', 'i32', 'i32'],
    ['u32', 'u32', 'u32'],
    ['bool', 'bool', 'i32'],
    ['i32', 'f16', 'f32'],
  ])('of %s and %s is %s', (a, b, expected) => {
    const text = bodyOf(kernel, [ramp([3, 4], a), ramp([4, 2], b)])
    expect(text).toContain(`: ${expected}[tile0, slice1] = dot`)
    const [x, y] = [host([2, 2], [1, 0, 1, 1], a), host([2, 2], [1, 1, 0, 1], b)]
    expectRun(kernel, [x, y], [1, 1, 1, 2])
  })

  it('sums f16 in f32', () => {
    expectRun(kernel, [host([1, 3], [2048, 1, 1], 'f16'), host([3, 1], [1, 1, 1], 'f16')], [2050])
  })

  it('of square matrices whose sizes are all the same', () => {
    const chain = (x: Tensor, y: Tensor, z: Tensor): Tensor => {
      const out = hl.empty(x.shape)
      for (const i of hl.tile(x.shape[0])) {
        const scores = x.at(i, ':').dot(y.at(':', ':').transpose())
        out.at(i, ':').set(scores.dot(z.at(':', ':')))
      }
      return out
    }
    const [x, y, z] = [ramp([3, 3]), host([3, 3], (i) => i % 4), host([3, 3], (i) => (i * i) % 5)]
    const yT = host([3, 3], (i) => y.data[(i % 3) * 3 + Math.floor(i / 3)] ?? 0)
    expectRun(chain, [x, y, z], product(host([3, 3], product(x, yT)), z))
  })

  it('over an axis of one is an outer product', () => {
    expectRun(
      (x: Tensor, y: Tensor) => {
        const out = hl.empty([x.shape[0], y.shape[0]])
        for (const [i, j] of hl.tile([x.shape[0], y.shape[0]])) {
          out.at(i, j).set(x.at(i, null).dot(y.at(null, j)))
        }
        return out
      },
      [host([2], [1, 2]), host([3], [3, 4, 5])],
      [3, 4, 5, 6, 8, 10],
    )
  })

  it('of a whole dimension and a tile of that length goes by position', () => {
    const [n, chunk] = [6, 4]
    const kernel = (a: Tensor, x: Tensor) => {
      const out = { left: hl.empty([n, 2]), right: hl.empty([2, n]) }
      for (const t of hl.tile(n, { blockSize: chunk })) {
        out.left.at(t, ':').set(a.at(t, ':').dot(x.at(t, ':')))
        out.right.at(':', t).set(x.at(t, ':').transpose().dot(a.at(t, ':').transpose()))
      }
      return out
    }
    const [a, x] = [ramp([n, chunk]), ramp([n, 2])]
    const left = Array.from({ length: n * 2 }, (_, i) => {
      const [row, column] = [Math.floor(i / 2), i % 2]
      const first = row - (row % chunk)
      const terms = [0, 1, 2, 3].map(
        (k) => (a.data[row * chunk + k] ?? 0) * (x.data[(first + k) * 2 + column] ?? 0),
      )
      return terms.reduce((sum, term) => sum + term)
    })
    const right = left.map((_, i) => left[(i % n) * 2 + Math.floor(i / n)] ?? 0)
    expectRun(kernel, [a, x], { left, right }, [undefined])
    expect(() => run(kernel, [ramp([n, 3]), x])).toThrow(/dot of a whole dimension and a tile: 3 eq 4/)
  })
})
