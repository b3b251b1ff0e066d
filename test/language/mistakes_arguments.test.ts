/** Arguments that a function does not take: nothing is ignored, and no error is in words of JavaScript's. */
import { describe, expect, it } from 'vitest'
import { hl, type Tensor, type TileValue } from '../../src/language/index.ts'
import { Accumulator, Ref, TileValue as Value } from '../../src/language/values/value.ts'
import { AuthorError, HelionError } from '../../src/support/errors.ts'
import { ramp, traced } from './harness.ts'
import { mistake, thrownBy } from './mistakes.ts'

const X = ramp([4, 4])
type Call = (...args: unknown[]) => unknown

/** The error of a call in the kernel. */
function errorOf(call: (x: Tensor, value: TileValue, acc: Accumulator) => unknown): unknown {
  return thrownBy(() =>
    traced(
      (x: Tensor) => {
        for (const t of hl.tile(4)) {
          call(x, x.at(t, ':'), hl.zeros([t]))
          throw new Error('nothing was thrown')
        }
      },
      [X],
    ),
  )
}

function methodsOf(...classes: readonly { readonly prototype: object }[]): readonly string[] {
  return classes.flatMap(({ prototype }) =>
    Object.entries(Object.getOwnPropertyDescriptors(prototype)).flatMap(([name, { value, enumerable }]) =>
      typeof value === 'function' && name !== 'constructor' && !enumerable ? name : [],
    ),
  )
}

/** What every test of surplus arguments gives, so that no call can go by for another reason. */
const MANY = Array.from({ length: 9 }, () => 0)
/** Functions that take any number of arguments, and what they say of zeros; `oneOf` takes these, too. */
const ANY_NUMBER: Readonly<Record<string, RegExp>> = {
  at: /^at\(…\) with 9 terms of a tile value with 2 axes$/,
  permute: /^permute( along axis 0|\(0, 0, .*\) does not name each of the 2 axes once$)/,
  print: /^hl\.print begins with the number 0$/,
}
/** Internal: not for authors. */
const INTERNAL = ['nodeIn', 'write']

describe('surplus arguments', () => {
  it.each(Object.keys(hl).filter((name) => name !== 'oneOf'))('of hl.%s', (name) => {
    const error = errorOf(() => (hl as unknown as Record<string, Call>)[name]?.(...MANY))
    const said = ANY_NUMBER[name] ?? /^hl\.\w+ takes (\(.+\)|no arguments), not 9 arguments$/
    expect(error).toMatchObject({ what: expect.stringMatching(said) })
    expect(error).toBeInstanceOf(AuthorError)
  })

  it.each(methodsOf(Value).filter((name) => !INTERNAL.includes(name)))('of value.%s', (name) => {
    const error = errorOf((_x, value) => (value as unknown as Record<string, Call>)[name]?.(...MANY))
    const said = ANY_NUMBER[name] ?? /^\w+ takes .+, not 9 arguments$/
    expect(error).toBeInstanceOf(AuthorError)
    expect(error).toMatchObject({ what: expect.stringMatching(said) })
  })

  it.each(methodsOf(Accumulator, Ref).filter((name) => !INTERNAL.includes(name)))('of %s', (name) => {
    const error = errorOf((x, _value, acc) => {
      const target = name in acc ? acc : x.at(0, 0)
      ;(target as unknown as Record<string, Call>)[name]?.(...MANY)
    })
    expect(error).toBeInstanceOf(AuthorError)
    expect(error).toMatchObject({ what: expect.stringMatching(/^\w+ takes .+, not 9 arguments$/) })
  })
})

describe('junk arguments', () => {
  const JUNK = [
    undefined,
    null,
    4,
    'text',
    Number.NaN,
    [],
    [1],
    {},
    { keepdim: 1 },
    () => 1,
    true,
    4n,
    Symbol(),
  ]

  it.each(Object.keys(hl))('of hl.%s have an error with a place', (name) => {
    for (const a of JUNK) {
      for (const args of [[], [a], [a, a], [1, a], [[1], a]]) {
        const call = (hl as unknown as Record<string, Call>)[name]
        const error = errorOf(() => {
          const result = call?.(...args) as Iterable<unknown> | undefined
          if (result && /^(tile|grid|staticRange)$/.test(name)) for (const _ of result) break
        })
        if (error instanceof Error && error.message === 'nothing was thrown') continue
        // Ranges of tunables are made outside of kernels, too.
        const kind = /^(powerOf2|integer)$/.test(name) ? HelionError : AuthorError
        expect(error, `hl.${name}(${args.map(String).join()})`).toBeInstanceOf(kind)
        expect((error as HelionError).location?.file).toMatch(/mistakes_arguments/)
      }
    }
  })

  it.each([...methodsOf(Value), ...methodsOf(Accumulator, Ref)].filter((name) => !INTERNAL.includes(name)))(
    'of %s likewise',
    (name) => {
      for (const a of JUNK) {
        for (const args of [[], [a], [a, a]]) {
          const error = errorOf((x, _value, acc) => {
            const target = name in acc ? acc : x.at(0, 0)
            ;(target as unknown as Record<string, Call>)[name]?.(...args)
          })
          if (error instanceof Error && error.message === 'nothing was thrown') continue
          expect(error, `${name}(${args.map(String).join()})`).toBeInstanceOf(AuthorError)
        }
      }
    },
  )
})

describe('arguments', () => {
  const cases: readonly (readonly [string, (x: Tensor, value: TileValue) => unknown])[] = [
    ['too many', (x, value) => (hl.exp as Call)(value, x)],
    ['too few', () => (hl.add as Call)(1)],
    ['an unknown option', (_x, value) => value.sum(-1, { keepdims: true } as never)],
    ['no options', (_x, value) => value.sum(-1, true as never)],
    ['an unknown option of a loop', () => hl.tile(4, { blocksize: 2 } as never)],
    ['a number for a shape', () => hl.zeros(4 as never)],
    ['a number for a tensor', () => hl.emptyLike(4 as never)],
    ['a step of 0', () => hl.grid(0, 4, 0)],
  ]

  it('say what they are, and what was meant', () => {
    const texts = cases.map(([title, call]) => {
      const error = errorOf(call)
      return error instanceof AuthorError ? `${title}: ${error.what}\n  ${error.remedy}` : error
    })
    expect(texts.join('\n')).toMatchInlineSnapshot(`
      "too many: hl.exp takes (a), not 2 arguments
        Leave the rest out; as a callback, write (value) => hl.exp(value).
      too few: hl.add takes (a, b), not 1 argument
        Give every one that has no question mark.
      an unknown option: sum has no option keepdims
        It has keepdim. Did you mean keepdim?
      no options: sum: the options are true, not an object
        Write { keepdim }.
      an unknown option of a loop: hl.tile has no option blocksize
        It has blockSize. Did you mean blockSize?
      a number for a shape: hl.zeros: shape is 4, not a list of sizes
        A shape has one size for each dimension: [4] or [4, 8].
      a number for a tensor: hl.emptyLike: like is 4, not a tensor
        Make one from numbers with tensor([…]).
      a step of 0: the step of a range is the number 0
        A step is a plain integer of at least 1, or a list of one for each dimension."
    `)
  })

  it('name the line', () => {
    const kernel = (x: Tensor): void => {
      for (const t of hl.tile(4)) x.at(t, 0).set(x.at(t, ':').sum(-1, { keepdims: true } as never)) // ✗
    }
    expect(mistake(kernel, [X])).toMatchInlineSnapshot(`
      "sum has no option keepdims
      It has keepdim. Did you mean keepdim?"
    `)
  })
})
