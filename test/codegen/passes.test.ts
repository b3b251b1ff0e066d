/** The IR after each pass, printed; what passes refuse. The verifier runs between them, see compile.ts. */
import { describe, expect, it } from 'vitest'
import { hl, type Tensor } from '../../src/language/index.ts'
import { ramp } from '../language/harness.ts'
import { Compiled } from './compiling.ts'

function rowSums(x: Tensor): Tensor {
  const out = hl.empty([x.shape[0]])
  for (const t of hl.tile(x.shape[0])) out.at(t).set(x.at(t, ':').sum(1))
  return out
}

function softmax(x: Tensor): Tensor {
  const out = hl.emptyLike(x)
  for (const t of hl.tile(x.shape[0])) {
    const v = x.at(t, ':')
    const e = v.sub(v.amax(-1, { keepdim: true })).exp()
    out.at(t, ':').set(e.div(e.sum(-1, { keepdim: true })))
  }
  return out
}

describe('insert masks', () => {
  const masked = (fn: (x: Tensor) => Tensor, shape: readonly number[]) =>
    new Compiled(fn, [ramp(shape)]).after('insert masks', { block_sizes: [4] })

  it('leaves alone what divides, and sums of loads, which are zero outside', () => {
    expect(masked(rowSums, [8, 64])).toMatchInlineSnapshot(`
      "%0: i32[tile0] = index tile0
      %1: i32[slice1] = index slice1
      %2: f32[tile0, slice1] = load tensor0[%0, %1]
      %3: f32[tile0] = sum %2 along 1
      store tensor1[%0] = %3"
    `)
    expect(masked(rowSums, [7, 60])).toBe(masked(rowSums, [8, 64]))
  })

  it('puts the neutral value where a maximum, or a computed sum, would see what is outside', () => {
    expect(masked(softmax, [8, 60])).toMatchInlineSnapshot(`
      "%0: i32[tile0] = index tile0
      %1: i32[slice1] = index slice1
      %2: f32[tile0, slice1] = load tensor0[%0, %1] else -Infinity
      %3: f32[tile0] = max %2 along 1
      %4: f32[tile0, 1] = view %3 (0, new)
      %5: f32[tile0, slice1] = broadcast %4
      %6: f32[tile0, slice1] = sub %2, %5
      %7: f32[tile0, slice1] = exp %6
      %8: bool[slice1] = inside slice1
      %9: bool[1, slice1] = view %8 (new, 0)
      %10: bool[tile0, slice1] = broadcast %9
      %11: f32 = 0
      %12: f32[tile0, slice1] = where %10, %7, %11
      %13: f32[tile0] = sum %12 along 1
      %14: f32[tile0, 1] = view %13 (0, new)
      %15: f32[tile0, slice1] = broadcast %14
      %16: f32[tile0, slice1] = div %7, %15
      store tensor1[%0, %1] = %16"
    `)
  })

  it('also masks the padding of a vector that reaches beyond a one-dimensional tensor', () => {
    const total = (x: Tensor): Tensor => {
      const out = hl.empty([4])
      for (const t of hl.tile(4)) out.at(t).set(x.at(':').sum(0))
      return out
    }
    expect(masked(total, [7])).toMatchInlineSnapshot(`
      "%0: i32[tile0] = index tile0
      %1: i32[slice1] = index slice1
      %2: f32[slice1] = load tensor0[%1]
      %3: bool[slice1] = inside slice1
      %4: bool[slice1] = view %3 (0)
      %5: f32 = 0
      %6: f32[slice1] = where %3, %2, %5
      %7: f32 = sum %6 along 0
      %8: f32[tile0] = broadcast %7
      store tensor1[%0] = %8"
    `)
  })

  it('masks both operands of a product along the contracted dimension', () => {
    const product = (x: Tensor): Tensor => {
      const out = hl.empty([x.shape[0], x.shape[0]])
      for (const [i, j] of hl.tile([x.shape[0], x.shape[0]])) {
        out.at(i, j).set(x.at(i, ':').add(1).dot(x.at(j, ':').exp().transpose()))
      }
      return out
    }
    const compiled = new Compiled(product, [ramp([8, 12])])
    expect(compiled.after('insert masks', { block_sizes: [4, 4] })).toMatchInlineSnapshot(`
      "%0: i32[tile0] = index tile0
      %1: i32[tile1] = index tile1
      %2: i32[slice2] = index slice2
      %3: f32[tile0, slice2] = load tensor0[%0, %2]
      %4: f32 = 1
      %5: f32[tile0, slice2] = add %3, %4
      %6: f32[tile1, slice2] = load tensor0[%1, %2]
      %7: f32[tile1, slice2] = exp %6
      %8: f32[slice2, tile1] = view %7 (1, 0)
      %9: bool[slice2] = inside slice2
      %10: bool[1, slice2] = view %9 (new, 0)
      %11: bool[tile0, slice2] = broadcast %10
      %12: f32 = 0
      %13: f32[tile0, slice2] = where %11, %5, %12
      %14: bool[slice2, 1] = view %9 (0, new)
      %15: bool[slice2, tile1] = broadcast %14
      %16: f32[slice2, tile1] = where %15, %8, %12
      %17: f32[tile0, tile1] = dot %13, %16
      store tensor1[%0, %1] = %17"
    `)
  })
})

