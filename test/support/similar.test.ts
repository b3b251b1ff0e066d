/** Near misses are found, and other words left alone. */
import { expect, it } from 'vitest'
import { didYouMean, mostSimilar } from '../../src/support/similar.ts'

const KNOWN = ['build', 'help', 'collect', 'dtype']

it.each([
  ['buld', 'build'],
  ['bulid', 'build'],
  ['Build', 'build'],
  ['dtyp', 'dtype'],
  ['colect', 'collect'],
  ['hepl', 'help'],
])('%s is taken for %s', (word, meant) => {
  expect(mostSimilar(word, KNOWN)).toBe(meant)
  expect(didYouMean(word, KNOWN)).toBe(` Did you mean ${meant}?`)
})

it.each(['init', 'node', '', 'b', 'evaluate', 'builder_of_things'])('%j is like none', (word) => {
  expect(mostSimilar(word, KNOWN)).toBeUndefined()
  expect(didYouMean(word, KNOWN)).toBe('')
})
