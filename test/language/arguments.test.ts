import { describe, expect, it } from 'vitest'
import { hl, isTracing, parameterNames, type Tensor } from '../../src/language/index.ts'
import { expectRun, host, irOf, ramp, run, traced } from './harness.ts'

const X = host([3], [1, 2, 3])

describe('arguments', () => {
  it('of two kinds are told apart', () => {
    const scaled = (x: Tensor, factor: Tensor | number): Tensor => {
      const out = hl.empty(x.shape)
      for (const t of hl.tile(x.shape[0])) {
        const by = hl.isTensor(factor) ? factor.at(t) : factor
        out.at(t).set(x.at(t).mul(by))
      }
      return out
    }
    expectRun(scaled, [X, X], [1, 4, 9])
    expectRun(scaled, [X, 2], [2, 4, 6])
  })

  it('may be lists and records of tensors and numbers', () => {
    const kernel = (
      [x, y]: readonly [Tensor, Tensor],
      options: { readonly scale: number; readonly more: { readonly z: Tensor } },
    ): Tensor => {
      const out = hl.empty(x.shape)
      for (const t of hl.tile(x.shape[0])) {
        out.at(t).set(x.at(t).add(y.at(t)).mul(options.scale).add(options.more.z.at(t)))
      }
      return out
    }
    const args = [[X, X], { scale: 10, more: { z: X } }] as const
    expect(irOf(kernel, args)).toMatchInlineSnapshot(`
      "kernel k
        argument arg0[0]: f32[arg0[0].shape[0]]
        argument arg0[1]: f32[arg0[1].shape[0]]
        argument options.more.z: f32[options.more.z.shape[0]]
        local local3: f32[arg0[0].shape[0]]
        argument options.scale: number
        guard arg0[0].shape[0] le arg0[1].shape[0]
        guard arg0[0].shape[0] le options.more.z.shape[0]
        grid tile0 in arg0[0].shape[0]
          %0: i32[tile0] = index tile0
          %1: f32[tile0] = load arg0[0][%0]
          %2: f32[tile0] = load arg0[1][%0]
          %3: f32[tile0] = add %1, %2
          %4: f32 = argument 0
          %5: f32[tile0] = mul %3, %4
          %6: f32[tile0] = load options.more.z[%0]
          %7: f32[tile0] = add %5, %6
          store local3[%0] = %7
        return local3"
    `)
    expectRun(kernel, args, [21, 42, 63])
  })

  it('that are neither tensors nor numbers arrive as they are', () => {
    expectRun(
      (x: Tensor, mode: string, [first]: readonly string[]) => {
        const out = hl.empty(x.shape)
        for (const t of hl.tile(x.shape[0])) out.at(t).set(mode === first ? x.at(t).neg() : 0)
        return out
      },
      [X, 'a', ['a', 'b']],
      [-1, -2, -3],
    )
  })

  it('that are booleans are constants: if means what it says', () => {
    const kernel = (x: Tensor, negate: boolean, { twice }: { readonly twice: boolean }): Tensor => {
      const out = hl.empty(x.shape)
      for (const t of hl.tile(x.shape[0])) {
        const value = negate ? x.at(t).neg() : x.at(t)
        if (twice) out.at(t).set(value.add(value))
        else out.at(t).set(value)
      }
      return out
    }
    expectRun(kernel, [X, false, { twice: false }], [1, 2, 3])
    expectRun(kernel, [X, true, { twice: false }], [-1, -2, -3])
    expectRun(kernel, [X, true, { twice: true }], [-2, -4, -6])
    const { scalars, specializations } = traced(kernel, [X, true, { twice: true }])
    expect([scalars, specializations]).toEqual([[], []])
  })

  it('carry the methods of a class through this', () => {
    class Scaled {
      readonly factor = 3
      apply(x: Tensor): Tensor {
        const out = hl.empty(x.shape)
        for (const t of hl.tile(x.shape[0])) out.at(t).set(x.at(t).mul(this.factor))
        return out
      }
    }
    const self = new Scaled()
    expect(run(self.apply, [X], { self }).returned).toEqual([3, 6, 9])
    expect(irOf(self.apply, [X], { self })).toContain('argument x: f32[x.shape[0]]')
  })

  it('are changed in place', () => {
    const { tensors, returned } = run(
      (x: Tensor, y: Tensor) => {
        for (const t of hl.tile(x.shape[0])) {
          const old = x.at(t)
          x.at(t).set(y.at(t))
          y.at(t).set(old)
        }
      },
      [X, host([3], [7, 8, 9])],
    )
    expect(tensors).toEqual([
      [7, 8, 9],
      [1, 2, 3],
    ])
    expect(returned).toBeUndefined()
  })

  it('of each kind are described', () => {
    const { tensors, scalars } = traced(
      (x: Tensor, scale: number, _flag: boolean, shift: number) => {
        for (const t of hl.tile(1)) x.at(t).set(hl.where(shift, scale, 0))
      },
      [ramp([2], 'i32'), 1.5, false, 3],
    )
    expect(tensors).toMatchObject([{ id: 0, name: 'x', dtype: 'i32', role: 'argument', fill: undefined }])
    expect(scalars).toEqual([
      { id: 0, name: 'scale' },
      { id: 1, name: 'shift' },
    ])
  })

  it('have dtype, shape and number of dimensions', () => {
    const seen: unknown[] = []
    traced(
      (x: Tensor) => {
        seen.push(x.dtype, x.ndim, x.shape.length, hl.emptyLike(x).dtype, hl.emptyLike(x, 'f32').dtype)
        seen.push(hl.zerosLike(x).dtype, isTracing())
        for (const t of hl.tile(1)) x.at(t, 0).set(0)
      },
      [ramp([2, 3], 'i32')],
    )
    expect(seen).toEqual(['i32', 2, 2, 'i32', 'f32', 'i32', true])
    expect(isTracing()).toBe(false)
  })
})

