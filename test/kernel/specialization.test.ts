/**
 * Which calls share a binding: by dtypes, ranks and classes of sizes, marks, constants, and what a kernel
 * asks for.
 */
import { describe, expect, it } from 'vitest'
import { empty, hl, type Kernel, kernel, markStatic, type Tensor, tensor, zeros } from '../../src/index.ts'
import { baseKey } from '../../src/kernel/specialization.ts'
import type { DType } from '../../src/support/dtypes.ts'
import { located, plusOne, type Unary } from './kernels.ts'

const dynamic = { config: {}, staticShapes: false }

/** The sizes along the first dimension for which the kernel was traced. */
function counted(): { readonly kernel: Kernel<Unary>; readonly traced: number[] } {
  const traced: number[] = []
  const counting = kernel(dynamic, function counting(x: Tensor) {
    const out = hl.emptyLike(x)
    for (const t of hl.tile(x.shape[0])) out.at(t).set(x.at(t).add(1))
    traced.push(traced.length)
    return out
  })
  return { kernel: counting, traced }
}

function keys(of: Kernel<Unary>, shapes: readonly (readonly number[])[], dtype: DType = 'f32'): string[] {
  return shapes.map((shape) => of.specializationKey(empty(shape, { dtype })).trim())
}

describe('sizes', () => {
  it('are constants when shapes are static', () => {
    expect(keys(plusOne(), [[0], [1], [7], [16]])).toEqual(['f32[=0]', 'f32[=1]', 'f32[=7]', 'f32[=16]'])
  })

  it('of 0 and 1 are constants when shapes are dynamic, others by what divides them', () => {
    expect(keys(plusOne(dynamic), [[0], [1], [7], [8], [16], [48], [60]])).toEqual([
      'f32[=0]',
      'f32[=1]',
      'f32[/1]',
      'f32[/4]',
      'f32[/16]',
      'f32[/16]',
      'f32[/4]',
    ])
  })

  it('of more elements than 32 bits can count have a mark', () => {
    const key = (shape: readonly number[]) =>
      baseKey([{ kind: 'tensor', dtype: 'bool', shape, dynamic: [true, true] }])
    expect(key([2 ** 16, 2 ** 15])).toBe('bool[/16,/16]!')
    expect(key([2 ** 16, 2 ** 15 - 1])).toBe('bool[/16,/1]')
  })

  it('share a binding and one trace, and each call has the right end', async () => {
    const { kernel: add, traced } = counted()
    for (const size of [7, 9, 1001, 7]) {
      const values = await add(zeros([size])).data()
      expect([...values]).toEqual(Array(size).fill(1))
    }
    expect(traced).toHaveLength(1)
    expect(add.bind(empty([5])).bound).toBe(add.bind(empty([11])).bound)
    expect(add.bind(empty([5])).bound).not.toBe(add.bind(empty([12])).bound)
    expect(traced).toHaveLength(2)
  })
})

it('dtypes and ranks have bindings of their own', () => {
  const sum = kernel(dynamic, function sum(x: Tensor) {
    const out = hl.empty([x.shape[0]], x.dtype)
    for (const t of hl.tile(x.shape[0])) out.at(t).set(x.at(t, ...Array(x.ndim - 1).fill(0)))
    return out
  })
  expect([...keys(sum, [[7], [7, 8]]), ...keys(sum, [[7, 8]], 'i32')]).toEqual([
    'f32[/1]',
    'f32[/1,/4]',
    'i32[/1,/4]',
  ])
})

describe('markStatic', () => {
  it('makes the dimensions of one tensor constants', () => {
    const add = plusOne(dynamic)
    expect(add.specializationKey(markStatic(empty([48])))).toBe('f32[=48] ')
    expect(add.specializationKey(empty([48]))).toBe('f32[/16] ')
    const row = empty([5, 6])
    expect(markStatic(row, -1)).toBe(row)
    const first = kernel(dynamic, function first(x: Tensor) {
      const out = hl.empty([x.shape[0]])
      for (const t of hl.tile(x.shape[0])) out.at(t).set(x.at(t, 0))
      return out
    })
    expect(first.specializationKey(row)).toBe('f32[/1,=6] ')
    markStatic(row, [0])
    expect(first.specializationKey(row)).toBe('f32[=5,=6] ')
  })

  it('refuses dimensions that are not there, and what is no tensor', () => {
    expect(() => markStatic(empty([5]), 1)).toThrow('markStatic of dimension 1 of a tensor with 1 dimensions')
    expect(() => markStatic(empty([5]), -2)).toThrow('markStatic of dimension -2')
    expect(() => markStatic(empty([5]), [0.5])).toThrow('markStatic of dimension 0.5')
    expect(() => markStatic({})).toThrow('markStatic needs a tensor')
  })
})

