/** Operations on whole tensors outside of loops: each is a loop of its own, or a part of what uses it. */
import { describe, expect, it } from 'vitest'
import { hl, type Tensor } from '../../src/language/index.ts'
import type { KernelFunction } from '../../src/language/trace/trace_kernel.ts'
import { expectRun, host, ramp, traced } from './harness.ts'

const grids = (fn: KernelFunction, args: Parameters<typeof traced>[1]): number =>
  traced(fn, args).grids.length

describe('operations on tensors', () => {
  it('element by element, with numbers, sizes and other shapes', () => {
    const kernel = (x: Tensor, row: Tensor, p: number) => ({
      sum: x.add(row).mul(2),
      function: hl.where(x.gt(0), hl.div(1, hl.sub(1, p)), hl.sub(x.shape[1], x)),
    })
    const args = [host([2, 3], [1, -2, 3, 0, 5, -6]), host([3], [10, 20, 30]), 0.5]
    expectRun(kernel, args, { sum: [22, 36, 66, 20, 50, 48], function: [2, 5, 2, 3, 2, 9] })
    expect(grids(kernel, args)).toBe(2)
  })

  it('along an axis', () => {
    const x = host([2, 3], [1, 2, 3, 4, 5, 9])
    expectRun(
      (x: Tensor) => [x.sum(0), x.sum(-1), x.mean(1, { keepdim: true }), x.argmax(1)],
      [x],
      [
        [5, 7, 12],
        [6, 18],
        [2, 6],
        [2, 2],
      ],
    )
    expectRun((x: Tensor) => x.cumsum(1), [x], [1, 3, 6, 4, 9, 18])
    expectRun((x: Tensor) => x.mul(0).softmax(0), [x], Array(6).fill(0.5))
  })

  it('in order', () => {
    const x = host([2, 3], [3, 1, 2, 4, 9, 4])
    const kernel = (x: Tensor) => {
      const { values, indices } = x.add(1).sort(1, { descending: true })
      return { values, indices, top: hl.topk(x, 1, 0).values, low: x.topk(2, -1, { largest: false }).indices }
    }
    const wanted = {
      values: [4, 3, 2, 10, 5, 5],
      indices: [0, 2, 1, 1, 0, 2],
      top: [4, 9, 4],
      low: [1, 2, 0, 2],
    }
    expectRun(kernel, [x], wanted)
    const onlyPlaces = (x: Tensor) => x.sort(0).indices
    expectRun(onlyPlaces, [x], [0, 0, 0, 1, 1, 1])
    expect(grids(onlyPlaces, [x])).toBe(1)
  })

  it('of everything', () => {
    const kernel = (x: Tensor) => [
      x.mean(),
      x.amax(),
      x.gt(8).any(),
      x.sum(undefined, { keepdim: true }),
      x.var(),
    ]
    expectRun(
      kernel,
      [host([2, 2], [1, 2, 4, 9])],
      [[4], [9], [1], [16], [38 / 3]].map((one) => one.map(Math.fround)),
    )
    const long = host([3000], (i) => i % 7)
    expectRun((x: Tensor) => x.sum(), [long], [long.data.reduce((a, b) => a + b)], [undefined, 16])
  })

  it('matrix products', () => {
    const [a, b] = [ramp([2, 2, 3]), ramp([3, 2])]
    const wanted = [0, 1].flatMap((n) =>
      [0, 1].flatMap((i) =>
        [0, 1].map((j) =>
          [0, 1, 2].reduce((sum, k) => sum + (a.data[n * 6 + i * 3 + k] ?? 0) * (b.data[k * 2 + j] ?? 0), 0),
        ),
      ),
    )
    expectRun((a: Tensor, b: Tensor) => a.dot(b), [a, b], wanted)
    expectRun((a: Tensor, b: Tensor) => a.T.dot(b.T), [ramp([1, 2]), ramp([1, 1])], [9, -12])
  })

  it('before, between and after loops, in their order', () => {
    const kernel = (x: Tensor) => {
      const before = x.add(1)
      for (const t of hl.tile(x.shape[0])) x.at(t).set(before.at(t).mul(10))
      const after = x.sub(before)
      for (const t of hl.tile(x.shape[0])) x.at(t).set(0)
      return [before, after, x.sum()]
    }
    expectRun(kernel, [host([3], [1, 2, 3])], [[2, 3, 4], [18, 27, 36], [0]])
  })

  it('of views, and views of results', () => {
    const x = host([2, 3], [1, 2, 3, 4, 5, 6])
    expectRun((x: Tensor) => x.T.add(0), [x], [1, 4, 2, 5, 3, 6])
    expectRun((x: Tensor) => x.add(1).T.mul(x.T), [x], [2, 20, 6, 30, 12, 42])
    expectRun((x: Tensor) => x.slice(1, 1).add(1).reshape([-1]), [x], [3, 4, 6, 7])
  })

  it('of no elements, and of one', () => {
    expectRun((x: Tensor) => [x.add(1), x.sum(), x.sum(0)], [ramp([0, 3])], [[], [0], [0, 0, 0]])
    expectRun(
      (x: Tensor) => [x.add(1), x.sum(), x.sum(0), x.mean()],
      [ramp([1, 1])],
      [[-2], [-3], [-3], [-3]],
    )
  })

  it('computes elements where they are needed, and rows once', () => {
    const x = host([2, 4], [1, 2, 3, 4, 0, 0, 1, 3])
    const oneGrid = (x: Tensor) => x.mul(2).add(1).square().sum(1).div(2)
    expect(grids(oneGrid, [x])).toBe(1)
    const rows = (x: Tensor) => {
      const centred = x.sub(x.mean(1, { keepdim: true }))
      return centred.mul(centred.square().sum(1, { keepdim: true }))
    }
    expect(grids(rows, [x])).toBe(3)
    expectRun(rows, [x], [-7.5, -2.5, 2.5, 7.5, -6, -6, 0, 12])
  })

  it('keeps what is used again after a loop', () => {
    const kernel = (x: Tensor) => {
      const half = x.div(2)
      const all = half.add(1)
      for (const t of hl.tile(x.shape[0])) x.at(t).set(0)
      return [all, half]
    }
    expectRun(
      kernel,
      [host([2], [2, 4])],
      [
        [2, 3],
        [1, 2],
      ],
    )
  })

  it('behind one another, and in layers', () => {
    const kernel = (x: Tensor, y: Tensor) => ({
      columns: hl.cat([x, y, x], 1),
      rows: hl.cat([x.T, hl.cat([y.T, x.add(1).T])], 0).sum(-1),
      layers: hl.stack([x, x.mul(10)], -1),
      numbers: hl.cat([hl.arange(2), hl.arange(5, 7), hl.arange(0)]),
    })
    for (const width of [2, 1, 0]) {
      const [x, y] = [ramp([2, 2]), host([2, width], (i) => i)]
      const [a = 0, b = 0, c = 0, d = 0] = x.data
      const rows = [0, 1].map((i) => y.data.slice(i * width, (i + 1) * width))
      const sums = rows[0]?.map((value, i) => value + (rows[1]?.[i] ?? 0)) ?? []
      expectRun(kernel, [x, y], {
        columns: [a, b, ...(rows[0] ?? []), a, b, c, d, ...(rows[1] ?? []), c, d],
        rows: [a + c, b + d, ...sums, a + c + 2, b + d + 2],
        layers: [a, 10 * a, b, 10 * b, c, 10 * c, d, 10 * d],
        numbers: [0, 1, 5, 6],
      })
    }
  })

  it('numbers of a range', () => {
    const kernel = (x: Tensor) => {
      const [n] = x.shape
      const rows = hl.arange(1, hl.add(n, 1))
      for (const t of hl.tile(n)) x.at(t).set(rows.at(t))
      return [rows.mul(rows), hl.arange(n).unsqueeze(1).sub(hl.arange(2)), hl.arange(2, 7).sum()]
    }
    const wanted = [[1, 4, 9], [0, -1, 1, 0, 2, 1], [20]]
    expectRun(kernel, [host([3], [0, 0, 0])], wanted)
  })

  it('types are those of tile values', () => {
    const kernel = (x: Tensor, h: Tensor, i: Tensor, b: Tensor) => [
      x.add(h),
      h.mul(2),
      h.sum(),
      i.mean(0),
      i.add(1),
      b.neg(),
      x.gt(0),
      h.to('bf16'),
      i.sum(0, { keepdim: true }),
    ]
    const args = [ramp([2]), ramp([2], 'f16'), ramp([2], 'i32'), ramp([2], 'bf16')]
    const { tensors } = traced(kernel, args)
    const returned = tensors.filter(({ role }) => role === 'local').map(({ dtype }) => dtype)
    expect(returned.join(' ')).toBe('f32 f16 f16 f32 i32 f32 bool bf16 i32')
  })
})
