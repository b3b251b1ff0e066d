/** Where users called, whatever stands between them and the question. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import {
  areEntryPoints,
  calledFrom,
  callSite,
  entryPoint,
  lazyCallSite,
  userCode,
} from '../../src/support/call_site.ts'
import { type SourceLocation, UsageError } from '../../src/support/errors.ts'

const FILE = fileURLToPath(import.meta.url)
const LINES = readFileSync(FILE, 'utf8').split('\n')

/** The mark at the end of a place's line. */
function markAt(place: SourceLocation | undefined): string | undefined {
  if (!place) return undefined
  expect(place.file).toBe(FILE)
  return /\/\/ (.*)$/.exec(LINES[place.line - 1] ?? '')?.[1]
}

const deep = <T>(depth: number, body: () => T): T => (depth === 0 ? body() : deep(depth - 1, body))
const where = entryPoint((depth: number) => deep(depth, callSite))
const later = entryPoint((depth: number) => deep(depth, lazyCallSite))

/** Runs `body` with another property of Error, and puts the old one back. */
function withError<T>(
  key: 'captureStackTrace' | 'prepareStackTrace' | 'stackTraceLimit',
  value: unknown,
  body: () => T,
): T {
  const old = Reflect.get(Error, key)
  Reflect.set(Error, key, value)
  try {
    return body()
  } finally {
    Reflect.set(Error, key, old)
  }
}

describe.each([
  ['that finds the caller of a function', Error.captureStackTrace],
  ['that has nothing but stacks', undefined],
])('in an engine %s', (_name, capture) => {
  const engine = <T>(body: () => T): T => withError('captureStackTrace', capture, body)

  it('is the call of the entry, from any depth and later on', () => {
    const limit = Error.stackTraceLimit
    for (const depth of [0, 50]) {
      const now = engine(() => where(depth)) // a call
      const found = engine(() => later(depth)) // another call
      expect([now, found()].map(markAt)).toEqual(['a call', 'another call'])
    }
    expect(Error.stackTraceLimit).toBe(limit)
  })

  it('is the call of the outermost entry', () => {
    const outer = entryPoint(() => where(3))
    const place = engine(() => outer()) // the outermost
    expect(markAt(place)).toBe('the outermost')
  })

  it('is within code of the user that an entry runs', () => {
    const outer = entryPoint((body: () => SourceLocation | undefined) => [userCode(body), callSite()])
    const places = engine(() =>
      // around
      outer(() => {
        return where(2) // inside
      }),
    )
    expect(markAt(places[0])).toBe('inside')
    expect(LINES[(places[1]?.line ?? 0) - 2]).toContain('// around')
  })

  it('is behind functions of JavaScript', () => {
    const mapped = engine(() => [0].map(where)) // map
    const applied = engine(() => Reflect.apply(where, undefined, [0])) // apply
    expect([...mapped, applied].map(markAt)).toEqual(['map', 'apply'])
  })

  it('is the line of a method, of a getter, of an operator', () => {
    class Thing {
      place: SourceLocation | undefined
      method(): SourceLocation | undefined {
        return callSite()
      }
      get getter(): SourceLocation | undefined {
        return callSite()
      }
      [Symbol.toPrimitive](): string {
        this.place = callSite()
        return ''
      }
    }
    areEntryPoints(Thing.prototype, ['method', 'getter', Symbol.toPrimitive])
    const thing = new Thing()
    const method = engine(() => thing.method()) // method
    const getter = engine(() => thing.getter) // getter
    engine(() => `${thing}`) // operator
    expect([method, getter, thing.place].map(markAt)).toEqual(['method', 'getter', 'operator'])
  })
})

it('is what an earlier call said, within its later parts', () => {
  const place = { file: 'a.ts', line: 1, column: 2 }
  expect(calledFrom(place, () => where(0))).toBe(place)
  expect(calledFrom(undefined, () => where(0))).toBeUndefined()
  expect(calledFrom(place, () => later(0))()).toBe(place)
})

it('is unknown outside of entries, and after them', async () => {
  expect(callSite()).toBeUndefined()
  expect(lazyCallSite()()).toBeUndefined()
  const slow = entryPoint(async () => {
    await undefined
    return callSite()
  })
  expect(await slow()).toBeUndefined()
  const throws = entryPoint(() => {
    throw new Error('on purpose')
  })
  expect(throws).toThrow('on purpose')
  expect(callSite()).toBeUndefined()
})

it('is unknown where a program gives stacks another form', () => {
  expect(
    withError(
      'prepareStackTrace',
      () => [],
      () => where(0),
    ),
  ).toBeUndefined()
})

it('is known where a program has switched stacks off', () => {
  const place = withError('stackTraceLimit', 0, () => where(0)) // switched off
  expect(markAt(place)).toBe('switched off')
})

it('errors show the line of the call first, and each part of their message once', () => {
  const fails = entryPoint((): never => {
    throw new UsageError('too many', { remedy: 'Give fewer.' })
  })
  const error = (() => {
    try {
      return fails()
    } catch (caught) {
      return caught as UsageError
    }
  })()
  const [frame = ''] = error.stack?.split('\n').filter((line) => /^ {4}at /.test(line)) ?? []
  expect(frame).toMatch(/call_site\.test\.ts:\d+/)
  expect(inspect(error).match(/Give fewer/g)).toHaveLength(1)
  expect(error).toMatchObject({ what: 'too many', remedy: 'Give fewer.', exitCode: 2 })
})
