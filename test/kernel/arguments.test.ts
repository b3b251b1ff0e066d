/**
 * What a kernel takes and what a call gives back: lists, records, numbers, the same tensor twice, in place.
 */
import { describe, expect, it } from 'vitest'
import { empty, getDevice, hl, kernel, type Tensor, tensor, zeros } from '../../src/index.ts'
import { readArguments } from '../../src/kernel/call_arguments.ts'
import { Stream } from '../../src/runtime/stream.ts'
import { located, plusOne } from './kernels.ts'

const given = { config: {} }

describe('arguments', () => {
  it('in lists and records, at any depth', async () => {
    type Parts = { readonly bias: Tensor; readonly more: readonly { readonly scale: number }[] }
    const combine = kernel(given, function combine(xs: readonly Tensor[], { bias, more }: Parts) {
      const [x, y] = xs as [Tensor, Tensor]
      const out = hl.emptyLike(x)
      for (const t of hl.tile(x.shape[0]))
        out.at(t).set(
          x
            .at(t)
            .mul(more[0]?.scale ?? 0)
            .add(y.at(t))
            .add(bias.at(0)),
        )
      return out
    })
    const [x, y, bias] = [tensor([1, 2, 3]), tensor([10, 20, 30]), tensor([0.5])]
    const result = (scale: number) => combine([x, y], { bias, more: [{ scale }] }).data()
    expect([...(await result(2))]).toEqual([12.5, 24.5, 36.5])
    expect([...(await result(-1))]).toEqual([9.5, 18.5, 27.5])
  })

  it.each([
    ['null', [null], 'x, y'],
    ['none', [], 'x, y'],
    ['the first alone', [zeros([4])], 'y'],
  ])('that are missing are told with the place of the call: %s', (_, args, missing) => {
    const sum = kernel(given, function sum(x: Tensor, y: Tensor) {
      const [out, more] = [hl.emptyLike(x), hl.zerosLike(y)]
      for (const t of hl.tile(x.shape[0])) out.at(t).set(x.at(t).add(more.at(t)))
      return out
    })
    const call = sum as (...values: readonly unknown[]) => unknown
    expect(() => call(...args)).toThrow(
      /^hl\.\w+: like is \w+, not a (?:tile value or a )?tensor\n {2}at .*arguments\.test\.ts:/,
    )
    const place = String.raw`arguments\.test\.ts:\d+:\d+\.`
    expect(() => call(...args)).toThrow(
      new RegExp(`\n {2}sum was called without ${missing}, at .*${place} Make (?:one|a tensor) from`),
    )
  })

  it('tensors and numbers are counted in the order in which they stand', () => {
    const [a, b, c] = [empty([2]), empty([3]), empty([4], { dtype: 'i32' })]
    const call = readArguments([a, 1, [b, { n: 2, c }], 3])
    expect(call.tensors).toEqual([a, b, c])
    expect(call.scalars).toEqual([1, 2, 3])
    expect(call.signature).toBe('f32[2];n;(f32[3];{n=n;c=i32[4];};);n;')
  })

  it('numbers are given at launch, as what the kernel uses them as', async () => {
    const shift = kernel(given, function shift(x: Tensor, by: number, scale: number) {
      const out = hl.emptyLike(x)
      for (const t of hl.tile(x.shape[0])) out.at(t).set(x.at(t.index.add(by).to('i32')).mul(scale))
      return out
    })
    const x = tensor([1, 2, 3, 4])
    expect([...(await shift(x, 1, 0.5).data())]).toEqual([1, 1.5, 2, 0])
    expect([...(await shift(x, -2, 10).data())]).toEqual([0, 0, 10, 20])
    expect([...(await shift(x, 0, Number.POSITIVE_INFINITY).data())]).toEqual(Array(4).fill(Infinity))
  })

  it('the same tensor twice', async () => {
    const add = kernel(given, function add(x: Tensor, y: Tensor) {
      const out = hl.emptyLike(x)
      for (const t of hl.tile(x.shape[0])) out.at(t).set(x.at(t).add(y.at(t)))
      return out
    })
    const x = tensor([1, 2, 3])
    expect([...(await add(x, x).data())]).toEqual([2, 4, 6])
  })

  it('the same tensor twice, when the kernel writes to it, is an error', async () => {
    const addTo = kernel(given, function add_to(x: Tensor, y: Tensor) {
      for (const t of hl.tile(x.shape[0])) x.at(t).set(x.at(t).add(y.at(t)))
    })
    const x = tensor([1, 2, 3])
    addTo(x, x)
    const message = /The same tensor is bound twice.*the kernel writes to it[\s\S]*arguments\.test\.ts:\d+/
    await expect(x.data()).rejects.toThrow(message)
    await expect(x.data()).rejects.toThrow(message)
    expect([...(await x.write([4, 5, 6]).data())]).toEqual([4, 5, 6])
    addTo(x, tensor([1, 1, 1]))
    expect([...(await x.data())]).toEqual([5, 6, 7])
    addTo(x, x)
    await expect(x.data()).rejects.toThrow(message)
  })

  it('of other streams are an error', async () => {
    const device = await getDevice()
    const [here, there] = [tensor([1]), tensor([1], { stream: new Stream(device) })]
    const add = kernel(given, function add(x: Tensor, y: Tensor) {
      const out = hl.emptyLike(x)
      for (const t of hl.tile(x.shape[0])) out.at(t).set(x.at(t).add(y.at(t)))
      return out
    })
    expect(() => add(here, there)).toThrow(
      located('arguments.test.ts', 'a kernel was called with tensors of different streams', 'Make all'),
    )
    const result = add(there, there)
    expect((result as typeof there).stream).toBe(there.stream)
    expect([...(await result.data())]).toEqual([2])
  })

  it('that were disposed are an error at the call', () => {
    const x = tensor([1])
    x.dispose()
    expect(() => plusOne()(x)).toThrow(
      /tensor #\d+ f32\[1\] was used after it had been disposed at .*arguments\.test\.ts/,
    )
  })
})

