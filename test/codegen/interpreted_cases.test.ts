/**
 * The shared kernels under random configs give on the workgroup interpreter what the tile interpreter says,
 * with nothing to report, for devices with and without subgroups. RANDOM_CONFIGS asks for more of them.
 */
import { expect, it } from 'vitest'
import type { KernelFunction } from '../../src/language/trace/trace_kernel.ts'
import { drawConfigs, withTilesUpTo } from '../config/random_configs.ts'
import { CASE_NAMES, CASES } from '../gpu/cases.ts'
import { argumentsOf } from './case_arguments.ts'
import { OnCpu } from './on_cpu.ts'

/** Of each kernel on each device. */
const CONFIGS = Number(process.env.RANDOM_CONFIGS ?? 1)
const LARGEST_TILE = 32

it.each(CASE_NAMES)('%s', (name) => {
  const { fn, tolerance, largestTile = LARGEST_TILE } = CASES[name]
  const outcomes = { right: 0, refused: 0 }
  for (const subgroupSize of [0, 4, 32]) {
    for (const dynamic of CONFIGS > 1 ? [false, true] : [subgroupSize !== 4]) {
      const options = { dynamic, subgroupSize, ...(tolerance && { tolerance }) }
      const kernel = new OnCpu(fn as KernelFunction, argumentsOf(name), options)
      const { spec } = kernel.compiled
      const drawn = drawConfigs(spec, CONFIGS, subgroupSize + Number(dynamic))
      for (const { data } of withTilesUpTo(spec, largestTile, drawn)) outcomes[kernel.outcome(data)]++
    }
  }
  expect(outcomes.right).toBeGreaterThan(outcomes.refused)
})
