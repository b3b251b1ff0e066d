/** Scores on shapes that a build has not seen. */
import { expect, it } from 'vitest'
import { buildHeuristics } from '../../../src/aot/evaluate/build.ts'
import { readModule } from '../../../src/aot/evaluate/emit/read_module.ts'
import { fileLines } from '../../../src/aot/lines.ts'
import { heldOutScore } from '../../../src/aot/verdict/held_out.ts'
import { scoreModule } from '../../../src/aot/verdict/score_module.ts'
import { shapeHash } from '../run/records_for_tests.ts'
import { type MadeRun, madeRun } from './made_run.ts'

const CONFIGS = [{ num_warps: 1 }, { num_warps: 8 }]

/** The first `count` powers of two from 64; the first config suits all but those in `odd`. */
function run(count: number, odd: readonly number[]): MadeRun {
  const sizes = Array.from({ length: count }, (_, i) => 64 * 2 ** i)
  return madeRun(
    CONFIGS,
    Object.fromEntries(sizes.map((size) => [size, odd.includes(size) ? [3, 1] : [1, 3]])),
  )
}

it('judges each shape by a module that was built without it', () => {
  const sizes = [64, 128, 256, 512, 1024]
  const times = Object.fromEntries(sizes.map((size) => [size, [1, null]]))
  const { records, sweep } = madeRun(CONFIGS, { ...times, 2048: [null, 1] })
  const [built] = buildHeuristics({ files: [{ path: records, lines: fileLines(records) }] }).kernels
  expect(scoreModule(readModule(built?.text ?? '', 'add', 'm.ts'), sweep)).toMatchObject({
    shapes: 6,
    covered: 6,
  })
  const score = heldOutScore(records, sweep, {})
  const slowdowns = new Map(score?.choices.map((choice) => [choice.shapeHash, choice.slowdown]))
  expect(slowdowns.get(shapeHash('add', 2048))).toBe(Number.POSITIVE_INFINITY)
  expect([64, 128, 256].map((size) => slowdowns.get(shapeHash('add', size)))).toEqual([1, 1, 1])
})

it('holds shapes of larger sweeps out in groups', () => {
  const large = [14, 15, 16, 17, 18, 19].map((power) => 64 * 2 ** power)
  const { records, sweep } = run(20, large)
  const score = heldOutScore(records, sweep, {})
  expect(score).toMatchObject({ shapes: 20, covered: 20 })
  expect(score?.statistics.geomean).toBeLessThan(1.2)
})

it('has no score where two shapes are all there is', () => {
  const { records, sweep } = run(2, [])
  expect(heldOutScore(records, sweep, {})).toBeUndefined()
})

it('counts a shape as lost when the others are not enough for a module', () => {
  const { records, sweep } = madeRun(CONFIGS, { 64: [1, 2], 128: [null, null], 256: [1, 2], 512: [1, 2] })
  expect(heldOutScore(records, sweep, {})).toMatchObject({ shapes: 4, covered: 3 })
})
