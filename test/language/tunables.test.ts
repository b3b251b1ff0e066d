/** Tunables, constants and static assertions while tracing: values, and mistakes. */
import { describe, expect, it } from 'vitest'
import { hl, type Tensor } from '../../src/language/index.ts'
import { traceKernel } from '../../src/language/trace/trace_kernel.ts'
import { Tunables } from '../../src/language/trace/tunables.ts'
import { irOf, ramp, run } from './harness.ts'
import { mistake } from './mistakes.ts'

const X = ramp([6])

/** What a kernel registers, and what it finds. */
function registered(values: ConstructorParameters<typeof Tunables>[0], register: () => unknown): unknown {
  let found: unknown
  traceKernel({
    name: 'k',
    tunables: new Tunables(values),
    args: [],
    fn() {
      found = register()
      for (const _ of hl.grid(1)) hl.arange(2)
    },
  })
  return found
}

it('have their first value until a config gives another', () => {
  const register = () => [
    hl.registerTunable('split', hl.powerOf2(2, 16)),
    hl.registerTunable('unroll', hl.integer(1, 5, 3)),
    hl.registerTunable('way', hl.oneOf('near', 'far')),
    hl.registerTunable('length', [64, 32]),
  ]
  expect(registered({}, register)).toEqual([2, 3, 'near', 64])
  expect(registered({ split: 8, way: 'far', other: 1 }, register)).toEqual([8, 3, 'far', 64])
})

it('are plain numbers: what the kernel does depends on them', () => {
  const kernel = (x: Tensor): Tensor => {
    const rounds = hl.registerTunable('rounds', hl.integer(1, 3, 2))
    const out = hl.emptyLike(x)
    for (const t of hl.tile(x.shape[0], { blockSize: hl.registerTunable('extent', [2, 4]) })) {
      let value = x.at(t).add(0)
      for (let i = 0; i < rounds; i++) value = value.mul(2)
      out.at(t).set(value)
    }
    return out
  }
  expect(irOf(kernel, [X])).toContain('grid tile0 in x.shape[0] by 2')
  expect(run(kernel, [X]).returned).toEqual(X.data.map((value) => value * 4))
})

it('may be asked for twice by one name', () => {
  const both = () => [1, 2].map(() => hl.registerTunable('split', hl.powerOf2(1, 4)))
  expect(registered({ split: 4 }, both)).toEqual([4, 4])
})

it('hl.constexpr is hl.specialize', () => {
  const kernel = (x: Tensor, n: number): Tensor => {
    const out = hl.emptyLike(x)
    for (const t of hl.tile(hl.constexpr(x.shape[0]))) {
      const acc = x.at(t).add(0).clone()
      for (const _ of hl.staticRange(hl.constexpr(n))) acc.addAssign(1)
      out.at(t).set(acc)
    }
    return out
  }
  expect(run(kernel, [X, 3]).returned).toEqual(X.data.map((value) => value + 3))
})

describe('mistakes', () => {
  it.each([
    ['a name that is a field', () => hl.registerTunable('num_warps', [1, 2])],
    ['a name that no config can hold', () => hl.registerTunable('my split', [1, 2])],
    ['no values', () => hl.registerTunable('split', [])],
    ['a number instead of a range', () => hl.registerTunable('split', 4 as never)],
    ['a range that begins at its end', () => hl.registerTunable('split', hl.powerOf2(8, 1))],
    ['a range that ends at a size', () => hl.registerTunable('split', hl.powerOf2(1, 'n' as never))],
    ['two ranges for one name', () => [1, 2].map((n) => hl.registerTunable('split', hl.integer(n, 4)))],
    ['an assertion that does not hold', () => hl.staticAssert(false, 'rows are short')],
    ['an assertion on nothing', () => hl.staticAssert(1 as never)],
  ])('%s', (_what, make) => {
    let text = ''
    try {
      registered({}, make)
    } catch (error) {
      text = String((error as Error).message).replace(/\n {2}at .*/, '')
    }
    expect(text).toMatchSnapshot()
  })

  it('an assertion on values of the device', () => {
    const kernel = (x: Tensor) => {
      for (const t of hl.tile(4)) hl.staticAssert(x.at(t).gt(0) as never, 'positive') // ✗
    }
    expect(mistake(kernel, [X])).toMatchInlineSnapshot(`
      "hl.staticAssert of a tile value, which is neither true nor false here
      It checks what is known while the kernel is traced. hl.requireEqual checks sizes at every
        launch; hl.specialize(size) makes one a number."
    `)
  })

  it('an assertion on a symbolic size', () => {
    const kernel = (x: Tensor) => {
      hl.staticAssert(x.shape[0] as never) // ✗
    }
    expect(mistake(kernel, [X])).toMatchInlineSnapshot(`
      "hl.staticAssert of the symbolic size x.shape[0], which is neither true nor false here
      It checks what is known while the kernel is traced. hl.requireEqual checks sizes at every
        launch; hl.specialize(size) makes one a number."
    `)
  })
})
