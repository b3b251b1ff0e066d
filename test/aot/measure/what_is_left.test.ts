/** What a shape lacks when it was cut off before, between and after the two rounds. */
import { expect, it } from 'vitest'
import { openCandidates, openContenders, unitsLeft } from '../../../src/aot/measure/what_is_left.ts'
import type { MeasurementRecord } from '../../../src/aot/records.ts'
import { sha16 } from '../../../src/support/stable.ts'
import { measured } from '../run/records_for_tests.ts'

const CONFIGS = [1, 2, 4, 8].map((num_warps) => ({ num_warps }))
const CANDIDATES = CONFIGS.map((data) => ({ data, hash: sha16(data), isDefault: false }))

/** Cells of the configs with these times, in this order. */
function cells(round: 'first' | 'turns', ...times: readonly (number | null)[]) {
  const records = times.map(
    (ms, i): MeasurementRecord => ({ ...measured('k', 64, CONFIGS[i] ?? {}, ms), round }),
  )
  return new Map(records.map((record) => [record.config_hash, record]))
}

it('candidates without a result come first', () => {
  const some = cells('first', 1, null)
  expect(openCandidates(some, CANDIDATES).map(({ data }) => data)).toEqual(CONFIGS.slice(2))
  expect(unitsLeft(some, CANDIDATES)).toBe(2)
})

it('then those near the best, and the one that was timed first', () => {
  const all = cells('first', 9, null, 1, 1.9)
  const left = openContenders(all, CANDIDATES).map(({ config }) => config)
  expect(left).toEqual([CONFIGS[0], CONFIGS[2], CONFIGS[3]])
  expect(unitsLeft(all, CANDIDATES)).toBe(3)
})

it('nothing is left after the turns, nor of records that know no rounds', () => {
  expect(unitsLeft(cells('turns', 9, null, 1, 1.9), CANDIDATES)).toBe(0)
  const plain = CONFIGS.map((data) => measured('k', 64, data, 1))
  expect(unitsLeft(new Map(plain.map((record) => [record.config_hash, record])), CANDIDATES)).toBe(0)
})
