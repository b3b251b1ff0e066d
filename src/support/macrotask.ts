/** Work for the time after the present task: when it, and all promises that settle within it, are done. */

/** Runs `action` soon, after the microtasks that are waiting now and those that they lead to. */
export const soon: (action: () => void) => void =
  typeof setImmediate === 'function' ? (action) => void setImmediate(action) : throughChannel

/** Browsers delay timers that follow each other; messages come at once. */
function throughChannel(action: () => void): void {
  const { port1, port2 } = new MessageChannel()
  port1.onmessage = () => {
    port1.close()
    action()
  }
  port2.postMessage(undefined)
}

/** Resolves then, so that what has arrived meanwhile is dealt with first. */
export function nextTurn(): Promise<void> {
  return new Promise(soon)
}
