/** Lines of stacks as engines, compilers and bundlers write them. */
import { describe, expect, it } from 'vitest'
import { placesIn } from '../../src/support/stack_text.ts'

describe('a line of a stack', () => {
  it.each([
    ['of V8', 'at f (file:///a/b.ts:3:4)', '/a/b.ts'],
    ['of V8, without a function', 'at /a/b.ts:3:4', '/a/b.ts'],
    ['of V8, a constructor', 'at new A (/a/b.ts:3:4)', '/a/b.ts'],
    ['of V8, a method under another name', 'at A.f [as g] (/a/b.ts:3:4)', '/a/b.ts'],
    ['of V8, after a wait', 'at async f (/a/b.ts:3:4)', '/a/b.ts'],
    ['of V8, after a wait, without a function', 'at async file:///a/b.ts:3:4', '/a/b.ts'],
    ['in a folder with spaces and brackets', 'at f (/my app (old)/b.ts:3:4)', '/my app (old)/b.ts'],
    ['in such a folder, without a function', 'at /my app (old)/b.ts:3:4', '/my app (old)/b.ts'],
    ['on Windows', 'at f (C:\\a\\b.js:3:4)', 'C:\\a\\b.js'],
    ['on Windows, as a URL', 'at f (file:///C:/a/b.js:3:4)', 'C:/a/b.js'],
    ['with escapes', 'at file:///a%20b.ts?v=1:3:4', '/a b.ts'],
    ['with what is no escape', 'at file:///100%/b.ts:3:4', '/100%/b.ts'],
    ['of a server', 'at f (http://localhost:5173/b.ts?t=1:3:4)', 'http://localhost:5173/b.ts?t=1'],
    ['of a worker made from a blob', 'at f (blob:https://x.org/1-2:3:4)', 'blob:https://x.org/1-2'],
    ['of webpack', 'at f (webpack-internal:///./b.js:3:4)', 'webpack-internal:///./b.js'],
    ['of a file without a folder', 'at f (bundle.js:3:4)', 'bundle.js'],
    ['of eval: where that stands', 'at eval (eval at f (/a/b.js:3:4), <anonymous>:1:2)', '/a/b.js'],
    ['of JavaScriptCore', 'f@https://x.org/m.js:3:4', 'https://x.org/m.js'],
    ['of JavaScriptCore, of a module', 'module code@https://x.org/m.js:3:4', 'https://x.org/m.js'],
    ['of SpiderMonkey, without a name', '@https://x.org/m@1/b.js:3:4', 'https://x.org/m@1/b.js'],
    ['of SpiderMonkey, within a function', 'f/<@https://x.org/m.js:3:4', 'https://x.org/m.js'],
  ])('%s', (_name, line, file) => {
    expect(placesIn(`Error\n    ${line}`)).toEqual([{ file, line: 3, column: 4 }])
  })

  it.each(['at Array.map (<anonymous>)', 'map@[native code]', 'at node:internal/x:1:2', 'Error: a@b', ''])(
    'has no place: %s',
    (line) => expect(placesIn(line)).toEqual([]),
  )
})

it('what is no text has no places', () => {
  for (const stack of [undefined, [], { at: 1 }]) expect(placesIn(stack)).toEqual([])
})
