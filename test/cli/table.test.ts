/** Text in columns. */
import { expect, it } from 'vitest'
import { table } from '../../src/cli/table.ts'

it('aligns numbers to the right and text to the left', () => {
  const rows = [
    ['softmax', '4', '1.02x', 'a.ts'],
    ['add', '12', '–', 'longer.ts'],
  ]
  expect(table(['kernel', 'shapes', 'vs best', 'module'], rows)).toBe(
    [
      'kernel   shapes  vs best  module',
      '───────  ──────  ───────  ─────────',
      'softmax       4    1.02x  a.ts',
      'add          12        –  longer.ts',
    ].join('\n'),
  )
})

it('is its head alone without rows', () => {
  expect(table(['a', 'bc'], [])).toBe('a  bc\n─  ──')
})
