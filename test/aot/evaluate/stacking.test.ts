/** Whether models get the shares that held-out shapes speak for. */
import { describe, expect, it } from 'vitest'
import {
  mixed,
  sharesBefore,
  stackedShares,
  type TeacherData,
} from '../../../src/aot/evaluate/learn/stacking.ts'

function data(rows: number): TeacherData {
  return {
    columns: [{ name: 'm', kind: 'size', values: [] }],
    rows: Array.from({ length: rows }, (_, row) => Float64Array.of(row)),
    terms: [],
    configs: [{}, {}],
    outputs: Array.from({ length: rows }, (_, row) => Float64Array.of(row % 3, -row % 5)),
  }
}

const truth = (row: Float64Array) => Float64Array.of((row[0] ?? 0) % 3, -(row[0] ?? 0) % 5)
const wrong = () => Float64Array.of(7, -9)

describe('stacked shares', () => {
  it('believe the model that is right about shapes it has not seen', () => {
    const shares = stackedShares(data(60), 3, () => (row) => [wrong(), truth(row), wrong()])
    expect(shares[1]).toBeGreaterThan(0.6)
    expect(shares.reduce((a, b) => a + b)).toBeCloseTo(1, 9)
  })

  it('never show a model the shape that it is asked about', () => {
    const whole = data(8)
    stackedShares(whole, 2, (part) => {
      const known = part.rows.map((row) => row[0])
      return (row) => {
        expect(known).not.toContain(row[0])
        return [truth(row), wrong()]
      }
    })
  })

  it('stay near what is believed beforehand where rows are few', () => {
    const sure = stackedShares(data(60), 2, () => (row) => [wrong(), truth(row)])[1] ?? 0
    const unsure = stackedShares(data(2), 2, () => (row) => [wrong(), truth(row)])[1] ?? 0
    expect(unsure).toBeLessThan(sure)
    expect(stackedShares(data(1), 2, () => () => [])).toEqual(sharesBefore(2))
  })

  it('are the shares of a mean', () => {
    expect([...mixed([Float64Array.of(1, 2), Float64Array.of(3, 6)], [0.25, 0.75])]).toEqual([2.5, 5])
  })
})
