/** Reading happens where `.at(…)` stands, writing where `.set(…)` stands; nothing moves across the other. */
import { describe, expect, it } from 'vitest'
import { hl, type Tensor } from '../../src/language/index.ts'
import { bodyOf, expectInPlace, expectRun, host, ramp } from './harness.ts'

describe('in one program', () => {
  it('a value read before a write to the same place is the old one', () => {
    const kernel = (x: Tensor): Tensor => {
      const out = hl.empty(x.shape)
      for (const t of hl.tile(x.shape[0])) {
        const old = x.at(t)
        x.at(t).set(old.mul(10))
        out.at(t).set(old.add(x.at(t)))
      }
      return out
    }
    expect(bodyOf(kernel, [ramp([3])])).toMatchInlineSnapshot(`
      "%0: i32[tile0] = index tile0
      %1: f32[tile0] = load x[%0]
      %2: f32 = 10
      %3: f32[tile0] = mul %1, %2
      store x[%0] = %3
      %4: f32[tile0] = load x[%0]
      %5: f32[tile0] = add %1, %4
      store local1[%0] = %5"
    `)
    expectRun(kernel, [host([3], [1, 2, 3])], [11, 22, 33])
  })

  it('the same place read twice is two loads, also around a loop', () => {
    const kernel = (x: Tensor): Tensor => {
      const out = hl.empty(x.shape)
      for (const t of hl.tile(x.shape[0])) {
        const first = x.at(t)
        for (const _ of hl.grid(3)) x.at(t).set(x.at(t).mul(2))
        out.at(t).set(x.at(t).sub(first))
      }
      return out
    }
    const text = bodyOf(kernel, [ramp([3])])
    expect(text.match(/load x\[/g)).toHaveLength(3)
    expectRun(kernel, [host([3], [1, 2, 3])], [7, 14, 21])
  })

  it('a place that was named before it was written still reads as it was named', () => {
    expectRun(
      (x: Tensor) => {
        const out = hl.empty(x.shape)
        for (const t of hl.tile(x.shape[0])) {
          const place = x.at(t)
          place.set(5)
          out.at(t).set(place)
        }
        return [x, out]
      },
      [host([2], [1, 2])],
      [
        [5, 5],
        [1, 2],
      ],
    )
  })

  it('the last of several writes stays', () => {
    const kernel = (x: Tensor): void => {
      for (const t of hl.tile(x.shape[0])) {
        x.at(t).set(1)
        x.at(t).set(2)
        x.at(0).set(3)
      }
    }
    expect(bodyOf(kernel, [ramp([3])]).match(/store/g)).toHaveLength(3)
    expectInPlace(kernel, [host([1], [0])], [3])
  })

  it('a write that overlaps a later read is seen by it', () => {
    expectInPlace(
      (x: Tensor) => {
        for (const _ of hl.tile(1)) {
          for (const i of hl.grid(4)) x.at(i.add(1)).set(x.at(i).add(x.at(i.add(1))))
        }
      },
      [host([5], [1, 1, 1, 1, 1])],
      [1, 2, 3, 4, 5],
    )
  })
})

describe('between grids', () => {
  it('what one wrote the next one reads', () => {
    expectRun(
      (x: Tensor) => {
        const out = hl.empty(x.shape)
        for (const t of hl.tile(x.shape[0])) x.at(t).set(x.at(t).add(1))
        for (const t of hl.tile(x.shape[0])) out.at(t).set(x.at(t).mul(x.at(0)))
        return out
      },
      [host([3], [1, 2, 3])],
      [4, 6, 8],
    )
  })
})
