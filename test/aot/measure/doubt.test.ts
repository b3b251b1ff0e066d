/** Of which further shapes a measurement would tell the most. */
import { expect, it } from 'vitest'
import { doubtIn, latestDoubt, mostDoubtful } from '../../../src/aot/measure/doubt.ts'
import { featuresIn } from '../../../src/aot/measure/further_shapes.ts'
import { KnownRecords } from '../../../src/aot/run/known_records.ts'
import { features, kernelRecord, measured } from '../run/records_for_tests.ts'

/** Below some hundred one config is twice as fast, above the other; which one is not known near there. */
function knownOf(sizes: readonly number[]): KnownRecords {
  const [small, large] = [{ num_warps: 1 }, { num_warps: 8 }]
  return new KnownRecords([
    kernelRecord('k'),
    ...sizes.flatMap((size) => [
      measured('k', size, small, size < 400 ? 1 : 2),
      measured('k', size, large, size < 400 ? 2 : 1),
    ]),
  ])
}

const SIZES = [16, 32, 48, 64, 1600, 3200, 4800, 6400]

it('are those between shapes that want different configs', () => {
  const doubt = doubtIn(knownOf(SIZES), 'k')
  const doubts = [24, 300, 4000].map((size) => doubt?.(features(size)) ?? Number.NaN)
  expect(doubts[1]).toBeGreaterThan(2 * (doubts[0] ?? 0))
  expect(doubts[1]).toBeGreaterThan(2 * (doubts[2] ?? 0))
  expect(mostDoubtful([24, 300, 4000], (size) => doubt?.(features(size)) ?? 0)).toBe(300)
})

it('are all the same where too little is known, and then the first is taken', () => {
  expect(doubtIn(knownOf(SIZES.slice(2, 6)), 'k')).toBeUndefined()
  expect(doubtIn(knownOf([]), 'k')).toBeUndefined()
  expect(mostDoubtful([3, 1, 2], () => 0)).toBe(3)
  expect(mostDoubtful([], () => 0)).toBeUndefined()
})

it('are asked of the same models until more has been measured', () => {
  const known = knownOf(SIZES)
  const doubt = latestDoubt(known, 'k')
  const first = doubt()
  expect(doubt()).toBe(first)
  known.add(measured('k', 800, { num_warps: 8 }, 1))
  const second = doubt()
  expect(second).not.toBe(first)
  expect(doubt()).toBe(second)
})

it('are known by features like those of the call', () => {
  const like = { arg0_ndim: 2, arg0_dim0: 3, arg0_dim1: 5, arg0_numel: 15, arg0_dtype: 'f32', arg1_scalar: 2 }
  expect(featuresIn([[7, 11], undefined], like)).toEqual({
    ...like,
    ...{ arg0_dim0: 7, arg0_dim1: 11, arg0_numel: 77 },
  })
})
