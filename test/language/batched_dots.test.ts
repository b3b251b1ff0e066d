/** Products of batches of matrices, and what products make of dtypes. */
import { describe, expect, it } from 'vitest'
import { hl, type Tensor } from '../../src/language/index.ts'
import type { DType } from '../../src/support/dtypes.ts'
import * as kernels from '../codegen/batched_kernels.ts'
import { bodyOf, expectRun, type HostArgument, host, ramp } from './harness.ts'
import { mistake } from './mistakes.ts'

/** The elements of x[…, m, k] · y[…, k, n] in plain JavaScript, of `count` pairs of matrices. */
function products(
  [m, k, n]: readonly [number, number, number],
  x: HostArgument,
  y: HostArgument,
  pairs: readonly (readonly [number, number])[],
): number[] {
  return pairs.flatMap(([a, b]) =>
    Array.from({ length: m * n }, (_, at) => {
      const [i, j] = [Math.floor(at / n), at % n]
      let sum = 0
      for (let l = 0; l < k; l++)
        sum += (x.data[(a * m + i) * k + l] ?? 0) * (y.data[(b * k + l) * n + j] ?? 0)
      return sum
    }),
  )
}

const Y = ramp([4, 3])

const same = (count: number) => Array.from({ length: count }, (_, i) => [i, i] as const)

describe('a product of batches', () => {
  it('multiplies each matrix by its own', () => {
    const [x, y] = [ramp([3, 4, 5]), ramp([3, 5, 2])]
    expect(bodyOf(kernels.bmm, [x, y])).toContain(': f32[tile0, tile1, tile2] = dot %')
    expectRun(kernels.bmm, [x, y], products([4, 5, 2], x, y, same(3)))
  })

  it.each([
    [1, 1, 1, 1],
    [0, 2, 3, 2],
    [2, 0, 3, 2],
    [2, 3, 0, 2],
    [2, 1, 3, 1],
  ] as const)('of sizes %i, %i, %i, %i', (b, m, k, n) => {
    const [x, y] = [ramp([b, m, k]), ramp([b, k, n])]
    expectRun(kernels.bmm, [x, y], products([m, k, n], x, y, same(b)))
  })

  it('repeats what lacks an axis of the batch', () => {
    const [x, w, bias] = [ramp([2, 3, 4]), ramp([4, 2]), ramp([2])]
    const wanted = products([3, 4, 2], x, w, [
      [0, 0],
      [1, 0],
    ])
    expectRun(
      kernels.sharedWeights,
      [x, w, bias],
      wanted.map((sum, i) => sum + (bias.data[i % 2] ?? 0)),
    )
    const [a, b] = [ramp([2, 2, 3]), ramp([3, 3, 2])]
    const pairs = [0, 1].flatMap((i) => [0, 1, 2].map((j) => [i, j] as const))
    expectRun(kernels.allPairs, [a, b], products([2, 3, 2], a, b, pairs))
  })

  it('of a grid is a product of matrices', () => {
    const kernel = (x: Tensor, y: Tensor): Tensor => {
      const out = hl.empty([x.shape[0], x.shape[1], y.shape[2]])
      for (const b of hl.grid(x.shape[0])) out.at(b, ':', ':').set(x.at(b, ':', ':').dot(y.at(b, ':', ':')))
      return out
    }
    const [x, y] = [ramp([3, 4, 5]), ramp([3, 5, 2])]
    expectRun(kernel, [x, y], products([4, 5, 2], x, y, same(3)))
  })
})

