import { describe, expect, it } from 'vitest'
import { hl, type Tensor } from '../../src/language/index.ts'
import { ramp } from './harness.ts'
import { mistake } from './mistakes.ts'

const Y = ramp([4, 3])

describe('axes', () => {
  it('that do not exist', () => {
    const kernel = (x: Tensor) => {
      for (const t of hl.tile(4)) x.at(t, ':').sum(2) // ✗
    }
    expect(mistake(kernel, [Y])).toMatchInlineSnapshot(`
      "sum along axis 2 of a tile with 2 axes
      Axes are -2 to 1."
    `)
  })

  it('too far from the end', () => {
    const kernel = (x: Tensor) => {
      for (const t of hl.tile(4)) x.at(t, ':').softmax(-3) // ✗
    }
    expect(mistake(kernel, [Y])).toMatchInlineSnapshot(`
      "amax along axis -3 of a tile with 2 axes
      Axes are -2 to 1."
    `)
  })

  it('that are no whole numbers', () => {
    const kernel = (x: Tensor) => {
      for (const t of hl.tile(4)) x.at(t, ':').amax(0.5) // ✗
    }
    expect(mistake(kernel, [Y])).toMatchInlineSnapshot(`
      "amax along axis 0.5 of a tile with 2 axes
      Axes are -2 to 1."
    `)
  })

  it('of a scalar', () => {
    const kernel = (x: Tensor) => {
      for (const t of hl.tile(4)) x.at(t, ':').sum().mean(0) // ✗
    }
    expect(mistake(kernel, [Y])).toMatchInlineSnapshot(`
      "mean along axis 0 of a tile with 0 axes
      A scalar has no axes."
    `)
  })

  it('to add', () => {
    const kernel = (x: Tensor) => {
      for (const t of hl.tile(4)) x.at(t, 0).unsqueeze(2) // ✗
    }
    expect(mistake(kernel, [Y])).toMatchInlineSnapshot(`
      "unsqueeze along axis 2 of a tile with 1 axes
      Axes are -2 to 1."
    `)
  })

  it('to take away', () => {
    const kernel = (x: Tensor) => {
      for (const t of hl.tile(4)) x.at(t, ':').squeeze(1) // ✗
    }
    expect(mistake(kernel, [Y])).toMatchInlineSnapshot(`
      "squeeze of axis 1, which is not an axis of one
      Reduce it instead: .sum(axis), .amax(axis), …."
    `)
  })

  it('in another order', () => {
    const kernel = (x: Tensor) => {
      for (const t of hl.tile(4)) x.at(t, ':').permute(0, 0) // ✗
    }
    expect(mistake(kernel, [Y])).toMatchInlineSnapshot(`
      "permute(0, 0) does not name each of the 2 axes once
      Name each of 0 to 1 once, in the order that the result has them."
    `)
  })

  it('in an order of others', () => {
    const kernel = (x: Tensor) => {
      for (const t of hl.tile(4)) x.at(t, ':').permute(0, 1, 2) // ✗
    }
    expect(mistake(kernel, [Y])).toMatchInlineSnapshot(`
      "permute along axis 2 of a tile with 2 axes
      Axes are -2 to 1."
    `)
  })

  it('to swap', () => {
    const kernel = (x: Tensor) => {
      for (const t of hl.tile(4)) x.at(t, 0).transpose() // ✗
    }
    expect(mistake(kernel, [Y])).toMatchInlineSnapshot(`
      "transpose of a tile with 1 axes
      It needs two; add one with .unsqueeze(axis)."
    `)
  })

  it('of positions', () => {
    const kernel = (x: Tensor) => {
      for (const t of hl.tile(4)) (x.at(t, ':').argmax as unknown as () => void)() // ✗
    }
    expect(mistake(kernel, [Y])).toMatchInlineSnapshot(`
      "argmax without an axis
      It gives positions along one axis: name it, e.g. -1."
    `)
  })
})