describe('what a kernel asks for', () => {
  it('hl.specialize of a size: one binding for each value', async () => {
    const traced: unknown[] = []
    const widths = kernel(dynamic, function widths(x: Tensor) {
      const n = hl.specialize(x.shape[1])
      traced.push(n)
      const out = hl.empty([x.shape[0]])
      for (const t of hl.tile(x.shape[0])) out.at(t).set(x.at(t, 0).add(n))
      return out
    })
    for (const n of [6, 10, 6]) expect((await widths(zeros([3, n])).data())[2]).toBe(n)
    expect(traced).toEqual([6, 10])
    expect(widths.bind(empty([5, 6])).bound).toBe(widths.bind(empty([9, 6])).bound)
    expect(widths.bind(empty([5, 6])).bound).not.toBe(widths.bind(empty([5, 10])).bound)
  })

  it('hl.specialize of a number: each value has its own answer', async () => {
    const traced: number[] = []
    const power = kernel({ config: {} }, function power(x: Tensor, n: number) {
      const exponent = hl.specialize(n)
      traced.push(exponent)
      const out = hl.emptyLike(x)
      for (const t of hl.tile(x.shape[0])) {
        let value = x.at(t).add(0)
        for (let i = 1; i < exponent; i++) value = value.mul(x.at(t))
        out.at(t).set(value)
      }
      return out
    })
    const x = tensor([1, 2, 3])
    expect([...(await power(x, 2).data())]).toEqual([1, 4, 9])
    expect([...(await power(x, 3).data())]).toEqual([1, 8, 27])
    expect([...(await power(x, 2).data())]).toEqual([1, 4, 9])
    power(x, Number.NaN)
    power(x, Number.NaN)
    expect(traced).toEqual([2, 3, Number.NaN])
    expect(power.specializationKey(x, 2)).not.toBe(power.specializationKey(x, 3))
  })

  it('a whole dimension: one binding for each next power of two', async () => {
    const sums = kernel(dynamic, function sums(x: Tensor) {
      const out = hl.empty([x.shape[0]])
      for (const t of hl.tile(x.shape[0])) out.at(t).set(x.at(t, ':').add(1).sum(-1))
      return out
    })
    for (const n of [33, 63, 65]) expect((await sums(zeros([3, n])).data())[1]).toBe(n)
    expect(sums.bind(empty([3, 33])).bound).toBe(sums.bind(empty([3, 63])).bound)
    expect(sums.bind(empty([3, 63])).bound).not.toBe(sums.bind(empty([3, 65])).bound)
    expect(sums.specializationKey(empty([3, 33]))).toBe(
      'f32[/1,/1] {"axis":1,"by":"next_power_of_2","kind":"dim","tensor":0}=64',
    )
  })
})

describe('other arguments', () => {
  type Anything = (x: Tensor, other?: unknown) => Tensor
  const any = kernel(dynamic, function any(x: Tensor, _other?: unknown) {
    const out = hl.emptyLike(x)
    for (const t of hl.tile(x.shape[0])) out.at(t).set(x.at(t))
    return out
  }) as unknown as Kernel<Anything>
  const key = (other?: unknown): string =>
    any.specializationKey(empty([7]), other).replace(/^f32\[\/1\];/, '')

  it('constants by value, numbers not at all', () => {
    expect([key(1), key(2.5)]).toEqual(['number ', 'number '])
    expect([key('a'), key('b'), key(true), key(null), key(undefined)]).toEqual([
      '"a" ',
      '"b" ',
      'true ',
      'null ',
      'undefined ',
    ])
    expect(any.specializationKey(empty([7]))).toBe('f32[/1] ')
  })

  it('functions and objects with a class by identity', () => {
    const [f, g] = [() => 1, () => 1]
    expect(key(f)).toBe(key(f))
    expect(key(f)).not.toBe(key(g))
    const map = new Map()
    expect(key(map)).toBe(key(map))
    expect(key(map)).not.toBe(key(new Map()))
  })

  it('lists and records by what is in them', () => {
    expect(key([empty([4]), 2])).toBe('[f32[/4],number] ')
    expect(key({ w: empty([16], { dtype: 'i32' }), deep: [{ on: false }] })).toBe(
      '{w:i32[/16],deep:[{on:false}]} ',
    )
    expect(key([])).not.toBe(key({}))
  })

  it('refuses what no kernel takes', () => {
    expect(() => key(new Float32Array(2))).toThrow(
      located(
        'kernel/specialization.test.ts',
        'a kernel was called with Float32Array as an argument',
        'Arguments are tensors (make one with tensor',
      ),
    )
    expect(() => key(2n)).toThrow('a kernel was called with BigInt as an argument')
  })
})

it('the key option joins the key', async () => {
  const asked: (readonly number[])[] = []
  const add = plusOne({
    ...dynamic,
    key: (x) => {
      asked.push(x.shape as readonly number[])
      return [x.shape[0] > 100, 'v']
    },
  })
  expect(add.specializationKey(empty([7]))).toBe('f32[/1]|0,v ')
  expect(add.specializationKey(empty([101]))).toBe('f32[/1]|1,v ')
  expect(asked).toContainEqual([101])
  expect(add.bind(empty([7])).bound).toBe(add.bind(empty([9])).bound)
  expect(add.bind(empty([7])).bound).not.toBe(add.bind(empty([103])).bound)
})
