/** Arithmetic on numbers among the arguments, and on sizes, before loops. */
import { describe, expect, it } from 'vitest'
import { hl, type Tensor } from '../../src/language/index.ts'
import { OnCpu } from '../codegen/on_cpu.ts'
import { bodyOf, expectRun, host, ramp } from './harness.ts'

describe('scalars that are computed outside of loops', () => {
  const dropout = (x: Tensor, p: number): Tensor => {
    const out = hl.emptyLike(x)
    const scale = hl.div(1, hl.sub(1, p))
    for (const t of hl.tile(x.shape[0])) out.at(t).set(x.at(t).mul(scale))
    return out
  }

  it('are computed in the loops that use them', () => {
    expect(bodyOf(dropout, [ramp([5]), 0.5])).toMatchInlineSnapshot(`
      "%0: i32[tile0] = index tile0
      %1: f32[tile0] = load x[%0]
      %2: f32 = argument 0
      %3: f32 = 1
      %4: f32 = sub %3, %2
      %5: f32 = div %3, %4
      %6: f32[tile0] = mul %1, %5
      store local1[%0] = %6"
    `)
    const inside = (x: Tensor, p: number): Tensor => {
      const out = hl.emptyLike(x)
      for (const t of hl.tile(x.shape[0])) out.at(t).set(x.at(t).mul(hl.div(1, hl.sub(1, p))))
      return out
    }
    const sorted = (text: string) => text.replace(/%\d+/g, '%').split('\n').sort()
    expect(sorted(bodyOf(dropout, [ramp([5]), 0.5]))).toEqual(sorted(bodyOf(inside, [ramp([5]), 0.5])))
  })

  it.each([0, 1, 5, 13])('and are right for %i positions', (n) => {
    const x = host([n], (i) => i)
    expectRun(
      dropout,
      [x, 0.75],
      x.data.map((value) => value * 4),
    )
    for (const dynamic of [false, true]) new OnCpu(dropout, [x, 0.75], { dynamic }).expectRight()
  })

  it('in several loops, nested ones, and with every operation', () => {
    const kernel = (x: Tensor, p: number): Tensor => {
      const [m, n] = x.shape
      const out = hl.zeros([m])
      const whole = hl.to(p, 'i32').mul(3).add(m)
      const chosen = hl.where(whole.gt(8), hl.clamp(p, 0, 2), -1)
      for (const t of hl.tile(m)) out.at(t).set(chosen)
      for (const t of hl.tile(m)) {
        const total = hl.zeros([t])
        for (const u of hl.tile(n)) total.addAssign(x.at(t, u).sum(1).mul(whole))
        out.at(t).set(out.at(t).add(total))
      }
      return out
    }
    expectRun(kernel, [host([2, 3], () => 1), 3], [2 + 33, 2 + 33])
  })

  it('as bounds of inner loops and in functions that combine', () => {
    const kernel = (x: Tensor, p: number): Tensor => {
      const out = hl.empty([1])
      const last = hl.to(hl.mul(p, 2), 'i32')
      for (const _ of hl.tile(1)) {
        const total = hl.zeros([])
        for (const i of hl.grid(last)) total.addAssign(x.at(i))
        out.at(0).set(total)
      }
      return out
    }
    expectRun(kernel, [host([5], (i) => i + 1), 2], [10])
  })
})
