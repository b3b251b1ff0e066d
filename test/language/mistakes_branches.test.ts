/** Branches that are none. */
import { expect, it } from 'vitest'
import { hl, type Tensor, type TileValue } from '../../src/language/index.ts'
import { ramp } from './harness.ts'
import { mistake } from './mistakes.ts'

const body = (condition: (x: Tensor, t: TileValue) => unknown, then: unknown = () => undefined) =>
  mistake(
    (x: Tensor) => {
      for (const t of hl.tile(x.shape[0])) {
        hl.when(condition(x, x.at(t)) as TileValue, then as () => void) // ✗
      }
    },
    [ramp([4])],
  )

it('a condition for each element', () => {
  expect(body((_, v) => v.gt(0))).toMatchInlineSnapshot(`
    "hl.when of a condition with shape [tile0 of x.shape[0]]
    One condition decides for the whole program: reduce it with .any() or .all(), or choose
      elements with hl.where."
  `)
  expect(body((_, v) => v.gt(0).any(0, { keepdim: true }))).toMatchInlineSnapshot(`
    "hl.when of a condition with shape [1]
    Take its one element: .any()."
  `)
})

it('a body that is none, or async', () => {
  expect(body((x) => x.at(0), 3)).toMatchInlineSnapshot(`
    "hl.when: body is 3, not a function
    Write () => … around it."
  `)
  expect(
    body(
      (x) => x.at(0),
      async () => undefined,
    ),
  ).toMatchInlineSnapshot(`
    "the body of hl.when is an async function
    It only describes work: remove async and await."
  `)
})

it('outside of loops', () => {
  const outside = (x: Tensor): void => {
    hl.when(true, () => undefined) // ✗
    for (const t of hl.tile(x.shape[0])) x.at(t).set(0)
  }
  expect(mistake(outside, [ramp([4])])).toMatchInlineSnapshot(`
    "hl.when outside of a loop over tiles
    Work on tiles inside \`for (const tile of hl.tile(size)) { … }\`."
  `)
})

it('hl.continueIf inside of hl.when', () => {
  const inside = (x: Tensor): void => {
    for (const t of hl.tile(x.shape[0])) {
      hl.when(x.at(0), () => {
        hl.continueIf(true) // ✗
        x.at(t).set(0)
      })
    }
  }
  expect(mistake(inside, [ramp([4])])).toMatchInlineSnapshot(`
    "hl.continueIf inside of hl.when
    Call it in the body of the loop itself: hl.continueIf(hl.and(a, b))."
  `)
})

it('a value that is used after it', () => {
  const after = (x: Tensor): void => {
    for (const t of hl.tile(x.shape[0])) {
      let last: TileValue | undefined
      hl.when(x.at(0), () => {
        last = x.at(t)
      })
      x.at(t).set(last ?? 0) // ✗
    }
  }
  expect(mistake(after, [ramp([4])])).toMatchInlineSnapshot(`
    "a value made inside of hl.when is used after it
    Carry it out in an accumulator, made before by hl.zeros([…]) or value.clone() and changed
      inside by acc.assign(…); or choose by elements: hl.where(condition, a, b)."
  `)
})