describe('dtypes', () => {
  it('that do not exist', () => {
    const kernel = (x: Tensor) => {
      for (const t of hl.tile(4)) x.at(t, 0).to('int' as 'i32') // ✗
    }
    expect(mistake(kernel, [Y])).toMatchInlineSnapshot(`
      "to: "int" is not a dtype
      Known are f32, f16, bf16, f8e4m3, f8e5m2, f4e2m1, i32, i16, i8, i4, u32, u16, u8, u4,
        bool."
    `)
  })

  it('that do not meet', () => {
    const kernel = (x: Tensor) => {
      for (const t of hl.tile(4)) x.at(t, 0).to('i32').add(x.at(t, 0).to('u32')) // ✗
    }
    expect(mistake(kernel, [Y])).toMatchInlineSnapshot(`
      "add of i32 and u32
      Convert one operand: .to('i32') or .to('u32')."
    `)
  })

  it('of bits and floats', () => {
    const kernel = (x: Tensor) => {
      for (const t of hl.tile(4)) x.at(t, 0).bitAnd(1) // ✗
    }
    expect(mistake(kernel, [Y])).toMatchInlineSnapshot(`
      "bitAnd needs integers, not f32
      Convert with .to('i32') or .to('u32')."
    `)
  })

  it('of other sizes', () => {
    const kernel = (x: Tensor) => {
      for (const t of hl.tile(4)) x.at(t, 0).bitcast('f16') // ✗
    }
    expect(mistake(kernel, [Y])).toMatchInlineSnapshot(`
      "bitcast of f32 to f16
      Both must be numbers of the same size."
    `)
  })

  it('without bits', () => {
    const kernel = (x: Tensor) => {
      for (const t of hl.tile(4)) x.at(t, 0).gt(0).bitcast('u32') // ✗
    }
    expect(mistake(kernel, [Y])).toMatchInlineSnapshot(`
      "bitcast of bool to u32
      Both must be numbers of the same size."
    `)
  })

  it('too small for a number', () => {
    const kernel = (x: Tensor) => {
      for (const t of hl.tile(4)) x.at(t, 0).to('u32').add(-1) // ✗
    }
    expect(mistake(kernel, [Y])).toMatchInlineSnapshot(`
      "the number -1 does not fit u32
      Convert the tile beside it first: .to('f32'), or .to('i32') for negative numbers."
    `)
  })

  it('too small for a large number', () => {
    const kernel = (x: Tensor) => {
      for (const t of hl.tile(4)) x.at(t, 0).to('i32').mul(3e9) // ✗
    }
    expect(mistake(kernel, [Y])).toMatchInlineSnapshot(`
      "the number 3000000000 does not fit i32
      Convert the tile beside it first: .to('f32'), or .to('i32') for negative numbers."
    `)
  })

  it('without atomic operations', () => {
    const kernel = (x: Tensor) => {
      for (const t of hl.tile(4)) x.at(t, 0).atomicAdd(1) // ✗
    }
    expect(mistake(kernel, [ramp([4, 3], 'f16')])).toMatchInlineSnapshot(`
      "atomicAdd on a tensor of f16
      Atomic operations exist for i32, u32 and f32."
    `)
  })

  it('of bits, on floats', () => {
    const kernel = (x: Tensor) => {
      for (const t of hl.tile(4)) hl.atomicXor(x, [t, 0], 1) // ✗
    }
    expect(mistake(kernel, [Y])).toMatchInlineSnapshot(`
      "atomicXor on a tensor of f32
      It works on the bits of i32 and u32."
    `)
  })

  it('without atomic maximum', () => {
    const kernel = (x: Tensor) => {
      for (const t of hl.tile(4)) x.at(t, 0).atomicMax(true) // ✗
    }
    expect(mistake(kernel, [ramp([4, 3], 'bool')])).toMatchInlineSnapshot(`
      "atomicMax on a tensor of bool
      Atomic operations exist for i32, u32 and f32."
    `)
  })
})
