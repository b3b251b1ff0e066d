import { describe, expect, it } from 'vitest'
import { hl, type Tensor } from '../../src/language/index.ts'
import { bodyOf, expectRun, host, ramp } from './harness.ts'

const X = host([2, 3], [1, 2, 3, 4, 5, 6])

describe('views rename axes', () => {
  it('transpose swaps the last two', () => {
    const kernel = (x: Tensor): Tensor => {
      const [m, n] = x.shape
      const out = hl.empty([n, m])
      for (const [i, j] of hl.tile([m, n])) out.at(j, i).set(x.at(i, j).transpose())
      return out
    }
    expect(bodyOf(kernel, [X])).toMatchInlineSnapshot(`
      "%0: i32[tile1] = index tile1
      %1: i32[tile0] = index tile0
      %2: f32[tile0, tile1] = load x[%1, %0]
      %3: f32[tile1, tile0] = view %2 (1, 0)
      store local1[%0, %1] = %3"
    `)
    expectRun(kernel, [X], [1, 4, 2, 5, 3, 6])
  })

  it('permute puts them in any order', () => {
    const kernel = (x: Tensor): Tensor => {
      const out = hl.empty([2, 2, 2])
      for (const t of hl.tile(2)) out.at(':', t, ':').set(x.at(t, ':', ':').permute(2, 0, -2))
      return out
    }
    // out[c, a, b] = x[a, b, c]
    expectRun(
      kernel,
      [host([2, 2, 2], [0, 1, 10, 11, 100, 101, 110, 111])],
      [0, 10, 100, 110, 1, 11, 101, 111],
    )
  })

  it('transpose of three axes leaves the first', () => {
    const kernel = (x: Tensor): Tensor => {
      const out = hl.empty([2, 2, 2])
      for (const t of hl.tile(2)) out.at(t, ':', ':').set(x.at(t, ':', ':').transpose())
      return out
    }
    expectRun(
      kernel,
      [host([2, 2, 2], [0, 1, 10, 11, 100, 101, 110, 111])],
      [0, 10, 1, 11, 100, 110, 101, 111],
    )
  })

  it('squeeze takes a tile of one position away', () => {
    const kernel = (x: Tensor, mask: Tensor) => {
      const out = hl.empty([2, 3])
      for (const [i, j] of hl.tile([2, 3], { blockSize: [1, null] })) {
        const kept = hl.where(mask.at(i, j).squeeze(0), x.at(i, j).squeeze(0), 0)
        out.at(i.begin, j).set(kept)
      }
      return out
    }
    const args = [host([2, 3], [1, -2, 3, 4, 5, -6]), host([2, 3], [1, 1, 0, 1, 0, 1], 'bool')]
    expectRun(kernel, args, [1, -2, 0, 4, 0, -6])
  })

  it('unsqueeze and squeeze add and remove axes of one, counted from either end', () => {
    const kernel = (x: Tensor): Tensor => {
      const out = hl.empty(x.shape)
      for (const [i, j] of hl.tile([x.shape[0], x.shape[1]])) {
        const value = x.at(i, j)
        const wide = value.unsqueeze(0).unsqueeze(-1).unsqueeze(2)
        expect(wide.ndim).toBe(5)
        const back = wide.squeeze(-1).squeeze(2).squeeze(0)
        expect(back.axes).toEqual(value.axes)
        out.at(i, j).set(back)
      }
      return out
    }
    expectRun(kernel, [X], [1, 2, 3, 4, 5, 6])
  })

  it('that change nothing make nothing', () => {
    const text = bodyOf(
      (x: Tensor) => {
        for (const [i, j] of hl.tile([2, 3])) x.at(i, j).set(x.at(i, j).permute(0, 1).add(1))
      },
      [X],
    )
    expect(text).not.toContain('view')
  })
})

describe('conversions', () => {
  it('to another dtype truncate and saturate', () => {
    expectRun(
      (x: Tensor) => {
        const out = hl.empty([4], 'i32')
        for (const t of hl.tile(4)) out.at(t).set(x.at(t).to('i32').add(x.at(t).to('u32').to('i32')))
        return out
      },
      [host([4], [1.9, -1.9, Number.NaN, -0.5])],
      [2, -1, 0, 0],
    )
  })

  it('of the bits keep them', () => {
    const kernel = (x: Tensor): Tensor => {
      const out = hl.empty([2], 'u32')
      for (const t of hl.tile(2)) out.at(t).set(x.at(t).bitcast('u32').bitAnd(0x7fffffff))
      return out
    }
    expect(bodyOf(kernel, [ramp([2])])).toContain('u32[tile0] = bitcast')
    expectRun(kernel, [host([2], [-1, 0.5])], [0x3f800000, 0x3f000000])
  })

  it('to the same dtype make nothing', () => {
    const text = bodyOf(
      (x: Tensor) => {
        for (const t of hl.tile(2)) x.at(t).set(x.at(t).to('f16').bitcast('f16'))
      },
      [ramp([2], 'f16')],
    )
    expect(text).not.toContain('cast')
  })

  it('of numbers happen at once', () => {
    const text = bodyOf(
      (x: Tensor) => {
        for (const t of hl.tile(2)) x.at(t).set(hl.full([], 2.9, 'i32').to('bool'))
      },
      [ramp([2], 'i32')],
    )
    expect(text).toMatchInlineSnapshot(`
      "%0: i32[tile0] = index tile0
      %1: i32 = 1
      %2: i32[tile0] = broadcast %1
      store x[%0] = %2"
    `)
  })
})
