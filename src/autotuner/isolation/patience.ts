/**
 * Waiting for a sign of life, without blaming the other side for what this one missed: a thread that is busy
 * or asleep hears nothing, and what has arrived meanwhile is heard after its timers.
 */

const TICKS = 4

/**
 * Calls `action` after so many milliseconds in which this thread could listen. Calling the answer calls it
 * off.
 */
export function patiently(ms: number, action: () => void): () => void {
  let left = TICKS
  const tick = (): void => {
    if (--left === 0) action()
    else timer = setTimeout(tick, ms / TICKS)
  }
  let timer = setTimeout(tick, ms / TICKS)
  return () => clearTimeout(timer)
}
