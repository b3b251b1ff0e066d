/** `hl.when` and `hl.continueIf`: bodies that a program runs or leaves out as a whole. */
import { describe, expect, it } from 'vitest'
import type { ConfigInput } from '../../src/config/config.ts'
import { hl, type Tensor } from '../../src/language/index.ts'
import { OnCpu } from '../codegen/on_cpu.ts'
import { expectInPlace, expectRun, host, irOf, ramp } from './harness.ts'

/** Right in the tile interpreter, and compiled for static and dynamic shapes. */
function expectEverywhere(
  fn: (...args: never[]) => unknown,
  args: Parameters<typeof expectRun>[1],
  expected: Parameters<typeof expectRun>[2],
  configs: readonly ConfigInput[] = [{}],
): void {
  expectRun(fn, args, expected)
  for (const dynamic of [false, true]) {
    const compiled = new OnCpu(fn, args, { dynamic })
    for (const config of configs) compiled.expectRight(config)
  }
}

const SIZES = [0, 1, 5, 13]

describe('hl.when', () => {
  it('is a loop of one round or none', () => {
    const kernel = (x: Tensor, flag: Tensor): void => {
      for (const t of hl.tile(x.shape[0])) hl.when(flag.at(0).gt(1), () => x.at(t).set(0))
    }
    expect(irOf(kernel, [ramp([5]), ramp([1])])).toMatchInlineSnapshot(`
      "kernel k
        argument x: f32[x.shape[0]]
        argument flag: f32[1]
        grid tile0 in x.shape[0]
          %0: i32 = 0
          %1: f32 = load flag[%0]
          %2: f32 = 1
          %3: bool = gt %1, %2
          %4: i32 = cast %3
          %5 = loop grid1 in %0..%4
            %6: i32[tile0] = index tile0
            %7: f32 = 0
            %8: f32[tile0] = broadcast %7
            store x[%6] = %8
        return nothing"
    `)
    expectInPlace(kernel, [host([3], [2, 1, 1]), host([1], [2])], [0, 0, 0])
    expectInPlace(kernel, [host([3], [1, 2, 2]), host([1], [1])], [1, 2, 2])
  })

  it('by an element of memory, for each program', () => {
    const kernel = (x: Tensor, flags: Tensor): Tensor => {
      const out = hl.zerosLike(x)
      for (const i of hl.grid(x.shape[0])) {
        hl.when(flags.at(i), () => out.at(i, ':').set(x.at(i, ':').add(1)))
      }
      return out
    }
    expectEverywhere(
      kernel,
      [host([3, 2], [1, 2, 3, 4, 5, 6]), host([3], [1, 0, 2], 'i32')],
      [2, 3, 0, 0, 6, 7],
    )
  })

  it.each(SIZES)('by what a tile of %i holds, with another body for the rest', (n) => {
    const x = host([n], (i) => i - 3)
    const kernel = (v: Tensor): Tensor => {
      const out = hl.emptyLike(v)
      for (const t of hl.tile(v.shape[0], { blockSize: 4 })) {
        const values = v.at(t)
        hl.when(
          values.lt(0).any(),
          () => out.at(t).set(values.abs()),
          () => out.at(t).set(values.mul(10)),
        )
      }
      return out
    }
    const expected = x.data.map((value, i) => (i < 4 ? Math.abs(value) : value * 10))
    expectEverywhere(kernel, [x], expected, [{}, { num_warps: 1 }])
  })

  it('changes accumulators, of products too', () => {
    const kernel = (a: Tensor, b: Tensor, skip: Tensor): readonly Tensor[] => {
      const out = hl.empty([a.shape[0], b.shape[1]])
      const counts = hl.empty([a.shape[0]], 'i32')
      for (const [tm, tn] of hl.tile([a.shape[0], b.shape[1]])) {
        const acc = hl.zeros([tm, tn])
        const count = hl.zeros([tm], 'i32')
        for (const tk of hl.tile(a.shape[1], { blockSize: 4 })) {
          hl.when(skip.at(tk.id).eq(0), () => {
            acc.addDot(a.at(tm, tk), b.at(tk, tn))
            count.addAssign(1)
          })
        }
        out.at(tm, tn).set(acc)
        counts.at(tm).set(count)
      }
      return [out, counts]
    }
    const [m, k, n] = [5, 13, 3]
    const [a, b] = [ramp([m, k]), ramp([k, n])]
    const skip = host([4], [0, 1, 0, 1], 'i32')
    const product = Array.from({ length: m * n }, (_, at) => {
      const [row, column] = [Math.floor(at / n), at % n]
      const terms = Array.from({ length: k }, (_, i) =>
        skip.data[Math.floor(i / 4)] === 0 ? (a.data[row * k + i] ?? 0) * (b.data[i * n + column] ?? 0) : 0,
      )
      return terms.reduce((sum, term) => sum + term, 0)
    })
    const configs = [{}, { num_stages: 2 }, { block_sizes: [8, 16], num_warps: 1, slice_k: 1 }]
    expectEverywhere(kernel, [a, b, skip], [product, new Array(m).fill(2)], configs)
  })

  it('of a number among the arguments, a size and a constant', () => {
    const kernel = (x: Tensor, number: number): void => {
      for (const t of hl.tile(x.shape[0])) {
        hl.when(number, () => x.at(t).set(x.at(t).add(1)))
        hl.when(x.shape[0], () => x.at(t).set(x.at(t).add(10)))
        hl.when(true, () => x.at(t).set(x.at(t).add(100)))
        hl.when(false, () => x.at(t).set(7))
      }
    }
    expectInPlace(kernel, [host([2], [0, 0]), 3], [111, 111])
    expectInPlace(kernel, [host([2], [0, 0]), 0], [110, 110])
    const compiled = new OnCpu(kernel, [host([2], [0, 0]), 0.5])
    compiled.expectRight()
  })

  it('inside of each other, around and inside of loops', () => {
    const kernel = (x: Tensor): Tensor => {
      const out = hl.empty([x.shape[0]])
      for (const i of hl.grid(x.shape[0])) {
        const total = hl.zeros([])
        hl.when(x.at(i).gt(2), () => {
          for (const j of hl.grid(x.shape[0])) {
            hl.when(j.lt(i), () => {
              hl.when(x.at(j).gt(0), () => total.addAssign(x.at(j)))
            })
          }
        })
        out.at(i).set(total)
      }
      return out
    }
    expectEverywhere(kernel, [host([5], [3, -1, 4, 1, 5])], [0, 0, 3, 0, 8])
  })

  it('leaves no entry in a config', () => {
    const kernel = (x: Tensor): void => {
      for (const t of hl.tile(x.shape[0])) hl.when(x.at(0).gt(1), () => x.at(t).set(0))
    }
    const { spec } = new OnCpu(kernel, [ramp([5])]).compiled
    expect(spec.defaultConfig().data).not.toHaveProperty('range_unroll_factors')
  })
})

describe('hl.continueIf', () => {
  it('leaves out the rest of a round, and of a program', () => {
    const kernel = (x: Tensor, bounds: Tensor): Tensor => {
      const out = hl.zeros([x.shape[0]])
      for (const i of hl.grid(x.shape[0])) {
        hl.continueIf(x.at(i).lt(0))
        const total = hl.zeros([])
        for (const j of hl.grid(bounds.at(i))) {
          hl.continueIf(x.at(j).lt(0))
          hl.continueIf(x.at(j).gt(10))
          total.addAssign(x.at(j))
        }
        out.at(i).set(total.add(100))
      }
      return out
    }
    expectEverywhere(
      kernel,
      [host([5], [3, -1, 40, 1, 5]), host([5], [1, 2, 3, 4, 5], 'i32')],
      [103, 0, 103, 104, 109],
    )
  })
})
