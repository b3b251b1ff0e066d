/**
 * A program that has configs tried in a process of their own, and prints which process that is and where the
 * file with the arguments is. Then it ends (`ends`), stays (`stays`), or waits for a config that blocks the
 * thread of the process (`stuck`).
 */
import { join } from 'node:path'
import { IsolatedRunner } from '../../../src/autotuner/isolation/isolated_runner.ts'
import { connectProcess } from '../../../src/autotuner/isolation/node_process.ts'
import { TrialHost } from '../../../src/autotuner/isolation/trial_host.ts'
import { getDevice } from '../../../src/runtime/default_device.ts'
import { double, FOREVER, ramp, trial } from '../kernel_trials.ts'

const [, , how = ''] = process.argv
process.env.TRIAL_FAULT = how
const { info } = await getDevice()
const path = join(import.meta.dirname, 'faulty_worker.ts')
const connect = connectProcess({ path, flags: ['--import', import.meta.resolve('tsx')] })
const host = new TrialHost({ info, adapter: process.env.HELION_ADAPTER ?? '', without: [], connect })
let file = ''
const tried = await trial(
  double,
  [await ramp([100])],
  {},
  {
    openRunner({ subject, contents, stream }) {
      const open = host.open.bind(host)
      host.open = (hosted) => {
        file = String(hosted.open.data)
        return open(hosted)
      }
      return IsolatedRunner.open(host, subject, contents, stream)
    },
  },
)
const measure = (num_warps: number) =>
  tried.benchmarker.measure([tried.spec.normalize({ num_warps }, 'strict')], {
    budget: FOREVER,
    compileTimeoutMs: 60_000,
  })
const [{ status } = { status: 'nothing' }] = await measure(1)
console.log(JSON.stringify({ status, pid: host.pid, file }))
if (how === 'stays') setInterval(() => {}, 1000)
if (how === 'stuck') await measure(8)
