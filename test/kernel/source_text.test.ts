/** The same kernel has the same text, however it reached the runtime. */
import { transformSync } from 'esbuild'
import { expect, it } from 'vitest'
import { canonicalText, renamed } from '../../src/kernel/source_text.ts'

const SOURCE = `function softmax(x: Tensor, eps = 1e-5) {
  // rows
  const [m] = x.shape
  const out = hl.emptyLike(x, { dtype: 'f32', })
  for (const row of hl.tile(m)) {
    const v = x.at(row, ':').to("f32") /* wide */
    out.at(row, ':').set(names.map(n => v.add(n)).at(0)!.div(2));
  }
  return out
}`

function compiled(source: string, options: object = {}): string {
  return transformSync(source, { loader: 'ts', ...options }).code.trim()
}

it('does not depend on types, layout, comments, quotes and optional punctuation', () => {
  const text = canonicalText(compiled(SOURCE))
  expect(text).toBe(
    'function softmax ( x , eps = 1e - 5 ) { const [ m ] = x . shape ' +
      "const out = hl . emptyLike ( x , { dtype : 'f32' } ) " +
      "for ( const row of hl . tile ( m ) ) { const v = x . at ( row , ':' ) . to ( 'f32' ) " +
      "out . at ( row , ':' ) . set ( names . map ( n = > v . add ( n ) ) . at ( 0 ) . div ( 2 ) ) } " +
      'return out }',
  )
  expect(canonicalText(compiled(SOURCE, { minifyWhitespace: true }))).toBe(text)
  const byHand = SOURCE.replace(': Tensor', '       ').replace('.at(0)!', '.at(0) ').replaceAll('    ', '\t')
  expect(canonicalText(byHand)).toBe(text)
})

it.each([
  ['a number', '.div(2)', '.div(3)'],
  ['a name', 'emptyLike', 'zerosLike'],
  ['a string', "':'", "'::'"],
  ['the order', 'v.add(n)', 'n.add(v)'],
  ['grouping', 'v.add(n)', '(v.add)(n)'],
])('changes with %s', (_, from, to) => {
  expect(canonicalText(SOURCE.replace(from, to))).not.toBe(canonicalText(SOURCE))
})

it('leaves strings alone that look like comments or code', () => {
  expect(canonicalText(`f("a // b; c", 'it\\'s', \`x /* y */\`)`)).toBe(
    "f ( 'a // b; c' , 'it\\'s' , `x /* y */` )",
  )
})

it('knows a function that a bundler renamed', () => {
  const bundled = compiled(`export const softmax = kernel(${SOURCE})`)
  const [text = ''] = /function softmax2[\s\S]*\n\}/.exec(bundled) ?? []
  expect(renamed(canonicalText(text), 'softmax')).toBe(canonicalText(compiled(SOURCE)))
  expect(renamed('async function * a ( a )', 'b')).toBe('async function * b ( a )')
  expect(renamed('( a ) = > a', 'b')).toBe('( a ) = > a')
})