describe('roll reductions', () => {
  it('streams one reduction in one loop, and reduces across threads once', () => {
    const compiled = new Compiled(rowSums, [ramp([8, 64])])
    expect(compiled.after('roll reductions', { reduction_loops: [16] })).toMatchInlineSnapshot(`
      "%0: i32[tile0] = index tile0
      %1: f32 = 0
      %2: f32[tile0, slice1] = broadcast %1
      %3: i32 = 0
      %4: i32 = 64
      %6 = loop slice1 in %3..%4 by 16 carrying %5: f32[tile0, slice1] = %2
        %7: i32[slice1] = index slice1
        %8: f32[tile0, slice1] = load tensor0[%0, %7]
        %9: f32[tile0, slice1] = add %5, %8
        yield %9
      %10: f32[tile0, slice1] = result %6 0
      %11: f32[tile0] = sum %10 along 1
      store tensor1[%0] = %11"
    `)
  })

  it('cuts at reductions: a pass for each, which reads the row again', () => {
    const compiled = new Compiled(softmax, [ramp([8, 64])])
    expect(compiled.after('remove dead nodes', { reduction_loops: [16] })).toMatchInlineSnapshot(`
      "%0: i32[tile0] = index tile0
      %1: f32 = -Infinity
      %2: f32[tile0, slice1] = broadcast %1
      %3: i32 = 0
      %4: i32 = 64
      %6 = loop slice1 in %3..%4 by 16 carrying %5: f32[tile0, slice1] = %2
        %7: i32[slice1] = index slice1
        %8: f32[tile0, slice1] = load tensor0[%0, %7]
        %9: f32[tile0, slice1] = maximum %5, %8
        yield %9
      %10: f32[tile0, slice1] = result %6 0
      %11: f32[tile0] = max %10 along 1
      %12: f32[tile0, 1] = view %11 (0, new)
      %13: f32 = 0
      %14: f32[tile0, slice1] = broadcast %13
      %16 = loop slice1 in %3..%4 by 16 carrying %15: f32[tile0, slice1] = %14
        %17: i32[slice1] = index slice1
        %18: f32[tile0, slice1] = load tensor0[%0, %17]
        %19: f32[tile0, slice1] = broadcast %12
        %20: f32[tile0, slice1] = sub %18, %19
        %21: f32[tile0, slice1] = exp %20
        %22: f32[tile0, slice1] = add %15, %21
        yield %22
      %23: f32[tile0, slice1] = result %16 0
      %24: f32[tile0] = sum %23 along 1
      %25: f32[tile0, 1] = view %24 (0, new)
      %26 = loop slice1 in %3..%4 by 16
        %27: i32[slice1] = index slice1
        %28: f32[tile0, slice1] = load tensor0[%0, %27]
        %29: f32[tile0, slice1] = broadcast %12
        %30: f32[tile0, slice1] = sub %28, %29
        %31: f32[tile0, slice1] = exp %30
        %32: f32[tile0, slice1] = broadcast %25
        %33: f32[tile0, slice1] = div %31, %32
        store tensor1[%0, %27] = %33"
    `)
  })

  it('takes two reductions of one pass together', () => {
    const both = (x: Tensor): Tensor => {
      const out = hl.empty([2, x.shape[0]])
      for (const t of hl.tile(x.shape[0])) {
        const v = x.at(t, ':')
        const [sum, top] = [v.sum(1), v.amax(1)]
        out.at(0, t).set(sum)
        out.at(1, t).set(top)
      }
      return out
    }
    const text = new Compiled(both, [ramp([8, 64])]).after('remove dead nodes', { reduction_loops: [16] })
    expect(text.match(/loop /g)).toHaveLength(1)
    expect(text).toMatchInlineSnapshot(`
      "%0: i32[tile0] = index tile0
      %1: i32 = 0
      %2: i32 = 1
      %3: f32 = 0
      %4: f32[tile0, slice1] = broadcast %3
      %5: f32 = -Infinity
      %6: f32[tile0, slice1] = broadcast %5
      %7: i32 = 64
      %10 = loop slice1 in %1..%7 by 16 carrying %8: f32[tile0, slice1] = %4, %9: f32[tile0, slice1] = %6
        %11: i32[slice1] = index slice1
        %12: f32[tile0, slice1] = load tensor0[%0, %11]
        %13: f32[tile0, slice1] = add %8, %12
        %14: f32[tile0, slice1] = maximum %9, %12
        yield %13, %14
      %15: f32[tile0, slice1] = result %10 0
      %16: f32[tile0] = sum %15 along 1
      %17: f32[tile0, slice1] = result %10 1
      %18: f32[tile0] = max %17 along 1
      store tensor1[%1, %0] = %16
      store tensor1[%2, %0] = %18"
    `)
  })

  const canLoop = (fn: (x: Tensor) => unknown, shape: readonly number[] = [8, 64]): boolean | undefined =>
    new Compiled(fn, [ramp(shape)]).input.rows[0]?.canLoop

  it('is offered for what only loads, maps, reduces, multiplies and stores the row', () => {
    const gram = (x: Tensor) => {
      const out = hl.empty([x.shape[0], x.shape[0]])
      for (const [i, j] of hl.tile([x.shape[0], x.shape[0]]))
        out.at(i, j).set(x.at(i, ':').dot(x.at(j, ':').transpose()))
    }
    expect([rowSums, softmax, gram].map((fn) => canLoop(fn))).toEqual([true, true, true])
  })

  it('is not offered for an argmax, or for loops that carry what is of the row', () => {
    const argmax = (x: Tensor) => {
      const out = hl.empty([x.shape[0]], 'i32')
      for (const t of hl.tile(x.shape[0])) out.at(t).set(x.at(t, ':').argmax(1))
    }
    const carried = (x: Tensor) => {
      const out = hl.emptyLike(x)
      for (const t of hl.tile(x.shape[0])) {
        const acc = hl.zeros([t, x.shape[1]])
        for (const _ of hl.grid(3)) acc.addAssign(x.at(t, ':'))
        out.at(t, ':').set(acc)
      }
    }
    expect([argmax, carried].map((fn) => canLoop(fn))).toEqual([false, false])
  })

  it('is not offered where a pass would read again what an earlier one has overwritten', () => {
    const last = (x: Tensor) => {
      for (const t of hl.tile(x.shape[0])) {
        const v = x.at(t, ':')
        x.at(t, ':').set(v.sub(v.amax(1, { keepdim: true })))
      }
    }
    const early = (x: Tensor) => {
      const out = hl.emptyLike(x)
      for (const t of hl.tile(x.shape[0])) {
        const v = x.at(t, ':')
        x.at(t, ':').set(v.add(1))
        out.at(t, ':').set(v.sub(v.amax(1, { keepdim: true })))
      }
    }
    const elsewhere = (x: Tensor) => {
      for (const t of hl.tile(x.shape[0])) {
        const v = x.at(t, ':')
        x.at(t.index.add(1), ':').set(v.sub(v.amax(1, { keepdim: true })))
      }
    }
    expect([last, early, elsewhere].map((fn) => canLoop(fn))).toEqual([true, false, false])
  })
})

