/**
 * Tests and time. A limit that a test wants to be exceeded is far longer than any machine takes, and over
 * where the test says so: nothing then depends on how fast the machine is.
 */
import { onTestFinished, vi } from 'vitest'

/** The next timer of so many milliseconds or more goes off when the answer is called, now or later. */
export function heldTimer(ms: number): () => void {
  const start = globalThis.setTimeout
  const spy = vi.spyOn(globalThis, 'setTimeout')
  let end: (() => void) | undefined
  let over = false
  spy.mockImplementation(((action: () => void, delay = 0, ...rest: []) => {
    if (delay < ms) return start(action, delay, ...rest)
    spy.mockRestore()
    end = action
    return start(action, over ? 0 : delay, ...rest)
  }) as typeof setTimeout)
  onTestFinished(() => spy.mockRestore())
  return () => {
    over = true
    end?.()
  }
}

/**
 * Runs an experiment whose times are compared until its expectations hold: on a busy machine it takes a while
 * until each time was undisturbed once. What never holds fails.
 */
export async function undisturbed(experiment: () => Promise<void>, rounds = 50): Promise<void> {
  for (let round = 1; ; round++) {
    try {
      return await experiment()
    } catch (error) {
      if (round === rounds) throw error
    }
  }
}
