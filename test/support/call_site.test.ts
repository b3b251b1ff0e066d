import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { callerOf, parseStack } from '../../src/support/call_site.ts'
import type { SourceLocation } from '../../src/support/errors.ts'

const FILE = fileURLToPath(import.meta.url)

describe('a stack', () => {
  it.each<readonly [string, string, SourceLocation]>([
    ['of V8', 'Error\n    at f (file:///a/b.ts:3:4)', { file: '/a/b.ts', line: 3, column: 4 }],
    ['of V8, without a function', 'Error\n    at /a/b.ts:3:4', { file: '/a/b.ts', line: 3, column: 4 }],
    ['of JavaScriptCore', 'f@https://x.org/m.js:12:5', { file: 'https://x.org/m.js', line: 12, column: 5 }],
    ['on Windows', 'Error\n    at f (C:\\a\\b.js:3:4)', { file: 'C:\\a\\b.js', line: 3, column: 4 }],
    ['with escapes', 'Error\n at file:///a%20b.ts?v=1:3:4', { file: '/a b.ts', line: 3, column: 4 }],
    [
      'that begins in the package and in functions of JavaScript',
      [
        'Error',
        ' at g (/package/x.ts:1:1)',
        ' at Array.map (<anonymous>)',
        ' at node:internal:1:1',
        ' at h (/other/y.ts:2:2)',
      ].join('\n'),
      { file: '/other/y.ts', line: 2, column: 2 },
    ],
  ])('%s', (_name, stack, expected) => expect(parseStack(stack, '/package/')).toEqual(expected))

  it('of the package alone names no place', () => {
    expect(parseStack('Error\n at g (/package/x.ts:1:1)', '/package/')).toBeUndefined()
    expect(parseStack('')).toBeUndefined()
  })
})

describe('callerOf', () => {
  type Find = () => SourceLocation | undefined
  const entry = (depth: number): Find => (depth === 0 ? callerOf(outer) : entry(depth - 1))
  function outer(depth: number): Find {
    return entry(depth)
  }

  it('is the call of that function, from any depth and later on', () => {
    const limit = Error.stackTraceLimit
    const found = [0, 50].map((depth) => outer(depth)) // the call
    expect(Error.stackTraceLimit).toBe(limit)
    const lines = readFileSync(FILE, 'utf8').split('\n')
    const at = lines.findIndex((text) => text.endsWith('// the call'))
    const place = { file: FILE, line: at + 1, column: (lines[at]?.indexOf('outer') ?? 0) + 1 }
    expect(found.map((find) => find())).toEqual([place, place])
  })

  it('is unknown below a function of JavaScript itself', () => {
    expect([0].map(outer).map((find) => find())).toEqual([undefined])
  })
})
