import { describe, expect, it } from 'vitest'
import { OP_NAMES, OPS, type OpName } from '../../src/ir/ops.ts'
import { hl, type Operand, type Tensor, type TileValue } from '../../src/language/index.ts'
import type { DType } from '../../src/support/dtypes.ts'
import { type Argument, bodyOf, expectRun, host, irOf, ramp, run } from './harness.ts'

type Method = (this: TileValue, ...rest: Operand[]) => TileValue
type Function = (...operands: Operand[]) => TileValue
type Make = (x: TileValue, y: TileValue, z: TileValue) => TileValue

const DTYPES: readonly DType[] = ['f32', 'f16', 'i32', 'u32', 'bool']

/** `make` on tiles of the arguments; the printed body of a kernel that stores the result. */
function bodyFor(make: Make, args: readonly Argument[]): string {
  return bodyOf(storing(make), args, { dynamic: false })
}

/** A kernel of one to three tensors that returns what `make` gives for their tiles, as f32. */
function storing(make: Make) {
  return (x: Tensor, y: Tensor | undefined, z: Tensor | undefined): Tensor => {
    const out = hl.empty([x.shape[0]])
    for (const t of hl.tile(x.shape[0])) {
      const [a, b, c] = [x, y, z].map((tensor) => tensor?.at(t) as TileValue)
      out.at(t).set(make(a as TileValue, b as TileValue, c as TileValue))
    }
    return out
  }
}

/** The dtype of `make`'s result, or the error's first line. */
function dtypeOf(make: Make, dtypes: readonly DType[]): string {
  let dtype = 'none'
  const note: Make = (x, y, z) => {
    const result = make(x, y, z)
    dtype = result.dtype
    return result.to('f32')
  }
  try {
    bodyFor(
      note,
      dtypes.map((of) => ramp([4], of)),
    )
  } catch (error) {
    return String(error).split('\n')[0] ?? ''
  }
  return dtype
}

function byMethod(op: OpName): Make {
  return (x, ...rest) => (x[op] as Method).apply(x, rest.slice(0, OPS[op].arity - 1))
}

function byFunction(op: OpName): Make {
  return (...operands) => (hl[op] as Function)(...operands.slice(0, OPS[op].arity))
}

