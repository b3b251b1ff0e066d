/** 2,000 shapes by 300 configs: 20 seconds of processor time and a gigabyte are enough. */
import { expect, test } from 'vitest'
import { decide } from '../../../src/aot/evaluate/decide/decide.ts'
import { toSettings } from '../../../src/aot/evaluate/decide/settings.ts'
import { matmulSweep, toSweep } from './sweeps.ts'

test('a large sweep', () => {
  const sweep = toSweep(matmulSweep(99, 2000, 300, true))
  const before = process.cpuUsage()
  const decision = decide(sweep, toSettings())
  const { user, system } = process.cpuUsage(before)
  expect(decision.configs.length).toBeLessThanOrEqual(10)
  expect(decision.training.forbidden).toBe(0)
  expect(decision.heldOut?.geomean).toBeLessThan(1.12)
  expect(process.memoryUsage().rss).toBeLessThan(2e9)
  // Processor time of this process: a machine that is busy with other things is no failure of the build.
  expect((user + system) / 1e6).toBeLessThan(60)
})
