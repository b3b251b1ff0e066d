import { describe, expect, it } from 'vitest'
import { PollRest } from '../../src/runtime/adapter/poll_rest.ts'

/** A loop that turns when it is told to, on a clock of its own. */
function byHand() {
  const waiting: (() => void)[] = []
  const seen = { sleeps: 0, clock: 0 }
  const rest = new PollRest({
    next: (turn) => void waiting.push(turn),
    sleep: () => void seen.sleeps++,
    now: () => seen.clock,
  })
  const turn = (ms = 1) => {
    seen.clock += ms
    const due = waiting.splice(0)
    for (const action of due) action()
    return due.length
  }
  return { rest, seen, turn }
}

describe('PollRest', () => {
  it('sleeps once a turn while something is waited for, and then ends', async () => {
    const { rest, seen, turn } = byHand()
    let end = (_: number) => {}
    const work = rest.during(new Promise<number>((resolve) => (end = resolve)))
    expect([turn(), turn(), turn(), turn()]).toEqual([1, 1, 1, 1])
    expect(seen.sleeps).toBe(3)
    end(7)
    expect(await work).toBe(7)
    expect([turn(), turn()]).toEqual([1, 0])
    expect(seen.sleeps).toBe(3)
  })

  it('does not sleep in a short wait', async () => {
    const { rest, seen, turn } = byHand()
    const work = rest.during(Promise.resolve())
    turn(0.5)
    await work
    turn(100)
    expect(seen.sleeps).toBe(0)
  })

  it('turns once for waits within each other, and goes on after a rejection', async () => {
    const { rest, seen, turn } = byHand()
    let end = () => {}
    const outer = rest.during(new Promise<void>((resolve) => (end = resolve)))
    turn(10)
    await expect(rest.during(Promise.reject(new Error('no')))).rejects.toThrow('no')
    expect([turn(), seen.sleeps]).toEqual([1, 2])
    end()
    await outer
    turn()
    const again = rest.during(new Promise<void>((resolve) => (end = resolve)))
    expect(turn(0.1)).toBe(1)
    expect(seen.sleeps).toBe(2)
    end()
    await again
  })

  it('leaves everything as it is without a loop', async () => {
    expect(await new PollRest().during(Promise.resolve(1))).toBe(1)
  })
})
