/** A Web Worker for trials in which something goes wrong: what, says TRIAL_FAULT, declared in front of it. */
import { serveWeb } from '../../../src/autotuner/isolation/serve_web.ts'
import { faulty, never } from '../faults.ts'

declare const TRIAL_FAULT: string

serveWeb(
  faulty({
    fault: TRIAL_FAULT,
    own: {
      exit() {
        globalThis.close()
        return never()
      },
      thrown() {
        setTimeout(() => {
          throw new Error('a bug of the driver')
        })
        return never()
      },
      noise() {
        globalThis.postMessage('Segmentation fault (core dumped), so to speak')
        return never()
      },
    },
  }),
)