describe('flatten loops', () => {
  const scaled = (x: Tensor, y: Tensor): Tensor => {
    const out = hl.emptyLike(x)
    for (const [i, j] of hl.tile([x.shape[0], x.shape[1]])) out.at(i, j).set(x.at(i, j).mul(y.at(j)))
    return out
  }

  it('accesses of all dimensions become plain ones, others compute their position', () => {
    const compiled = new Compiled(scaled, [ramp([6, 10]), ramp([10])])
    expect(compiled.after('flatten loops', { flatten_loops: [true] })).toMatchInlineSnapshot(`
      "%0: i32[flat] = index flat
      %1: u32[flat] = cast %0
      %2: i32 = 10
      %3: u32 = cast %2
      %4: u32[flat] = floorDiv %1, %3
      %5: i32[flat] = cast %4
      %6: u32[flat] = rem %1, %3
      %7: i32[flat] = cast %6
      %8: f32[flat] = load tensor3[%0]
      %9: f32[flat] = load tensor1[%7]
      %10: f32[flat] = mul %8, %9
      store tensor4[%0] = %10"
    `)
  })

  const canFlatten = (fn: (x: Tensor) => unknown): boolean | undefined =>
    new Compiled(fn, [ramp([8, 8])]).input.loops[0]?.canFlatten

  it('is offered for element-wise work, positions included', () => {
    const doubled = (x: Tensor) => {
      for (const [i, j] of hl.tile([x.shape[0], x.shape[1]])) x.at(i, j).set(x.at(i, j).mul(2))
    }
    const numbered = (x: Tensor) => {
      for (const [i, j] of hl.tile([x.shape[0], x.shape[1]])) x.at(i, j).set(j.index.unsqueeze(0))
    }
    expect([doubled, numbered].map(canFlatten)).toEqual([true, true])
  })

  it('is not offered where dimensions, ends of tiles or neighbours matter', () => {
    const transposed = (x: Tensor) => {
      for (const [i, j] of hl.tile([x.shape[0], x.shape[1]])) x.at(j, i).set(x.at(i, j).transpose())
    }
    const reduced = (x: Tensor) => {
      for (const [i, j] of hl.tile([x.shape[0], x.shape[1]])) x.at(i, 0).set(x.at(i, j).sum(1))
    }
    const begins = (x: Tensor) => {
      for (const [i, j] of hl.tile([x.shape[0], x.shape[1]])) x.at(i, j).set(x.at(i, j).add(i.begin))
    }
    const looped = (x: Tensor) => {
      for (const [i, j] of hl.tile([x.shape[0], x.shape[1]])) {
        const acc = hl.zeros([i, j])
        for (const k of hl.grid(3)) acc.addAssign(x.at(i, j).mul(k))
        x.at(i, j).set(acc)
      }
    }
    const whole = (x: Tensor) => {
      for (const [i, j] of hl.tile([x.shape[0], x.shape[1]]))
        x.at(i, j).set(x.at(i, j).add(x.at(i, ':').sum(1).unsqueeze(1)))
    }
    const shifted = (x: Tensor) => {
      for (const [i, j] of hl.tile([2, 2], [x.shape[0], x.shape[1]])) x.at(i, j).set(x.at(i, j))
    }
    const fixed = (x: Tensor) => {
      for (const [i, j] of hl.tile([x.shape[0], x.shape[1]], { blockSize: [4, 4] })) x.at(i, j).set(1)
    }
    const refused = [transposed, reduced, begins, looped, whole, shifted, fixed]
    expect(refused.map(canFlatten)).toEqual(refused.map(() => false))
  })
})