describe('returned values', () => {
  const returning = (pick: (x: Tensor, out: Tensor) => unknown) => (x: Tensor) => {
    const out = hl.zeros(x.shape)
    for (const t of hl.tile(1)) out.at(t).set(5)
    return pick(x, out)
  }

  it.each<readonly [string, (x: Tensor, out: Tensor) => unknown, unknown]>([
    ['one tensor', (_x, out) => out, [5, 0, 0]],
    ['an argument', (x) => x, [1, 2, 3]],
    [
      'a list',
      (x, out) => [out, x],
      [
        [5, 0, 0],
        [1, 2, 3],
      ],
    ],
    [
      'a record with lists',
      (x, out) => ({ out, all: [x, [out]] }),
      { out: [5, 0, 0], all: [[1, 2, 3], [[5, 0, 0]]] },
    ],
    [
      'the same tensor twice',
      (_x, out) => [out, out],
      [
        [5, 0, 0],
        [5, 0, 0],
      ],
    ],
    ['nothing', () => undefined, undefined],
    ['an empty list', () => [], []],
  ])('%s', (_name, pick, expected) => {
    expect(run(returning(pick), [X], { extent: 1 }).returned).toEqual(expected)
  })
})

describe('names of parameters', () => {
  it.each<readonly [string, (...args: never[]) => unknown, readonly string[]]>([
    ['functions', function named(_a: number, _b: number) {}, ['_a', '_b']],
    ['arrows', (first: number, second: number) => first + second, ['first', 'second']],
    [
      'methods',
      {
        method(one: number) {
          return one
        },
      }.method,
      ['one'],
    ],
    ['async functions', async (x: number) => x, ['x']],
    ['defaults', (a = (1 + 2) * 3, b = [1, 2], c = ')') => [a, b, c], ['a', 'b', 'c']],
    ['patterns', ({ p }: { p: number }, [q]: number[], r: number) => [p, q, r], ['arg0', 'arg1', 'r']],
    ['rest', (a: number, ...rest: number[]) => [a, rest], ['a', 'rest']],
    ['nothing', () => 0, []],
  ])('of %s', (_name, fn, expected) => {
    expect(parameterNames(fn)).toEqual(expected)
  })

  it('without parentheses or with comments', () => {
    const parse = (text: string): readonly string[] => parameterNames(new Function(`return ${text}`)())
    expect(parse('x => x')).toEqual(['x'])
    expect(parse('async $y => $y')).toEqual(['$y'])
    expect(parse('function (a /* , no */, // (b\n c) {}')).toEqual(['a', 'c'])
    expect(parse(`(a = '),', b = "(", c) => 0`)).toEqual(['a', 'b', 'c'])
  })
})
