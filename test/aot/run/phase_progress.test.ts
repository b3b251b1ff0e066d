/** How far a phase is, on a clock that is made up. */
import { describe, expect, it } from 'vitest'
import { formatSeconds, PhaseProgress } from '../../../src/aot/run/phase_progress.ts'

function timed() {
  let now = 0
  const progress = new PhaseProgress(() => now)
  const work = (shape: string, units: number, seconds: number): number => {
    progress.begin()
    now += seconds * 1000
    return progress.finish(shape, units)
  }
  return { progress, work }
}

describe('PhaseProgress', () => {
  it('reckons the time left from the units done', () => {
    const { progress, work } = timed()
    for (const shape of ['a', 'b', 'c']) progress.announce(shape, 10)
    expect(progress.text).toBe('0 of 3 shapes known so far')
    expect(work('a', 10, 5)).toBe(5)
    expect(progress.text).toBe('1 of 3 shapes known so far, about 10 s left')
    progress.announce('d', 2)
    expect(progress.secondsLeft).toBe(11)
    work('b', 10, 15)
    expect(progress.secondsLeft).toBe(12)
  })

  it('counts shapes that had nothing to do, which tell nothing about time', () => {
    const { progress, work } = timed()
    progress.announce('a')
    progress.announce('b')
    expect(progress.finish('a', 0)).toBe(0)
    expect(progress.secondsLeft).toBeUndefined()
    expect(progress.text).toBe('1 of 2 shapes known so far')
    work('b', 1, 3)
    expect(progress.text).toBe('2 of 2 shapes known so far')
    progress.announce('a')
    expect(progress.shapesKnown).toBe(2)
  })
})

it.each([
  [0.25, '0.3 s'],
  [9.94, '9.9 s'],
  [10, '10 s'],
  [99.4, '99 s'],
  [99.6, '1 min 40 s'],
  [3599.6, '1 h 0 min'],
  [7500, '2 h 5 min'],
])('formatSeconds(%f)', (seconds, text) => {
  expect(formatSeconds(seconds)).toBe(text)
})
