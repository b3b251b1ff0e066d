/** How Ctrl-C, or a signal of the caller's, ends a search with the best config so far. */
import { nodeProcess } from '../support/node.ts'
import type { StopSignal } from '../support/stop_signal.ts'

export interface Interrupt {
  readonly signal: StopSignal
  release(): void
}

/**
 * A signal that the first Ctrl-C sets off, or the caller's own. The second Ctrl-C ends the process as usual.
 */
export function interruptible(signal: StopSignal | undefined): Interrupt {
  let stopped = false
  const stop = (): void => {
    nodeProcess?.stderr.write(
      '\nhelion-aot: the search ends with the best config so far; Ctrl-C again quits\n',
    )
    stopped = true
  }
  nodeProcess?.once('SIGINT', stop)
  return {
    signal: {
      get aborted() {
        return stopped || (signal?.aborted ?? false)
      },
    },
    release: () => void nodeProcess?.off('SIGINT', stop),
  }
}
