/** Arguments that mean what they mean in Helion: begins and steps of ranges, block sizes, a sum to add to. */
import { describe, expect, it } from 'vitest'
import { hl, type Tensor } from '../../src/language/index.ts'
import { expectRun, host, irOf, ramp, run, traced } from './harness.ts'

const zeros = (n: number) => host([n], () => 0)

describe('hl.grid', () => {
  it.each([
    [2, 4, 1],
    [1, 8, 3],
    [0, 7, 2],
    [5, 5, 2],
  ])('from %i to %i by %i', (begin, end, step) => {
    const kernel = (x: Tensor): Tensor => {
      for (const i of hl.grid(begin, end, step)) x.at(i).set(1)
      return x
    }
    const expected = Array.from({ length: 8 }, (_, i) =>
      i >= begin && i < end && (i - begin) % step === 0 ? 1 : 0,
    )
    for (const dynamic of [false, true])
      expect(run(kernel, [zeros(8)], { dynamic }).returned).toEqual(expected)
  })

  it('of sizes, of bounds that the device computes, and of several dimensions', () => {
    const kernel = (x: Tensor, bounds: Tensor): readonly Tensor[] => {
      const out = hl.zeros([4, 6])
      const counts = hl.zeros([3])
      for (const [i, j] of hl.grid([1, 0], [4, x.shape[0]], [2, 3])) out.at(i, j).set(1)
      for (const t of hl.grid(bounds.shape[0] as number)) {
        const count = hl.zeros([])
        for (const _ of hl.grid(t, bounds.at(t), 2)) count.addAssign(1)
        counts.at(t).set(count)
      }
      return [out, counts]
    }
    const marks = [0, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0, 0]
    for (const dynamic of [false, true]) {
      const { tensors, kernel: ir } = run(kernel, [zeros(6), host([3], [3, 4, 2], 'i32')], { dynamic })
      expect(ir.tensors).toHaveLength(4)
      expect(tensors[3]).toEqual([2, 2, 0])
      expect(tensors[2]?.map((value) => (value === 1 ? 1 : 0))).toEqual(marks)
    }
  })
})

describe('hl.tile', () => {
  it('takes a block size after begin and end', () => {
    const kernel = (x: Tensor): void => {
      for (const t of hl.tile(0, 8, 2)) x.at(t).set(1)
    }
    expect(traced(kernel, [ramp([8])]).blocks[0]).toMatchObject({ extent: 2, size: 8 })
    const both = (x: Tensor): void => {
      for (const [i, j] of hl.tile([0, 0], [8, 8], [2, 4])) x.at(i, j).set(1)
    }
    expect(traced(both, [ramp([8, 8])]).blocks.map(({ extent }) => extent)).toEqual([2, 4])
  })

  it('of a whole shape gives the tiles that read a tensor of any rank', () => {
    const kernel = (x: Tensor): Tensor => {
      const out = hl.emptyLike(x)
      for (const t of hl.tile(x.shape)) out.at(...t).set(x.at(...t).add(t[0].begin.mul(0)))
      return out
    }
    expectRun(kernel, [host([4], [1, 2, 3, 4])], [1, 2, 3, 4])
    expectRun(kernel, [host([2, 2], [1, 2, 3, 4])], [1, 2, 3, 4])
  })
})

describe('hl.staticRange', () => {
  it('from begin to end by steps', () => {
    const seen: number[] = []
    traced(
      (x: Tensor) => {
        for (const t of hl.tile(x.shape[0])) x.at(t).set(0)
        seen.push(...hl.staticRange(2), ...hl.staticRange(5, 7), ...hl.staticRange(1, 8, 3))
      },
      [ramp([8])],
    )
    expect(seen).toEqual([0, 1, 5, 6, 1, 4, 7])
  })
})

describe('hl.dot', () => {
  it('adds to a third value, and leaves it as it is', () => {
    const kernel = (x: Tensor, y: Tensor): readonly Tensor[] => {
      const [sum, kept] = [hl.empty([2, 2]), hl.empty([2, 2])]
      for (const [i, j] of hl.tile([2, 2])) {
        const acc = hl.full([i, j], 100)
        sum.at(i, j).set(hl.dot(x.at(i, ':'), y.at(':', j), acc))
        kept.at(i, j).set(acc)
      }
      return [sum, kept]
    }
    const identity = host([2, 2], [1, 0, 0, 1])
    expectRun(
      kernel,
      [host([2, 2], [1, 2, 3, 4]), identity],
      [
        [101, 102, 103, 104],
        [100, 100, 100, 100],
      ],
    )
  })
})

describe('hl.is', () => {
  const kernel = (x: Tensor, n: number): void => {
    for (const t of hl.tile(x.shape[0])) x.at(t).set(hl.is(x.shape[0], 4) ? 1 : hl.is(n, 2) ? 2 : 3)
  }

  it('is the same for symbolic and plain sizes, and for numbers among the arguments', () => {
    for (const dynamic of [false, true]) {
      expect(run(kernel, [zeros(4), 2], { dynamic }).tensors[0]).toEqual([1, 1, 1, 1])
      expect(run(kernel, [zeros(3), 2], { dynamic }).tensors[0]).toEqual([2, 2, 2])
      expect(run(kernel, [zeros(3), 5], { dynamic }).tensors[0]).toEqual([3, 3, 3])
    }
    expect(irOf(kernel, [ramp([4]), 2])).toContain('argument x: f32[4]')
  })

  it('needs no specialisation for a size and itself', () => {
    const same = (x: Tensor): void => {
      for (const t of hl.tile(x.shape[0])) x.at(t).set(hl.is(x.shape[0], x.shape[0]) ? 1 : 0)
    }
    expect(irOf(same, [ramp([4])])).toContain('argument x: f32[x.shape[0]]')
  })
})