describe('every operation', () => {
  it.each(OP_NAMES)('%s is a method and a function that make the same node', (op) => {
    const { arity } = OPS[op]
    const operands = OPS[op].operands === 'int' ? 'i32' : 'f32'
    const args = Array.from({ length: arity }, () => ramp([4], operands))
    const text = bodyFor(byMethod(op), args)
    expect(bodyFor(byFunction(op), args)).toBe(text)
    for (const name of ['x', 'y', 'z'].slice(0, arity)) expect(text).toContain(`load ${name}[`)
    expect(text).toMatch(new RegExp(`= ${op} %\\d+(, %\\d+){${arity - 1}}\n`))
  })

  it('has a result dtype for every operand dtype', () => {
    const rows = OP_NAMES.map((op) => {
      const dtypes = DTYPES.map((dtype) => {
        const found = dtypeOf(byMethod(op), new Array(OPS[op].arity).fill(dtype))
        return found.startsWith('AuthorError') ? '-' : found
      })
      return `${op.padEnd(10)} ${dtypes.map((dtype) => dtype.padEnd(5)).join(' ')}`.trim()
    })
    expect(
      [`${''.padEnd(10)} ${DTYPES.map((dtype) => dtype.padEnd(5)).join(' ')}`.trimEnd(), ...rows].join('\n'),
    ).toMatchInlineSnapshot(`
      "           f32   f16   i32   u32   bool
      add        f32   f16   i32   u32   i32
      sub        f32   f16   i32   u32   i32
      mul        f32   f16   i32   u32   i32
      div        f32   f16   f32   f32   f32
      floorDiv   f32   f16   i32   u32   i32
      mod        f32   f16   i32   u32   i32
      rem        f32   f16   i32   u32   i32
      fma        f32   f16   i32   u32   i32
      neg        f32   f16   i32   u32   i32
      abs        f32   f16   i32   u32   i32
      sign       f32   f16   i32   u32   i32
      square     f32   f16   i32   u32   i32
      reciprocal f32   f16   f32   f32   f32
      minimum    f32   f16   i32   u32   i32
      maximum    f32   f16   i32   u32   i32
      floor      f32   f16   i32   u32   i32
      ceil       f32   f16   i32   u32   i32
      round      f32   f16   i32   u32   i32
      trunc      f32   f16   i32   u32   i32
      fract      f32   f16   f32   f32   f32
      bitAnd     -     -     i32   u32   i32
      bitOr      -     -     i32   u32   i32
      bitXor     -     -     i32   u32   i32
      bitNot     -     -     i32   u32   i32
      shl        -     -     i32   u32   i32
      shr        -     -     i32   u32   i32
      exp        f32   f16   f32   f32   f32
      exp2       f32   f16   f32   f32   f32
      expm1      f32   f16   f32   f32   f32
      log        f32   f16   f32   f32   f32
      log2       f32   f16   f32   f32   f32
      log10      f32   f16   f32   f32   f32
      log1p      f32   f16   f32   f32   f32
      pow        f32   f16   f32   f32   f32
      sqrt       f32   f16   f32   f32   f32
      rsqrt      f32   f16   f32   f32   f32
      sin        f32   f16   f32   f32   f32
      cos        f32   f16   f32   f32   f32
      tan        f32   f16   f32   f32   f32
      asin       f32   f16   f32   f32   f32
      acos       f32   f16   f32   f32   f32
      atan       f32   f16   f32   f32   f32
      atan2      f32   f16   f32   f32   f32
      sinh       f32   f16   f32   f32   f32
      cosh       f32   f16   f32   f32   f32
      tanh       f32   f16   f32   f32   f32
      asinh      f32   f16   f32   f32   f32
      acosh      f32   f16   f32   f32   f32
      atanh      f32   f16   f32   f32   f32
      erf        f32   f16   f32   f32   f32
      sigmoid    f32   f16   f32   f32   f32
      silu       f32   f16   f32   f32   f32
      relu       f32   f16   i32   u32   i32
      gelu       f32   f16   f32   f32   f32
      geluTanh   f32   f16   f32   f32   f32
      softplus   f32   f16   f32   f32   f32
      eq         bool  bool  bool  bool  bool
      ne         bool  bool  bool  bool  bool
      lt         bool  bool  bool  bool  bool
      le         bool  bool  bool  bool  bool
      gt         bool  bool  bool  bool  bool
      ge         bool  bool  bool  bool  bool
      and        bool  bool  bool  bool  bool
      or         bool  bool  bool  bool  bool
      xor        bool  bool  bool  bool  bool
      not        bool  bool  bool  bool  bool
      isnan      bool  bool  bool  bool  bool
      isinf      bool  bool  bool  bool  bool
      isfinite   bool  bool  bool  bool  bool
      where      f32   f16   i32   u32   bool"
    `)
  })
})

describe('two dtypes', () => {
  it('meet in the wider one; i32 and u32 do not meet', () => {
    const rows = DTYPES.map((a) => DTYPES.map((b) => dtypeOf((x, y) => x.add(y), [a, b])))
    expect(rows).toEqual([
      ['f32', 'f32', 'f32', 'f32', 'f32'],
      ['f32', 'f16', 'f16', 'f16', 'f16'],
      ['f32', 'f16', 'i32', 'AuthorError: add of i32 and u32', 'i32'],
      ['f32', 'f16', 'AuthorError: add of u32 and i32', 'u32', 'u32'],
      ['f32', 'f16', 'i32', 'u32', 'i32'],
    ])
  })

  it('are cast before the operation', () => {
    expect(bodyFor((x, y) => x.mul(y), [ramp([4], 'i32'), ramp([4], 'f16')])).toMatchInlineSnapshot(`
      "%0: i32[tile0] = index tile0
      %1: i32[tile0] = load x[%0]
      %2: f16[tile0] = load y[%0]
      %3: f16[tile0] = cast %1
      %4: f16[tile0] = mul %3, %2
      %5: f32[tile0] = cast %4
      store local2[%0] = %5"
    `)
  })

  it('of which one is the condition do not mix', () => {
    expect(dtypeOf((c, a, b) => c.where(a, b), ['f32', 'i32', 'i32'])).toBe('i32')
    expect(dtypeOf((c, a) => c.where(a, 0.5), ['bool', 'i32'])).toBe('f32')
    expect(dtypeOf((c, a) => c.where(a, 7), ['f32', 'u32'])).toBe('u32')
    expect(dtypeOf((c) => c.where(true, false), ['f32'])).toBe('bool')
  })

  it('shift by any integers', () => {
    expectRun(
      storing((x) => x.shl(3).shr(1).to('f32')),
      [host([3], [1, -1, 2], 'i32')],
      [4, -4, 8],
    )
  })
})

