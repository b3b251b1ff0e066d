/**
 * Tests and time. A limit that a test wants to be exceeded is far longer than any machine takes, and over at
 * once where the test says so: nothing then depends on how fast the machine is.
 */
import { onTestFinished, vi } from 'vitest'

/** The next timer of so many milliseconds goes off at once. Only the limit under test may last that long. */
export function endAtOnce(ms: number): void {
  const start = globalThis.setTimeout
  const spy = vi.spyOn(globalThis, 'setTimeout')
  spy.mockImplementation(((action: () => void, delay?: number, ...rest: []) => {
    if (delay === ms) spy.mockRestore()
    return start(action, delay === ms ? 0 : delay, ...rest)
  }) as typeof setTimeout)
  onTestFinished(() => spy.mockRestore())
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
