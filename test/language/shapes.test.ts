import { describe, expect, it } from 'vitest'
import { divisibilityOf, hl, type Tensor } from '../../src/language/index.ts'
import { expectRun, host, irOf, ramp, run, traced } from './harness.ts'

describe('sizes in a kernel', () => {
  const kernel = (x: Tensor): Tensor => {
    const [m, n] = x.shape
    const out = hl.empty([hl.cdiv(m, 2), hl.add(hl.mul(n, 2), 1)])
    for (const [i, j] of hl.tile(out.shape as readonly number[] as [number, number])) {
      out.at(i, j).set(x.at(i.index.mul(2), j.index.floorDiv(2)))
    }
    return out
  }

  it('are symbols when they are dynamic', () => {
    expect(irOf(kernel, [ramp([3, 2])])).toMatchInlineSnapshot(`
      "kernel k
        argument x: f32[x.shape[0], x.shape[1]]
        local local1: f32[cdiv(x.shape[0], 2), ((x.shape[1] * 2) + 1)]
        grid tile0 in cdiv(x.shape[0], 2), tile1 in ((x.shape[1] * 2) + 1)
          %0: i32[tile0] = index tile0
          %1: i32[tile1] = index tile1
          %2: i32 = 2
          %3: i32[tile0] = mul %0, %2
          %4: i32[tile1] = floorDiv %1, %2
          %5: f32[tile0, tile1] = load x[%3, %4]
          store local1[%0, %1] = %5
        return local1"
    `)
  })

  it('are numbers when they are static', () => {
    expect(irOf(kernel, [ramp([3, 2])], { dynamic: false })).toMatchInlineSnapshot(`
      "kernel k
        argument x: f32[3, 2]
        local local1: f32[2, 5]
        grid tile0 in 2, tile1 in 5
          %0: i32[tile0] = index tile0
          %1: i32[tile1] = index tile1
          %2: i32 = 2
          %3: i32[tile0] = mul %0, %2
          %4: i32[tile1] = floorDiv %1, %2
          %5: f32[tile0, tile1] = load x[%3, %4]
          store local1[%0, %1] = %5
        return local1"
    `)
  })

  it('give the same result', () => {
    expectRun(kernel, [host([3, 2], [1, 2, 3, 4, 5, 6])], [1, 1, 2, 2, 0, 5, 5, 6, 6, 0])
  })

  it('are numbers when they are 0 or 1', () => {
    expect(irOf(kernel, [ramp([1, 5])])).toContain('argument x: f32[1, x.shape[1]]')
    expect(irOf(kernel, [ramp([5, 0])])).toContain('argument x: f32[x.shape[0], 0]')
  })

  it('are numbers where the caller says so', () => {
    const x = ramp([6, 4], 'f32', [false, true])
    expect(irOf(kernel, [x])).toContain('argument x: f32[6, x.shape[1]]')
  })

  it('work out on the host with every function of hl', () => {
    const lengths = (x: Tensor): Tensor[] => {
      const [m, n] = x.shape
      const sizes = [
        hl.add(m, n),
        hl.sub(m, n),
        hl.mul(m, n),
        hl.floorDiv(m, n),
        hl.cdiv(m, n),
        hl.mod(m, n),
        hl.minimum(m, n),
        hl.maximum(m, n),
        hl.nextPowerOf2(m),
        hl.floorDiv(hl.mul(hl.add(m, 1), 2), 3),
      ]
      for (const t of hl.tile(m)) x.at(t, 0).set(0)
      return sizes.map((size) => hl.zeros([size]))
    }
    const counts = (dynamic: boolean): number[] => {
      const { returned } = run(lengths, [ramp([7, 3])], { dynamic })
      return (returned as number[][]).map((data) => data.length)
    }
    expect(counts(true)).toEqual([10, 4, 21, 2, 3, 1, 3, 7, 8, 5])
  })
})

describe('divisibility', () => {
  it('by 16 and 4 is a fact of a dynamic size', () => {
    const facts = (size: number): number | undefined =>
      traced(
        (x: Tensor) => {
          for (const t of hl.tile(x.shape[0])) x.at(t).set(0)
        },
        [ramp([size])],
      ).symbols[0]?.multipleOf
    expect([2, 4, 6, 8, 12, 16, 20, 32, 48, 50].map(facts)).toEqual([1, 4, 1, 4, 4, 16, 4, 16, 16, 1])
    expect([1, 4, 16, 0, 28].map(divisibilityOf)).toEqual([1, 4, 16, 16, 4])
  })
})

