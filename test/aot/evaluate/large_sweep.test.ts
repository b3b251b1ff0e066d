/**
 * A sweep beyond every limit at which the build takes a sample: more configs than it learns from, more shapes
 * than the subset search, the Gaussian process and the forest look at. What it takes in time and memory is
 * the subject of benchmarks/large_sweep.ts.
 */
import { expect, test } from 'vitest'
import { native } from './native.ts'
import { matmulSweep, toSweep } from './sweeps.ts'

const { decide, toSettings } = native

test('a large sweep', () => {
  const decision = decide(toSweep(matmulSweep(99, 450, 60, true)), toSettings())
  expect(decision.sweep.configs).toHaveLength(60)
  expect(decision.matrix.configs.length).toBeLessThan(60)
  expect(decision.configs.length).toBeLessThanOrEqual(10)
  expect(decision.training.forbidden).toBe(0)
  expect(decision.heldOut?.shapes).toBe(450)
  expect(decision.heldOut?.geomean).toBeLessThan(1.12)
})
