/** Some of the ports of Helion's examples on a device: one of each kind of construct. */
import { expect, it } from 'vitest'
import { withTilesUpTo } from '../config/random_configs.ts'
import { ATTENTION } from '../examples/ports/attention.ts'
import { PRODUCTS } from '../examples/ports/products.ts'
import { ROWS } from '../examples/ports/rows.ts'
import { Subject } from './subject.ts'

const PORTS = { ...PRODUCTS, ...ATTENTION, ...ROWS }
const LARGEST_TILE = 4

it.each(['int4_gemm_v2', 'dense_gdpa', 'segment_reduction', 'jagged_dense_add'])('%s', async (name) => {
  const { kernel, args, tolerance: distance = 1e-4 } = PORTS[name] ?? expect.fail(name)
  const tolerance = { abs: distance, rel: distance }
  const subject = await Subject.of(kernel, args, { staticShapes: false, tolerance })
  const [config] = withTilesUpTo(subject.spec, LARGEST_TILE, [subject.spec.defaultConfig()])
  await subject.expectRight(config?.data)
})
