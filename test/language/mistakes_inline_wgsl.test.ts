/** Mistakes with `hl.inlineWgsl`. */
import { expect, it } from 'vitest'
import { hl, type Tensor } from '../../src/language/index.ts'
import { ramp } from './harness.ts'
import { mistake } from './mistakes.ts'

const X = ramp([4])

it('statements instead of an expression', () => {
  const kernel = (x: Tensor) => {
    for (const t of hl.tile(4)) x.at(t).set(hl.inlineWgsl('let b = a; b', { a: x.at(t) })) // ✗
  }
  expect(mistake(kernel, [X])).toMatchInlineSnapshot(`
    "hl.inlineWgsl of the string "let b = a; b"
    Give one expression in WGSL: hl.inlineWgsl('fma(a, b, c)', { a, b, c })."
  `)
})

it('a name that WGSL does not take', () => {
  const kernel = (x: Tensor) => {
    for (const t of hl.tile(4)) x.at(t).set(hl.inlineWgsl('a', { 'a-b': x.at(t) })) // ✗
  }
  expect(mistake(kernel, [X])).toMatchInlineSnapshot(`
    "hl.inlineWgsl names a value "a-b"
    Names are those of WGSL: letters, digits and _."
  `)
})

it('a reference that is no function', () => {
  const kernel = (x: Tensor) => {
    const options = { reference: 4 as never }
    for (const t of hl.tile(4)) x.at(t).set(hl.inlineWgsl('a', { a: x.at(t) }, options)) // ✗
  }
  expect(mistake(kernel, [X])).toMatchInlineSnapshot(`
    "hl.inlineWgsl: reference is 4, not a function
    Write () => … around it."
  `)
})

it('a list of values', () => {
  const kernel = (x: Tensor) => {
    for (const t of hl.tile(4)) x.at(t).set(hl.inlineWgsl('a', [x.at(t)] as never)) // ✗
  }
  expect(mistake(kernel, [X])).toMatchInlineSnapshot(`
    "hl.inlineWgsl names a value "0"
    Names are those of WGSL: letters, digits and _."
  `)
})

it('shapes that do not go together', () => {
  const kernel = (x: Tensor, y: Tensor) => {
    for (const [i, j] of hl.tile([4, 4])) {
      x.at(i).set(hl.inlineWgsl('a + b', { a: x.at(i), b: y.at(j) })) // ✗
    }
  }
  expect(mistake(kernel, [X, X])).toMatchInlineSnapshot(`
    "hl.inlineWgsl of tiles with shapes [tile0 of 4] and [tile1 of 4], which do not broadcast
    Axes align at the last one; add an axis of one with .unsqueeze(axis), or reduce with
      keepdim: true."
  `)
})