describe('addmm and baddbmm', () => {
  it.each<readonly [DType, DType, DType]>([
    ['f32', 'f32', 'f32'],
    ['f16', 'f16', 'f32'],
    ['f16', 'f32', 'f32'],
    ['i32', 'i32', 'i32'],
  ])('add %s to products of %s in %s', (bias, operands, sums) => {
    const kernel = (x: Tensor, y: Tensor, b: Tensor): Tensor => {
      const out = hl.empty([x.shape[0], y.shape[1]], b.dtype)
      for (const t of hl.tile(x.shape[0]))
        out.at(t, ':').set(hl.addmm(b.at(':'), x.at(t, ':'), y.at(':', ':')))
      return out
    }
    const args = [ramp([3, 4], operands), ramp([4, 2], operands), ramp([2], bias)] as const
    expect(bodyOf(kernel, args)).toMatch(new RegExp(`: ${sums}\\[tile0, slice\\d\\] = dot`))
    const [x, y, b] = args
    const wanted = products([3, 4, 2], x, y, [[0, 0]])
    expectRun(
      kernel,
      args,
      wanted.map((sum, i) => sum + (b.data[i % 2] ?? 0)),
    )
  })

  it('as methods', () => {
    const kernel = (x: Tensor): Tensor => {
      const out = hl.empty([2, 2, 2])
      for (const t of hl.tile(2)) {
        const [input, a, b] = [x.at(t, ':', ':'), x.at(t, ':', ':'), x.at(t, ':', ':')]
        out.at(t, ':', ':').set(input.baddbmm(a, b.mul(2)))
      }
      return out
    }
    expectRun(kernel, [host([2, 2, 2], [1, 2, 3, 4, 0, 1, 1, 0])], [15, 22, 33, 48, 2, 1, 1, 2])
  })

  it('say what they multiply', () => {
    expect(
      mistake(
        (x: Tensor) => {
          for (const t of hl.tile(4)) hl.addmm(0, x.at(t, null, ':'), x.at(t, ':', null)) // ✗
        },
        [Y],
      ),
    ).toMatchInlineSnapshot(`
      "addmm of [tile0 of 4, 1, :x.shape[1]] and [tile0 of 4, :x.shape[1], 1]
      It multiplies [m, k] by [k, n]; hl.baddbmm takes leading axes."
    `)
    expect(
      mistake(
        (x: Tensor) => {
          for (const t of hl.tile(4)) hl.baddbmm(0, x.at(t, ':'), x.at(':', t)) // ✗
        },
        [Y],
      ),
    ).toMatchInlineSnapshot(`
      "baddbmm of [tile0 of 4, :x.shape[1]] and [:x.shape[1], tile0 of 4]
      It multiplies […, m, k] by […, k, n] with one leading axis or more; hl.addmm takes
        matrices."
    `)
  })
})

describe('the dtype of a product', () => {
  it('is the one asked for, rounded once', () => {
    const kernel = (x: Tensor, y: Tensor): Tensor => {
      const out = hl.empty([x.shape[0], y.shape[1]], 'f16')
      for (const t of hl.tile(x.shape[0])) {
        const left = x.at(t, ':')
        const sum = left.dot(y.at(':', ':'), left.sum(-1, { keepdim: true }).to('f32'), { dtype: 'f16' })
        out.at(t, ':').set(sum.sub(left.dot(y.at(':', ':'), { dtype: 'f16' })))
      }
      return out
    }
    const args = [host([1, 3], [2048, 1, 1], 'f16'), host([3, 1], [1, 1, 1], 'f16')]
    expect(bodyOf(kernel, args)).toContain(': f32[tile0, 1] = dot')
    expectRun(kernel, args, [2050])
  })

  it('is a dtype', () => {
    expect(
      mistake(
        (x: Tensor) => {
          for (const t of hl.tile(4)) x.at(t, ':').dot(x.at(':', ':'), { dtype: 'half' as 'f16' }) // ✗
        },
        [Y],
      ),
    ).toMatch(/^dot: dtype is "half", not a dtype\n/)
  })
})

it('says which leading axes do not go together', () => {
  expect(
    mistake(
      (x: Tensor) => {
        for (const [t, u] of hl.tile([4, 3])) {
          const columns = x.at(':', u).transpose()
          x.at(t, null, ':').dot(columns.unsqueeze(2)) // ✗
        }
      },
      [Y],
    ),
  ).toMatchInlineSnapshot(`
    "dot along the leading axes of tiles with shapes [tile0 of 4] and [tile1 of 3], which do
      not broadcast
    Axes align at the last one; add an axis of one with .unsqueeze(axis), or reduce with
      keepdim: true."
  `)
})
