/** A page that has configs tried in Web Workers with faults. Leaves `tryConfigs` behind. */
import { IsolatedRunner } from '../../../src/autotuner/isolation/isolated_runner.ts'
import { TrialHost } from '../../../src/autotuner/isolation/trial_host.ts'
import { connectWorker } from '../../../src/autotuner/isolation/web_worker.ts'
import { getDevice } from '../../../src/runtime/default_device.ts'
import { GRACE_MS, PATIENT, soonTiredOf } from '../faults.ts'
import { double, FOREVER, ramp, trial } from '../kernel_trials.ts'

const CONFIGS = [{ num_warps: 1 }, { num_warps: 8 }, { num_warps: 2 }, { num_warps: 4 }]

export interface Tried {
  readonly statuses: readonly string[]
  /** Of the second config. */
  readonly reason: string
  readonly started: number
  readonly unchanged: boolean
}

async function tryConfigs(script: string, fault: string): Promise<Tried> {
  const { info } = await getDevice()
  const connect = connectWorker(script)
  const host = new TrialHost({ info, adapter: '', without: [], graceMs: GRACE_MS, connect })
  const x = await ramp([100])
  const before = await x.data()
  const { benchmarker, spec } = await trial(
    double,
    [x],
    {},
    {
      openRunner: async ({ subject, contents, stream }) =>
        soonTiredOf(await IsolatedRunner.open(host, subject, contents, stream), fault),
    },
  )
  const configs = CONFIGS.map((config) => spec.normalize(config, 'strict'))
  const results = await benchmarker.measure(configs, {
    budget: FOREVER,
    compileTimeoutMs: PATIENT.compileTimeoutMs,
  })
  benchmarker.dispose()
  host.stop()
  // Lost when the browser has ended the process of the GPU.
  const after = await x.data().catch(() => undefined)
  return {
    statuses: results.map(({ status }) => status),
    reason: results[1]?.reason ?? '',
    started: host.started,
    unchanged: after !== undefined && before.every((value, index) => value === after[index]),
  }
}

Object.assign(globalThis, { tryConfigs })
