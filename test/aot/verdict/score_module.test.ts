/** Scores of modules by what they choose, against measurements by hand. */
import { expect, it } from 'vitest'
import { scoreModule } from '../../../src/aot/verdict/score_module.ts'
import { sha16 } from '../../../src/support/stable.ts'
import { shapeHash } from '../run/records_for_tests.ts'
import { choosing, madeRun } from './made_run.ts'

const WIDE = { num_warps: 8 }
const NARROW = { num_warps: 1 }
const CONFIGS = [{}, NARROW, WIDE]
/** The default is never best; narrow suits small shapes, wide large ones. */
const TIMES = { 64: [2, 1, 4], 1024: [4, 8, 2], 4096: [3, 9, 1] }

it('looks every choice up in the measurements', () => {
  const { sweep } = madeRun(CONFIGS, TIMES)
  const module = choosing([NARROW, WIDE], (size) => (size <= 1024 ? 0 : 1))
  const score = scoreModule(module, sweep)
  const bySize = (size: number) => score.choices.find((choice) => choice.shapeHash === shapeHash('add', size))
  expect(bySize(64)).toEqual({
    shapeHash: shapeHash('add', 64),
    configHash: sha16(NARROW),
    slowdown: 1,
    overDefault: 0.5,
  })
  expect(bySize(1024)).toMatchObject({ slowdown: 4, overDefault: 2 })
  expect(bySize(4096)).toMatchObject({ configHash: sha16(WIDE), slowdown: 1, overDefault: 1 / 3 })
  expect([score.shapes, score.covered]).toEqual([3, 3])
  expect(score.statistics).toMatchObject({ worst: 4, forbidden: 0, worseThanDefault: 1 / 3 })
  expect(score.statistics.geomean).toBeCloseTo(4 ** (1 / 3))
  expect(score.overDefault?.geomean).toBeCloseTo((0.5 * 2 * (1 / 3)) ** (1 / 3))
  expect(score.overDefault?.worst).toBe(2)
})

it('counts choices that fail, that were not measured, and shapes without any config as not covered', () => {
  const { sweep } = madeRun(CONFIGS, { ...TIMES, 64: [2, null, 4], 8192: [null, null, null] })
  const configs = [NARROW, { num_warps: 32 }, WIDE]
  const module = choosing(configs, (size) => (size < 100 ? 0 : size < 2000 ? 1 : 2))
  const { shapes, covered, statistics, choices } = scoreModule(module, sweep)
  expect([shapes, covered, statistics.forbidden]).toEqual([4, 1, 2])
  expect(choices.map(({ slowdown }) => slowdown).sort()).toEqual([1, Infinity, Infinity])
  expect(statistics.worst).toBe(1)
})

it('counts further shapes, which have no weight, apart', () => {
  const { sweep } = madeRun(CONFIGS, TIMES)
  const shapes = sweep.shapes.map((shape) => {
    return shape.hash === shapeHash('add', 1024) ? { ...shape, weight: 0 } : shape
  })
  const module = choosing([NARROW, WIDE], (size) => (size <= 1024 ? 0 : 1))
  const score = scoreModule(module, { ...sweep, shapes })
  expect([score.shapes, score.covered, score.statistics.shapes]).toEqual([3, 3, 2])
  expect(score.statistics).toMatchObject({ worst: 1, geomean: 1, worseThanDefault: 0 })
  expect(score.further).toMatchObject({ shapes: 1, worst: 4, worseThanDefault: 1 })
  expect(score.overDefault?.worst).toBe(0.5)
  const none = scoreModule(module, { ...sweep, shapes: shapes.map((shape) => ({ ...shape, weight: 0 })) })
  expect([none.statistics.shapes, none.further]).toEqual([3, null])
})

it('says nothing of a default that was never measured', () => {
  const { sweep } = madeRun([NARROW, WIDE], { 64: [1, 4], 1024: [8, 2] })
  expect(
    scoreModule(
      choosing([WIDE], () => 0),
      sweep,
    ),
  ).toMatchObject({
    overDefault: undefined,
    statistics: { worseThanDefault: null, worst: 4 },
  })
})
