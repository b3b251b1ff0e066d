/**
 * A process for trials in which something goes wrong: what, says the variable TRIAL_FAULT. A fault whose name
 * ends in `once` happens once, which the file TRIAL_MARK keeps.
 */
import { existsSync, writeFileSync, writeSync } from 'node:fs'
import { serve } from '../../../src/autotuner/isolation/serve.ts'
import { type Fault, faulty, never } from '../faults.ts'

const REPLIES = 3
const { TRIAL_FAULT = '', TRIAL_MARK = '' } = process.env
const fault = TRIAL_FAULT.replace(' once', '')

const killed =
  (signal: NodeJS.Signals): Fault =>
  () => {
    process.kill(process.pid, signal)
    return never()
  }

serve(
  faulty({
    fault,
    own: {
      kill: killed('SIGKILL'),
      segv: killed('SIGSEGV'),
      exit: () => process.exit(7),
      noise: () => {
        writeSync(REPLIES, Buffer.from('Segmentation fault (core dumped), so to speak\n'))
        return never()
      },
    },
    strikes() {
      if (fault === TRIAL_FAULT) return true
      const first = !existsSync(TRIAL_MARK)
      if (first) writeFileSync(TRIAL_MARK, '')
      return first
    },
    compiling() {
      if (fault === 'compile segv') setTimeout(() => process.kill(process.pid, 'SIGSEGV'), 10)
    },
  }),
)
