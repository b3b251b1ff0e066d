/** Which configs are worth measuring. */
import { describe, expect, it } from 'vitest'
import { candidatesOf } from '../../../src/aot/measure/candidates.ts'
import { KnownRecords } from '../../../src/aot/run/known_records.ts'
import { Config } from '../../../src/config/config.ts'
import { DataError } from '../../../src/support/errors.ts'
import { failure, kernelRecord, tuned } from '../run/records_for_tests.ts'

const config = (warps: number) => ({ num_warps: warps })

describe('candidatesOf', () => {
  it('is the default, the winners, then near-winners by place', () => {
    const known = new KnownRecords([
      kernelRecord('add'),
      tuned('add', 1, config(1), { runners_up: [config(10), config(11)] }),
      tuned('add', 2, config(2), { runners_up: [config(20)] }),
      tuned('add', 3, config(1)),
    ])
    const candidates = candidatesOf(known, 'add', [])
    expect(candidates.map(({ data }) => data)).toEqual([{}, ...[1, 2, 10, 20, 11].map(config)])
    expect(candidates.map(({ isDefault }) => isDefault)).toEqual([true, false, false, false, false, false])
  })

  it('keeps all winners but has room for so many near-winners only', () => {
    const shapes = Array.from({ length: 38 }, (_, i) => i + 1)
    const near = (i: number) => ({ runners_up: [config(1000 + i)] })
    const few = new KnownRecords(shapes.map((i) => tuned('add', i, config(i), near(i))))
    expect(candidatesOf(few, 'add', [])).toHaveLength(40)
    const many = [...shapes, ...shapes.map((i) => i + 100)]
    const full = new KnownRecords(many.map((i) => tuned('add', i, config(i), near(i))))
    expect(candidatesOf(full, 'add', [])).toHaveLength(1 + 76)
  })

  it('is the author’s configs and the default where there are any', () => {
    const known = new KnownRecords([tuned('add', 1, config(1))])
    const given = [new Config({ num_warps: 4 }), new Config({ num_warps: 8 })]
    expect(candidatesOf(known, 'add', given).map(({ data }) => data)).toEqual([{}, config(4), config(8)])
  })

  it('is an error where nothing is known, unless tuning was tried', () => {
    expect(() => candidatesOf(new KnownRecords(), 'add', [])).toThrow(DataError)
    const tried = new KnownRecords([failure('add', 1, 'collect')])
    expect(candidatesOf(tried, 'add', []).map(({ data }) => data)).toEqual([{}])
  })
})
