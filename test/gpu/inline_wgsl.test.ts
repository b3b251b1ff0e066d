/** The author's own WGSL on the GPU, and in a search without a reference. */
import { expect, it } from 'vitest'
import { hl, type Tensor } from '../../src/language/index.ts'
import { FOREVER, ramp, trial } from '../autotuner/kernel_trials.ts'
import { whole } from './inputs.ts'
import { expectRight } from './subject.ts'

it('gives what its reference says', async () => {
  await expectRight(
    function mixed(x: Tensor, y: Tensor) {
      const [m, n] = x.shape
      const out = hl.empty([m, n])
      for (const [i, j] of hl.tile([m, n])) {
        const values = { a: x.at(i, j), b: y.at(j).unsqueeze(0), big: x.at(i, j).gt(1) }
        const reference = (a: number, b: number, big: number): number => (big ? a * b : a - b)
        out.at(i, j).set(hl.inlineWgsl('select(a - b, a * b, big)', values, { reference }))
      }
      return out
    },
    [whole([5, 70]), whole([70])],
    [{}, { block_sizes: [4, 16] }, { indexing: 'pointer' }],
  )
})

it('is compared with the default config where there is no reference', async () => {
  function plusOne(x: Tensor) {
    const out = hl.emptyLike(x)
    for (const t of hl.tile(x.shape[0])) out.at(t).set(hl.inlineWgsl('a + 1.0', { a: x.at(t) }))
    return out
  }
  const { spec, benchmarker, logged } = await trial(plusOne, [await ramp([64])])
  const configs = [{}, { block_sizes: [16] }].map((one) => spec.normalize(one, 'strict'))
  const results = await benchmarker.measure(configs, { budget: FOREVER, compileTimeoutMs: 60_000 })
  expect(results.map(({ status }) => status)).toEqual(['ok', 'ok'])
  expect(logged.join()).toContain('compared with those of the default config only')
})
