/** Which of the fastest configs are to be timed again. */
import { expect, it } from 'vitest'
import { unsure } from '../../../src/aot/measure/unsure.ts'

/** Samples around a time, further and further from it. */
function around(ms: number, spread: number, count = 9): readonly number[] {
  return Array.from({ length: count }, (_, i) => ms * (1 + spread * (i / (count - 1) - 0.5)))
}

it('are the best and what may be faster', () => {
  expect(unsure([around(1.05, 0.3), around(1, 0.3), around(2, 0.3)])).toEqual([0, 1])
})

it('are none where the best is certain, however rough times are', () => {
  expect(unsure([around(1, 0.3), around(2, 0.3)])).toEqual([])
})

it('are none where they differ by less than a build cares for', () => {
  expect(unsure([around(1, 0.01), around(1.001, 0.01)])).toEqual([])
})

it('are none where samples are too few to tell, or there is nothing to choose between', () => {
  expect(unsure([[1], [1]])).toEqual([])
  expect(unsure([around(1, 0.5)])).toEqual([])
  expect(unsure([])).toEqual([])
})

it('become fewer with more samples', () => {
  const [few, many] = [9, 900].map((count) => unsure([around(1, 0.3, count), around(1.04, 0.3, count)]))
  expect([few, many]).toEqual([[0, 1], []])
})