describe('whole dimensions of dynamic size', () => {
  const kernel = (x: Tensor): Tensor => {
    const out = hl.empty([x.shape[0]])
    for (const t of hl.tile(x.shape[0])) out.at(t).set(x.at(t, ':').sum(1))
    return out
  }

  it('make the next power of two a fact of the specialisation', () => {
    const { specializations, symbols } = traced(kernel, [ramp([5, 100])])
    expect(specializations).toEqual([{ kind: 'dim', tensor: 0, axis: 1, by: 'next_power_of_2' }])
    expect(symbols.map(({ key, max }) => [key, max])).toEqual([
      ['x.shape[0]', undefined],
      ['x.shape[1]', 128],
    ])
  })

  it('need no fact when they are static', () => {
    expect(traced(kernel, [ramp([5, 100])], { dynamic: false }).specializations).toEqual([])
  })

  it('of a computed size need facts of all its symbols', () => {
    const { specializations } = traced(
      (x: Tensor) => {
        const out = hl.empty([hl.add(x.shape[0], x.shape[1])])
        for (const t of hl.tile(4)) x.at(t, 0).set(hl.zeros([out.shape[0]]).sum())
      },
      [ramp([5, 6])],
    )
    expect(specializations.map((fact) => fact.kind === 'dim' && [fact.axis, fact.by])).toEqual([
      [0, 'next_power_of_2'],
      [1, 'next_power_of_2'],
    ])
  })
})

describe('hl.specialize', () => {
  it('makes one size a number and leaves the others', () => {
    let runs = 0
    const kernel = (x: Tensor): Tensor => {
      runs++
      const n: number = hl.specialize(x.shape[1])
      const out = hl.empty([x.shape[0]])
      for (const t of hl.tile(x.shape[0])) {
        const acc = hl.zeros([t])
        for (let j = 0; j < n; j++) acc.addAssign(x.at(t, j).mul(2 ** j))
        out.at(t).set(acc)
      }
      return out
    }
    const { specializations, tensors } = traced(kernel, [ramp([4, 3])])
    expect(runs).toBe(2)
    expect(specializations).toEqual([{ kind: 'dim', tensor: 0, axis: 1, by: 'value' }])
    expect(tensors[0]?.shape).toEqual([expect.objectContaining({ key: 'x.shape[0]' }), 3])
    expectRun(kernel, [host([2, 3], [1, 1, 1, 0, 1, 2])], [7, 10])
  })

  it('takes a computed size apart into its symbols', () => {
    const values: number[] = []
    const kernel = (x: Tensor): void => {
      values.push(hl.specialize(hl.mul(x.shape[0], x.shape[1])))
      for (const t of hl.tile(x.shape[0])) x.at(t, 0).set(0)
    }
    const { specializations } = traced(kernel, [ramp([4, 3])])
    expect(values).toEqual([12])
    expect(specializations.map((fact) => fact.kind === 'dim' && fact.axis)).toEqual([0, 1])
  })

  it('needs one more round for each fact that was not known', () => {
    let runs = 0
    const { specializations } = traced(
      (x: Tensor, limit: number, flag: boolean, count: number) => {
        runs++
        const n = hl.minimum(hl.specialize(x.shape[0]), hl.specialize(limit))
        const rounds = hl.specialize(flag) ? hl.specialize(count) : 0
        for (const t of hl.tile(n)) for (const i of hl.staticRange(rounds)) x.at(t).set(i)
      },
      [ramp([4]), 4, true, 3],
    )
    expect(runs).toBe(4)
    expect(specializations).toEqual([
      { kind: 'dim', tensor: 0, axis: 0, by: 'value' },
      { kind: 'scalar', scalar: 0 },
      { kind: 'scalar', scalar: 1 },
    ])
  })

  it('of a plain number or boolean is that value', () => {
    const seen: unknown[] = []
    const { specializations } = traced(
      (x: Tensor) => {
        seen.push(hl.specialize(x.shape[0]), hl.specialize(7), hl.specialize(false))
        for (const t of hl.tile(1)) x.at(t).set(0)
      },
      [ramp([3])],
      { dynamic: false },
    )
    expect(seen).toEqual([3, 7, false])
    expect(specializations).toEqual([])
  })

  it('inside a loop starts the kernel again from its beginning', () => {
    const kernel = (x: Tensor): Tensor => {
      const out = hl.empty([x.shape[0]])
      for (const t of hl.tile(x.shape[0])) {
        const acc = hl.zeros([t])
        for (const j of hl.staticRange(hl.specialize(x.shape[1]))) acc.addAssign(x.at(t, j))
        out.at(t).set(acc)
      }
      return out
    }
    expect(traced(kernel, [ramp([2, 3])]).grids).toHaveLength(1)
    expectRun(kernel, [host([2, 3], [1, 2, 3, 4, 5, 6])], [6, 15])
  })
})
