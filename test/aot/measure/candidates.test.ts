/** Which configs are worth measuring. */
import { describe, expect, it } from 'vitest'
import { candidatesOf } from '../../../src/aot/measure/candidates.ts'
import type { ShapeRecord } from '../../../src/aot/records.ts'
import { KnownRecords } from '../../../src/aot/run/known_records.ts'
import { DataError } from '../../../src/support/errors.ts'
import { failure, kernelRecord, shapeRecord, tuned } from '../run/records_for_tests.ts'

const config = (warps: number) => ({ num_warps: warps })
const SHAPE = shapeRecord('add', 1, config(100))

function dataOf(known: KnownRecords, shape: ShapeRecord = SHAPE) {
  return candidatesOf(known, shape).map(({ data }) => data)
}

describe('candidatesOf', () => {
  it('is the default, the winners, near-winners by place, then the defaults of other shapes', () => {
    const known = new KnownRecords([
      kernelRecord('add'),
      SHAPE,
      shapeRecord('add', 2, config(200)),
      tuned('add', 1, config(1), { runners_up: [config(10), config(11)] }),
      tuned('add', 2, config(2), { runners_up: [config(20)] }),
      tuned('add', 3, config(1)),
    ])
    expect(dataOf(known)).toEqual([100, 1, 2, 10, 20, 11, 200].map(config))
    expect(candidatesOf(known, SHAPE).map(({ isDefault }) => isDefault)).toEqual([
      true,
      ...Array(6).fill(false),
    ])
  })

  it('marks the default where it won, and goes without where there is none', () => {
    const known = new KnownRecords([SHAPE, tuned('add', 1, config(1)), tuned('add', 2, config(100))])
    expect(candidatesOf(known, SHAPE).filter(({ isDefault }) => isDefault)).toMatchObject([
      { data: config(100) },
    ])
    const { default_config, ...without } = SHAPE
    expect(candidatesOf(known, without).some(({ isDefault }) => isDefault)).toBe(false)
  })

  it('never takes {}, which is no config', () => {
    const known = new KnownRecords([SHAPE, tuned('add', 1, {}, { runners_up: [{}] })])
    expect(dataOf(known)).toEqual([config(100)])
  })

  it('keeps all winners but has room for so many others only', () => {
    const shapes = Array.from({ length: 38 }, (_, i) => i + 1)
    const near = (i: number) => ({ runners_up: [config(1000 + i)] })
    const few = new KnownRecords(shapes.map((i) => tuned('add', i, config(i), near(i))))
    expect(dataOf(few)).toHaveLength(40)
    const many = [...shapes, ...shapes.map((i) => i + 200)]
    const full = new KnownRecords(many.map((i) => tuned('add', i, config(i), near(i))))
    expect(dataOf(full)).toHaveLength(1 + 76)
  })

  it('has room for so many in all where there is a limit: first what won on several shapes', () => {
    const winners = [1, 2, 3, 4, 9, 5, 6, 7, 8, 9]
    const known = new KnownRecords(winners.map((won, i) => tuned('add', i, config(won))))
    expect(candidatesOf(known, SHAPE, 6).map(({ data }) => data)).toEqual([100, 9, 2, 4, 6, 8].map(config))
    expect(candidatesOf(known, SHAPE, 1).map(({ data }) => data)).toEqual([config(100)])
    expect(candidatesOf(known, SHAPE, 40)).toHaveLength(10)
  })

  it('is the author’s configs, as they are on each shape, and the default where there are any', () => {
    const here = shapeRecord('add', 1, config(100), { configs: [config(4), config(8)] })
    const there = shapeRecord('add', 2, config(200), { configs: [config(5), config(8)] })
    const known = new KnownRecords([tuned('add', 1, config(1)), here, there])
    expect(dataOf(known, here)).toEqual([100, 4, 8, 5].map(config))
  })

  it('is an error where nothing is known, unless tuning was tried', () => {
    expect(() => candidatesOf(new KnownRecords(), SHAPE)).toThrow(DataError)
    const tried = new KnownRecords([failure('add', 1, 'collect')])
    expect(dataOf(tried)).toEqual([config(100)])
  })
})
