/**
 * Ports of Helion's examples on a device: one of each kind of construct, by default shapes that may change.
 * HELION_PORTS=all asks for every port, with static shapes too, and RANDOM_CONFIGS for random configs of
 * each.
 */
import { expect, it } from 'vitest'
import type { KernelFunction } from '../../src/language/trace/trace_kernel.ts'
import { drawConfigs, withTilesUpTo } from '../config/random_configs.ts'
import { ATTENTION } from '../examples/ports/attention.ts'
import { DECODING } from '../examples/ports/decoding.ts'
import { HEADS } from '../examples/ports/heads.ts'
import { LINEAR_BACKWARD } from '../examples/ports/linear_backward.ts'
import { LINEAR_CHUNKS } from '../examples/ports/linear_chunks.ts'
import { LINEAR_STEPS } from '../examples/ports/linear_steps.ts'
import { LOSSES } from '../examples/ports/losses.ts'
import { PRODUCTS } from '../examples/ports/products.ts'
import { QUANTISED } from '../examples/ports/quantised.ts'
import { RECURRENCES } from '../examples/ports/recurrences.ts'
import { ROWS } from '../examples/ports/rows.ts'
import { SAMPLING } from '../examples/ports/sampling.ts'
import { SERVING } from '../examples/ports/serving.ts'
import { Subject } from './subject.ts'

const PORTS = {
  ...PRODUCTS,
  ...ATTENTION,
  ...ROWS,
  ...RECURRENCES,
  ...LINEAR_STEPS,
  ...LINEAR_CHUNKS,
  ...LINEAR_BACKWARD,
  ...QUANTISED,
  ...SAMPLING,
  ...LOSSES,
  ...HEADS,
  ...DECODING,
  ...SERVING,
}
const ALL = process.env.HELION_PORTS === 'all'
const SOME = ['int4_gemm_v2', 'dense_gdpa', 'segment_reduction', 'jagged_dense_add', 'interleaved_swiglu']
const CONFIGS = Number(process.env.RANDOM_CONFIGS ?? 0)
const LARGEST_TILE = 4

it.each(ALL ? Object.keys(PORTS) : SOME)('%s', { timeout: 0 }, async (name) => {
  const { kernel, args, tolerance: distance = 1e-4 } = PORTS[name] ?? expect.fail(name)
  const tolerance = { abs: distance, rel: distance }
  for (const staticShapes of ALL ? [true, false] : [false]) {
    const subject = await Subject.of(kernel as KernelFunction, args, { staticShapes, tolerance })
    const [config] = withTilesUpTo(subject.spec, LARGEST_TILE, [subject.spec.defaultConfig()])
    await subject.expectRight(config?.data)
    const random = CONFIGS === 0 ? [] : drawConfigs(subject.spec, 4 * CONFIGS, Number(staticShapes))
    let right = 0
    for (const { data } of withTilesUpTo(subject.spec, LARGEST_TILE, random))
      if (right < CONFIGS && (await subject.outcome(data)) === 'right') right++
    expect(right).toBe(CONFIGS)
  }
})
