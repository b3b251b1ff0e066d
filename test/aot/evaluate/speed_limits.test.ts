/** What tiles read, and which configs can never be as fast as others on a shape. */
import { describe, expect, it } from 'vitest'
import { rowOf, toColumns } from '../../../src/aot/evaluate/features/columns.ts'
import type { FactsOf } from '../../../src/aot/evaluate/learn/cell_axes.ts'
import { demandsOf } from '../../../src/aot/evaluate/learn/cell_axes.ts'
import { operandsOf, readsOf } from '../../../src/aot/evaluate/learn/operands.ts'
import { speedLimits } from '../../../src/aot/evaluate/learn/speed_limits.ts'
import { tensorFeatures } from './sweeps.ts'

describe('what tiles read', () => {
  const shapes = [
    [64, 48, 32],
    [128, 80, 100],
    [32, 48, 100],
    [64, 80, 64],
  ].map(([m = 0, k = 0, n = 0]) => tensorFeatures([[m, k], [k, n], [7]], 'torch.float16'))
  const { columns, rows } = toColumns(shapes)
  const operands = operandsOf(columns, rows, shapes)
  const column = (name: string) => columns.findIndex((each) => each.name === name)
  const lengths = new Map([
    [column('arg0_dim0'), 16],
    [column('arg0_dim1'), 8],
    [column('arg1_dim1'), 32],
  ])

  it('is the part of every argument below them; what no tile runs along is not read in rounds', () => {
    expect(operands.map(({ dims }) => dims.length)).toEqual([2, 2, 1])
    expect(readsOf(operands, lengths, rowOf(columns, shapes[0] ?? {})).bytes).toBe(2 * (16 * 8 + 8 * 32))
  })

  it('takes an instruction for 16 bytes where rows are multiples of 16, else for an element', () => {
    const [aligned = {}, odd = {}] = shapes
    expect(readsOf(operands, lengths, rowOf(columns, aligned)).loads).toBe((16 * 8 + 8 * 32) / 8)
    expect(readsOf(operands, lengths, rowOf(columns, odd)).loads).toBe((16 * 8) / 8 + 8 * 32)
  })

  it('is nothing where no feature is a size of an argument', () => {
    const keys = [{ key_0: 3 }, { key_0: 5 }]
    const table = toColumns(keys)
    expect(operandsOf(table.columns, table.rows, keys)).toEqual([])
  })
})

describe('speed limits', () => {
  /** One size; config 0 makes many rounds of one workgroup, config 1 many workgroups of one round. */
  const factsOf: FactsOf = ([size = 0]) =>
    [
      { workgroups: 1, rounds: size },
      { workgroups: size, rounds: 1 },
    ].map(({ workgroups, rounds }) => ({
      counts: new Float64Array(1),
      waste: new Float64Array(1),
      demands: demandsOf(workgroups, rounds, [1]),
    }))
  const rows = [1, 2, 4].map((size) => Float64Array.of(size))
  const measured = rows.map(([size = 0]) => Float64Array.of(1 + size, 1 + size / 10))

  it('refuse what would have to be faster than anything was', () => {
    const limits = speedLimits(factsOf, rows, measured)
    const [serial = 0, parallel] = limits(Float64Array.of(1000))
    expect(parallel).toBe(0)
    expect(Math.exp(serial)).toBeGreaterThan(2)
  })

  it('say nothing where limits are close, or where nothing tells of demands', () => {
    expect([...speedLimits(factsOf, rows, measured)(Float64Array.of(1))]).toEqual([0, 0])
    const unknown: FactsOf = (row) =>
      factsOf(row).map((facts) => ({ ...facts, demands: new Float64Array(facts.demands.length) }))
    expect([...speedLimits(unknown, rows, measured)(Float64Array.of(1000))]).toEqual([0, 0])
  })

  it('are not believed where they would have refused the fastest config of a measured shape', () => {
    const wrong = [1, 2, 4, 1000].map((size) => Float64Array.of(size))
    const times = wrong.map(([size = 0]) => Float64Array.of(1 + size / 1000, 1 + size / 100))
    const limits = speedLimits(factsOf, wrong, times)
    for (const size of [1, 30, 1000]) expect([...limits(Float64Array.of(size))], String(size)).toEqual([0, 0])
  })

  it('leave out configs of which nothing is known, and hold for the others', () => {
    const known: FactsOf = (row) => [
      ...factsOf(row),
      { ...factsOf(row)[0], demands: new Float64Array() } as never,
    ]
    const times = measured.map((row) => Float64Array.of(...row, 0.5))
    const [serial = 0, parallel, unknown] = speedLimits(known, rows, times)(Float64Array.of(1000))
    expect(Math.exp(serial)).toBeGreaterThan(2)
    expect([parallel, unknown]).toEqual([0, 0])
  })

  it('leave failures out', () => {
    const times = [[Number.POSITIVE_INFINITY, 1.1], ...measured.slice(1).map((row) => [...row])]
    const limits = speedLimits(
      factsOf,
      rows,
      times.map((row) => Float64Array.from(row)),
    )
    expect(limits(Float64Array.of(1000)).every(Number.isFinite)).toBe(true)
  })
})