describe('numbers', () => {
  it('take the dtype of the tile beside them', () => {
    const added = (value: Operand, dtype: DType): string => dtypeOf((x) => x.add(value), [dtype])
    expect(DTYPES.map((dtype) => added(2, dtype))).toEqual(['f32', 'f16', 'i32', 'u32', 'i32'])
    expect(DTYPES.map((dtype) => added(0.5, dtype))).toEqual(['f32', 'f16', 'f32', 'f32', 'f32'])
    expect(DTYPES.map((dtype) => added(true, dtype))).toEqual(['f32', 'f16', 'i32', 'u32', 'i32'])
  })

  it('are rounded to it', () => {
    expectRun(
      storing((x) => x.eq(0.1)),
      [host([2], [Math.fround(0.1), Math.fround(0.2)])],
      [1, 0],
    )
    expectRun(
      storing((x) => x.add(0.1)),
      [host([1], [0], 'f16')],
      [0.0999755859375],
    )
  })

  it('alone are f32', () => {
    expect(dtypeOf(() => hl.where(true, 1, 2), ['i32'])).toBe('f32')
    expect(dtypeOf(() => hl.exp(1), ['i32'])).toBe('f32')
  })

  it('keep NaN, infinity and the sign of zero', () => {
    expectRun(
      storing((x) => hl.where(x.eq(0), -0, hl.where(x.eq(1), Number.NaN, Infinity))),
      [host([3], [0, 1, 2])],
      [-0, Number.NaN, Number.POSITIVE_INFINITY],
    )
    expectRun(
      storing((x) => x.mul(0).add(-0)),
      [host([2], [1, -1])],
      [0, -0],
    )
  })
})

describe('sizes as operands', () => {
  it.each(DTYPES)('take the dtype of a tile of %s beside them, symbolic or not', (dtype) => {
    const dtypes: string[] = []
    const kernel = (x: Tensor): Tensor => {
      const out = hl.empty([x.shape[0]])
      for (const t of hl.tile(x.shape[0])) {
        const sum = x.at(t).add(x.shape[0])
        dtypes.push(sum.dtype)
        out.at(t).set(sum)
      }
      return out
    }
    expectRun(kernel, [host([3], [0, 1, 1], dtype)], [3, 4, 4])
    expect(new Set(dtypes).size).toBe(1)
  })

  it('are exact when converted by themselves', () => {
    const text = bodyOf(
      (x: Tensor) => {
        for (const t of hl.tile(x.shape[0])) x.at(t).set(hl.to(x.shape[0], 'u32'))
      },
      [ramp([4], 'u32')],
    )
    expect(text).toContain('i32 = size x.shape[0]')
    expect(text).not.toContain('f32')
  })

  it('print as sizes', () => {
    expect(
      bodyOf(
        (x: Tensor) => {
          for (const t of hl.tile(x.shape[0])) x.at(t).set(hl.div(t.index, hl.sub(x.shape[0], 1)))
        },
        [ramp([4])],
      ),
    ).toMatchInlineSnapshot(`
      "%0: i32[tile0] = index tile0
      %1: i32 = size (x.shape[0] - 1)
      %2: f32[tile0] = cast %0
      %3: f32 = cast %1
      %4: f32[tile0] = div %2, %3
      store x[%0] = %4"
    `)
  })
})

