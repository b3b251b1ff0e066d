import { describe, expect, it } from 'vitest'
import { hl, type Operand, type Tensor, type Tile } from '../../src/language/index.ts'
import type { DType } from '../../src/support/dtypes.ts'
import { host, irOf, ramp } from '../language/harness.ts'

/** Uses everything that prints outside of a grid's body. */
function everything(x: Tensor, rows: Tensor, scale: number, shift: number): unknown {
  const [m, n] = x.shape
  const out = hl.full([m, hl.mul(n, 2)], 0.5)
  for (const i of hl.tile(2, m, { blockSize: 16 })) {
    const values = x.at(i, ':').mul(hl.where(shift, scale, -0))
    for (const j of hl.tile(n, { blockSize: 4 })) out.at(i, j).set(values.sum(1, { keepdim: true }))
  }
  for (const row of hl.grid(rows.shape[0])) out.at(rows.at(row), 0).set(hl.arange(4).sum())
  return { out, both: [x, out] }
}

const ARGUMENTS = [ramp([32, 12]), host([5], (i) => i, 'i32'), 0.5, 3] as const

describe('the printed kernel', () => {
  it('shows all that tells programs apart', () => {
    expect(irOf(everything, ARGUMENTS)).toMatchInlineSnapshot(`
      "kernel k
        argument x: f32[x.shape[0], x.shape[1]]
        argument rows: i32[rows.shape[0]]
        local local2: f32[x.shape[0], (x.shape[1] * 2)] = 0.5
        argument scale: number
        argument shift: number
        x.shape[0] is a multiple of 16
        x.shape[1] is a multiple of 4, at most 16
        guard x.shape[1] le (x.shape[1] * 2)
        grid tile0 in (x.shape[0] - 2) up to x.shape[0] by 16
          slice1 in x.shape[1]
          %0: i32[tile0] = index tile0
          %1: i32[slice1] = index slice1
          %2: f32[tile0, slice1] = load x[%0, %1]
          %3: f32 = argument 1
          %4: f32 = argument 0
          %5: f32 = -0
          %6: bool = cast %3
          %7: f32 = where %6, %4, %5
          %8: f32[tile0, slice1] = mul %2, %7
          %9: i32 = 0
          %10: i32 = size x.shape[1]
          %11 = loop tile2 in %9..%10 by 4
            %12: i32[tile2] = index tile2
            %13: f32[tile0] = sum %8 along 1
            %14: f32[tile0, 1] = view %13 (0, new)
            %15: f32[tile0, tile2] = broadcast %14
            store local2[%0, %12] = %15
        grid grid3 in rows.shape[0]
          slice4 in 4
          %16: i32 = begin grid3
          %17: i32 = load rows[%16]
          %18: i32 = 0
          %19: i32[slice4] = index slice4
          %20: i32 = sum %19 along 0
          %21: f32 = cast %20
          store local2[%17, %18] = %21
        return {out: local2, both: [x, local2]}"
    `)
  })

  it('is the same for equal kernels, wherever and whenever they are traced', () => {
    const text = irOf(everything, ARGUMENTS)
    irOf(
      (x: Tensor) => {
        for (const t of hl.tile(x.shape[0])) x.at(t).set(t.index)
      },
      [ramp([3])],
    )
    expect(irOf(everything, ARGUMENTS)).toBe(text)
  })

  it.each<readonly [string, (x: Tensor) => void, (x: Tensor) => void]>([
    ['beginnings of ranges', writeTo(() => hl.tile(1, 3)), writeTo(() => hl.tile(3, 5))],
    ['lengths of whole dimensions', sumOf(4), sumOf(5)],
    ['extents of grids', writeTo(() => hl.tile(8)), writeTo(() => hl.tile(8, { blockSize: 4 }))],
    ['extents of loops', nested({}), nested({ blockSize: 4 })],
    ['signs of zero', writes(0), writes(-0)],
    ['dtypes of numbers', writes(one('f16')), writes(one('f32'))],
  ])('differs with %s', (_what, one, other) => {
    const [first, second] = [one, other].map((fn) => irOf(fn, [ramp([8])], { dynamic: false }))
    expect(first).not.toBe(second)
  })

  it('differs with what is known of sizes', () => {
    const texts = [7, 8, 16].map((size) =>
      irOf(
        writeTo(() => hl.tile(1)),
        [ramp([size])],
      ),
    )
    expect(new Set(texts).size).toBe(3)
  })
})

function writeTo(range: () => Iterable<Tile>) {
  return (x: Tensor): void => {
    for (const t of range()) x.at(t).set(1)
  }
}

function sumOf(count: number) {
  return (x: Tensor): void => {
    for (const t of hl.tile(8)) x.at(t).set(hl.arange(count).sum())
  }
}

function nested(options: { blockSize?: number }) {
  return (x: Tensor): void => {
    for (const t of hl.tile(8)) for (const u of hl.tile(8, options)) x.at(u).set(x.at(t).sum())
  }
}

function writes(value: number | ((x: Tensor) => Operand)) {
  return (x: Tensor): void => {
    for (const t of hl.tile(8)) x.at(t).set(typeof value === 'function' ? value(x) : value)
  }
}

function one(dtype: DType) {
  return (): Operand => hl.full([], 1, dtype).exp()
}
