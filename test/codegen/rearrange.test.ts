/** Rearranged tile values under random configs, on the workgroup interpreter. */
import { expect, it } from 'vitest'
import { randomConfigs } from '../config/random_configs.ts'
import { OnCpu } from './on_cpu.ts'
import { rearranged } from './rearranged_kernels.ts'

const CONFIGS = Number(process.env.RANDOM_CONFIGS ?? 4)
const KERNELS = rearranged(5)

it.each(Object.keys(KERNELS).flatMap((name) => [true, false].map((dynamic) => ({ name, dynamic }))))(
  '$name, dynamic: $dynamic',
  ({ name, dynamic }) => {
    const [fn, args] = KERNELS[name] ?? expect.fail(name)
    const subject = new OnCpu(fn, args, { dynamic, maxWorkgroupInvocations: 128 })
    subject.expectRight()
    const configs = randomConfigs(subject.compiled.spec, CONFIGS, 5)
    const outcomes = configs.map(({ data }) => subject.outcome(data))
    expect(outcomes.filter((outcome) => outcome === 'right').length).toBeGreaterThanOrEqual(
      configs.length / 2,
    )
  },
)
