/** Mistakes with `hl.print`, whether it prints or not. */
import { expect, it } from 'vitest'
import { hl, type Tensor } from '../../src/language/index.ts'
import { ramp } from './harness.ts'
import { mistake } from './mistakes.ts'

const X = ramp([4])

it('values without a text', () => {
  const kernel = (x: Tensor) => {
    for (const t of hl.tile(4)) hl.print(x.at(t) as never) // ✗
  }
  expect(mistake(kernel, [X])).toMatchInlineSnapshot(`
    "hl.print begins with a tile value
    Begin with a text: hl.print('x is {}', x)."
  `)
})

it('outside of loops', () => {
  const kernel = () => {
    hl.print('here') // ✗
  }
  expect(mistake(kernel, [])).toMatchInlineSnapshot(`
    "hl.print outside of a loop over tiles
    Work on tiles inside \`for (const tile of hl.tile(size)) { … }\`."
  `)
})

it('a whole tensor', () => {
  const kernel = (x: Tensor) => {
    for (const _ of hl.tile(4)) hl.print('x is {}', x as never) // ✗
  }
  expect(mistake(kernel, [X])).toMatchInlineSnapshot(`
    "hl.print got a tensor as an operand
    Operands are tile values, numbers, booleans and sizes: tensor.at(…) reads a tensor,
      tile.index is where a tile stands."
  `)
})
