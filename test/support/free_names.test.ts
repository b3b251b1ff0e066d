import { describe, expect, it } from 'vitest'
import { freeNames } from '../../src/support/free_names.ts'

const CASES: Readonly<Record<string, readonly [text: string, ...names: string[]]>> = {
  'its own names': ['function f(x, { a: b, c = 1 }, [d], ...rest) { return x + b + c + d + rest.length }'],
  'what it takes from around it': ['(x) => helper(x.at(i)).mul(SCALE)', 'helper', 'i', 'SCALE'],
  'one parameter': ['x => x.y(z)', 'z'],
  'keys and properties': ['(x) => ({ key: x, x, shorthand, [computed]: x?.dim })', 'shorthand', 'computed'],
  'declarations without semicolons': [
    '() => {\n const a = 1\n let b = a, c = outer\n d(b)\n return c }',
    'outer',
    'd',
  ],
  'patterns with defaults': [
    '() => { const { a: { b = first }, ...c } = second; return b + c + a }',
    'first',
    'second',
    'a',
  ],
  loops: [
    '() => { for (const [tm, tn] of hl.tile([m, n])) use(tm, tn); for (let i = 0; i < k; i++) use(i) }',
    'hl',
    'm',
    'n',
    'use',
    'k',
  ],
  'texts and comments': ['() => "one" + \'two\' /* three */ + four // five', 'four'],
  templates: [`(x) => \`a \${x} b \${\`\${inner} }\`} c \${"}" + last}\``, 'inner', 'last'],
  'regular expressions': ['(x) => /a[/]b"/g.test(x) ? x / y / z : w', 'y', 'z', 'w'],
  methods: ['fill(x, value) { if (value) { go(x) } else stop(value) }', 'go', 'stop'],
  'methods of objects': ['() => ({ get(x) { return x + y }, async run({ z }) { return z } })', 'y'],
  classes: [
    '() => { class A extends B { #p = q; m(x) { return this.#p + x } } return new A(C) }',
    'B',
    'q',
    'C',
  ],
  'inner functions': ['function* (x) { function inner(y) { return y + x } yield inner(outer) }', 'outer'],
  'caught errors': ['() => { try { run() } catch (error) { tell(error) } }', 'run', 'tell'],
  'conditions and labels': ['(a) => { top: for (;;) { if (a ? b : c) break } }', 'b', 'c'],
  'names that every program has': ['(x) => Math.max(x, Number.NaN, undefined, globalThis.y)'],
  switches: ['(x) => { switch (x) { case ONE: return two\n default: return 3 } }', 'ONE', 'two'],
}

describe('the names that a text takes from around it', () => {
  it.each(Object.entries(CASES))('%s', (_what, [text, ...names]) => {
    expect(freeNames(text)).toEqual(names)
  })
})
