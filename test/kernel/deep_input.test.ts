/** Lists in lists, calls in calls, loops in loops, deeper than any stack: sentences with the user's line. */
import { expect, it } from 'vitest'
import { Config, hl, kernel, ones, type Tensor, tensor } from '../../src/index.ts'
import { HelionError } from '../../src/support/errors.ts'
import { authorError, thrownBy } from '../language/mistakes.ts'

const DEPTH = 20_000
const x = ones([64])

/** A value in that many lists. */
function nested(value: unknown): never {
  let list = value
  for (let level = 0; level < DEPTH; level++) list = [list]
  return list as never
}

const REMEDY = 'See whether a function calls itself without end, or what is passed is nested too deep.'
const FULL = `the stack of calls is full\n${REMEDY}`

it('a list in lists, and one that holds itself, are no tensor', () => {
  const circle: unknown[] = []
  circle.push(circle)
  for (const list of [nested(1), circle as never]) {
    const error = thrownBy(() => tensor(list))
    expect(error).toBeInstanceOf(HelionError)
    expect(String(error)).toMatch(
      /^UsageError: Nested arrays of more than 100 levels are no tensor\n {2}at .*:\d+/,
    )
  }
})

it('a list in lists is no field of a config', () => {
  expect(String(thrownBy(() => new Config({ block_sizes: nested(64) })))).toMatch(
    /^ConfigError: config field block_sizes(\[0\]){8} is nested deeper than 8 lists/,
  )
})

it('a list in lists is no argument, shape or setting', () => {
  const copy = kernel({ config: {} }, function copy(a: Tensor, _list: never) {
    const out = hl.emptyLike(a)
    for (const t of hl.tile(a.shape[0])) out.at(t).set(a.at(t))
    return out
  })
  expect(authorError(() => copy(x, nested(1)))).toBe(FULL) // ✗
  expect(authorError(() => x.reshape(nested(64)))).toBe(FULL) // ✗
  const settings = { ignoreWarnings: nested('all') }
  expect(authorError(() => kernel(settings, function none() {}))).toBe(FULL) // ✗
})

it('functions that call themselves without end, in a kernel and in what it calls', () => {
  const plain = (value: number): number => 1 + plain(value) // ✗
  const onTiles = (value: unknown): unknown => onTiles(hl.add(value as never, 1)) // ✗
  const first = kernel({ config: {} }, function first(a: Tensor) {
    plain(1)
    return a
  })
  const second = kernel({ config: {} }, function second(a: Tensor) {
    for (const t of hl.tile(a.shape[0])) onTiles(a.at(t))
    return a
  })
  expect(authorError(() => first(x))).toBe(FULL)
  expect(authorError(() => second(x))).toBe(FULL)
})

it('loops and branches within each other', () => {
  const within = (a: Tensor, out: Tensor, tile: never, levels: number, branch: boolean): void => {
    const next = (): void => within(a, out, tile, levels - 1, branch)
    if (levels === 0) out.at(tile).set(a.at(tile))
    else if (branch)
      hl.when(a.at(0).gt(0), next) // ✗
    else for (const _ of hl.grid(a.shape[0])) next() // ✗
  }
  const run = (levels: number, branch: boolean) =>
    kernel({ config: {} }, function deep(a: Tensor) {
      const out = hl.emptyLike(a)
      for (const t of hl.tile(a.shape[0])) within(a, out, t as never, levels, branch)
      return out
    })
  for (const branch of [true, false])
    expect(authorError(() => run(DEPTH, branch)(x))).toContain(
      'loops and branches are nested more than 16 deep\n',
    )
  expect(() => run(8, true).bind(x)).not.toThrow()
})