describe('results', () => {
  it('are what the kernel function returns, with tensors in their places', async () => {
    const parts = kernel(given, function parts(x: Tensor) {
      const [sum, low, flags] = [hl.empty([1]), hl.full([2], 7), hl.zeros([2], 'bool')]
      for (const _ of hl.grid(1)) sum.at(0).set(x.at(':').sum(0))
      return { sum, list: [low, [flags]], none: undefined, empty: null, x }
    })
    const x = tensor([1, 2, 3])
    const { sum, list, none, empty, x: same } = parts(x)
    const [low, [flags]] = list as unknown as [Tensor, [Tensor]]
    expect([none, empty]).toEqual([undefined, null])
    expect(same).toBe(x)
    expect([sum, low, flags].map(({ dtype, shape }) => `${dtype}[${shape}]`)).toEqual([
      'f32[1]',
      'f32[2]',
      'bool[2]',
    ])
    expect([...(await sum.data())]).toEqual([6])
    expect([...(await low.data())]).toEqual([7, 7])
    expect([...(await flags.data())]).toEqual([0, 0])
  })

  it('are nothing for kernels that only write to their arguments, which happens in order', async () => {
    const twice = kernel(given, function twice(x: Tensor) {
      for (const t of hl.tile(x.shape[0])) x.at(t).set(x.at(t).mul(2))
    })
    const x = tensor([1, 2])
    expect(twice(x)).toBeUndefined()
    const [before] = [plusOne()(x)]
    twice(x)
    twice(x)
    expect([...(await x.data())]).toEqual([8, 16])
    expect([...(await before.data())]).toEqual([3, 5])
  })

  it('have sizes computed from those of the arguments', async () => {
    const pairs = kernel({ ...given, staticShapes: false }, function pairs(x: Tensor) {
      const out = hl.zeros([hl.cdiv(x.shape[0], 2), 2])
      for (const t of hl.tile(hl.cdiv(x.shape[0], 2))) {
        out.at(t, 0).set(x.at(t.index.mul(2)))
        out.at(t, 1).set(x.at(t.index.mul(2).add(1)))
      }
      return out
    })
    for (const size of [5, 7, 9]) {
      const out = pairs(zeros([size]))
      expect(out.shape).toEqual([(size + 1) / 2, 2])
      await out.data()
    }
  })
})

describe('surplus arguments', () => {
  const x = empty([1])
  const one = plusOne()
  const calls: Readonly<Record<string, (...args: never[]) => unknown>> = {
    call: one,
    bind: one.bind,
    'binding call': one.bind(x),
    'config call': one.bind(x).compileConfig({}),
    specializationKey: one.specializationKey,
    normalizeArgs: one.normalizeArgs,
  }

  it.each(Object.keys(calls))('of a %s are refused', (name) => {
    expect(() => calls[name]?.(...([x, undefined] as never[]))).toThrow(
      located('arguments.test.ts', 'plus_one takes (x), not 2 arguments', 'Leave the rest out.'),
    )
  })

  it('of a search are refused', async () => {
    await expect(async () => one.autotune([x, 2] as never)).rejects.toThrow(
      located('arguments.test.ts', 'plus_one takes (x), not 2 arguments', 'Leave the rest out.'),
    )
  })

  it('are those that the function does not have, whatever its form', () => {
    const called = (fn: (...args: never[]) => unknown) => () =>
      kernel({ ...given, name: 'formed' }, fn).normalizeArgs(...(Array(5).fill(1) as never[]))
    expect(called((_a: number, _b = ')', _c = [1, 2]) => 0)).toThrow('takes (_a, _b, _c), not 5 arguments')
    expect(called(() => 0)).toThrow('takes no arguments, not 5 arguments')
    for (const open of [
      (_a: number, ..._more: number[]) => 0,
      function counted() {
        // biome-ignore lint/complexity/noArguments: this is what is tested.
        return arguments.length
      },
      new Function('a, b, c, d, e', 'return 0') as () => unknown,
    ])
      expect(called(open as never)).not.toThrow()
  })
})

describe('normalizeArgs', () => {
  const fn = kernel(given, function fn(x: Tensor, _k = 1, _options?: { readonly a: number }) {
    return x
  })

  it('fills what is missing with undefined', () => {
    const x = empty([1])
    expect(fn.normalizeArgs(x)).toEqual([x, undefined, undefined])
    expect(fn.normalizeArgs(x, 2, { a: 1 })).toEqual([x, 2, { a: 1 }])
    expect(fn.normalizeArgs()).toEqual([undefined, undefined, undefined])
  })

  it('refuses too many', () => {
    expect(() => fn.normalizeArgs(...([1, 2, 3, 4] as never[]))).toThrow(
      located('arguments.test.ts', 'fn takes (x, _k, _options), not 4 arguments', 'Leave the rest out.'),
    )
  })
})