describe('number arguments', () => {
  const kernel = (x: Tensor, scale: number): Tensor => {
    const out = hl.empty([x.shape[0]], x.dtype)
    for (const t of hl.tile(x.shape[0])) out.at(t).set(x.at(t).mul(scale))
    return out
  }

  it('adopt a float dtype and are f32 beside integers', () => {
    expect(bodyOf(kernel, [ramp([4], 'f16'), 0.5])).toContain('%2: f16 = argument 0')
    expect(bodyOf(kernel, [ramp([4], 'i32'), 0.5])).toContain('%3: f32[tile0] = cast %1')
    expectRun(kernel, [host([2], [1, 3], 'f16'), 0.1], [0.0999755859375, 0.2998046875])
    expectRun(kernel, [host([2], [4, 5], 'i32'), 0.5], [2, 2])
  })

  it('are exact when read as integers, each dtype a value of its own', () => {
    const big = 16777217
    const exact = (x: Tensor, n: number): Tensor => {
      const out = hl.empty([1], 'u32')
      for (const t of hl.tile(x.shape[0])) {
        const [signed, unsigned] = [hl.to(n, 'i32'), hl.to(n, 'u32')]
        out.at(t).set(signed.sub(16777216).to('u32').add(unsigned.sub(16777216)))
      }
      return out
    }
    expectRun(exact, [ramp([1]), big], [2])
    expect(irOf(exact, [ramp([1]), big])).toContain('i32 = argument 0')
    expect(irOf(exact, [ramp([1]), big])).toContain('u32 = argument 0')
  })

  it('are true where they are not zero, fractions too', () => {
    const choose = (x: Tensor, n: number): Tensor => {
      const out = hl.empty([2])
      for (const t of hl.tile(2)) out.at(t).set(hl.where(n, x.at(t), x.at(t).neg()))
      return out
    }
    expectRun(choose, [host([2], [1, 2]), 0.25], [1, 2])
    expectRun(choose, [host([2], [1, 2]), 0], [-1, -2])
    // Compared as the f32 that it is, never read as an integer.
    expect(bodyOf(choose, [ramp([2]), 0.25])).toContain('f32 = argument 0')
    expect(bodyOf(choose, [ramp([2]), 0.25])).not.toContain('bool = argument 0')
  })
})

describe('functions of hl', () => {
  it('compute with plain numbers on the host', () => {
    const sizes: number[] = []
    run(
      (x: Tensor) => {
        sizes.push(hl.add(2, 3), hl.sub(2, 3), hl.mul(2, 3), hl.floorDiv(7, 2), hl.mod(7, 4))
        sizes.push(hl.minimum(2, 3), hl.maximum(2, 3), hl.cdiv(7, 2), hl.nextPowerOf2(9))
        for (const t of hl.tile(1)) x.at(t).set(0)
      },
      [ramp([1])],
    )
    expect(sizes).toEqual([5, -1, 6, 3, 3, 2, 3, 4, 16])
  })

  it('include every method', () => {
    expectRun(
      (x: Tensor) => {
        const out = hl.empty([8])
        const y = hl.empty([3], 'i32')
        for (const _t of hl.tile(1)) {
          const row = x.at(':')
          const column = hl.unsqueeze(row, 1)
          const values = [
            hl.sum(row),
            hl.amax(row),
            hl.amin(column, 0).sum(),
            hl.mean(row),
            hl.prod(row),
            hl.argmax(row, 0),
            hl.any(row.gt(2)),
            hl.all(row.gt(2)),
          ]
          values.forEach((value, i) => {
            out.at(i).set(value)
          })
          y.at(':').set(hl.clamp(row, 1, 2).to('i32'))
        }
        return [out, y]
      },
      [host([3], [3, 1, 2])],
      [
        [6, 3, 1, 2, 6, 0, 1, 0],
        [2, 1, 2],
      ],
    )
  })
})
