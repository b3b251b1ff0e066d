/** Whether few shapes are enough where configs are known by what they come to. */
import { describe, expect, it } from 'vitest'
import type { Column, Row } from '../../../src/aot/evaluate/features/columns.ts'
import { cellAxes } from '../../../src/aot/evaluate/learn/cell_axes.ts'
import { fitCellModel } from '../../../src/aot/evaluate/learn/cell_model.ts'
import { countsOf, plansOf, tilesOf } from '../../../src/aot/evaluate/learn/tile_plan.ts'
import { meanOf } from '../../../src/aot/evaluate/numeric.ts'
import type { ConfigData } from '../../../src/config/value.ts'
import { Random } from '../../../src/support/random.ts'

const COLUMNS: readonly Column[] = ['m', 'k', 'n'].map((name) => ({ name, kind: 'size', values: [] }))
const CONFIGS: readonly ConfigData[] = [
  [16, 64, 32],
  [64, 16, 64],
  [64, 64, 32],
  [128, 64, 64],
  [128, 128, 32],
  [32, 256, 16],
].map((sizes) => ({ block_sizes: sizes, num_warps: 4 }))
const PLAN = { columns: [0, 2, 1], parallel: [true, true, false] }

function shapes(count: number, seed: number): Row[] {
  const random = new Random(seed)
  const size = () => Math.round(100 * 30 ** random.next())
  return Array.from({ length: count }, () => Float64Array.of(size(), size(), size()))
}

/** Log time of a matrix product on 128 processors, less what configs have in common. */
function outputsOf(row: Row): Float64Array {
  const times = CONFIGS.map((config) => {
    const { workgroups, rounds, elements } = countsOf(PLAN, tilesOf(config), row)
    return Math.log(Math.ceil(workgroups / 128) * rounds * elements)
  })
  return Float64Array.from(times, (time) => time - meanOf(times))
}

describe('a model of cells', () => {
  it('tells from twelve shapes how configs differ on others, and how tiles lie', () => {
    const rows = shapes(12, 3)
    const data = { columns: COLUMNS, rows, configs: CONFIGS, outputs: rows.map(outputsOf) }
    const model = fitCellModel(data)
    expect(model?.memory.plan).toEqual(PLAN)
    let [left, all] = [0, 0]
    for (const row of shapes(30, 4)) {
      const actual = outputsOf(row)
      model?.predict(row).forEach((value, config) => {
        all += (actual[config] ?? 0) ** 2
        left += (value - (actual[config] ?? 0)) ** 2
      })
    }
    expect(left / all).toBeLessThan(0.15)
    const again = fitCellModel(data, model?.memory)
    expect(again?.memory).toEqual(model?.memory)
    expect(again?.predict(rows[0] ?? new Float64Array())).toEqual(
      model?.predict(rows[0] ?? new Float64Array()),
    )
  })

  it('is none where shapes are many, or configs have no tiles or too many ways to lay them', () => {
    const many = shapes(49, 3)
    const data = { columns: COLUMNS, rows: many, configs: CONFIGS, outputs: many.map(outputsOf) }
    expect(fitCellModel(data)).toBeUndefined()
    const rows = shapes(12, 3)
    const configs = CONFIGS.map((_, index) => ({ num_warps: 2 ** index }))
    expect(fitCellModel({ columns: COLUMNS, rows, configs, outputs: rows.map(outputsOf) })).toBeUndefined()
    const six = Array.from({ length: 6 }, (_, i): Column => ({ name: `d${i}`, kind: 'size', values: [] }))
    expect(plansOf(six, CONFIGS)).toEqual([])
  })
})

describe('tiles over sizes', () => {
  it('name the grid first, its sizes in the order of the arguments', () => {
    const plans = plansOf(COLUMNS, CONFIGS)
    expect(plans).toContainEqual(PLAN)
    expect(plans).not.toContainEqual({ columns: [2, 0, 1], parallel: [true, true, false] })
    expect(plans).not.toContainEqual({ columns: [0, 2, 1], parallel: [true, false, true] })
    expect(plans).toHaveLength(6 + 3 + 1)
  })

  it('come to workgroups, rounds and elements, those beyond the edge included', () => {
    expect(countsOf(PLAN, [64, 32, 16], Float64Array.of(100, 40, 33))).toEqual({
      workgroups: 4,
      rounds: 3,
      elements: 64 * 32 * 16,
      outputs: 64 * 32,
    })
    const whole = { columns: [0, 1], parallel: [true, false] }
    expect(countsOf(whole, [4, null], Float64Array.of(9, 1000))).toMatchObject({
      workgroups: 3,
      rounds: 1,
      elements: 4 * 1024,
    })
    // A tile is never longer than the size needs.
    expect(countsOf(whole, [64, 4096], Float64Array.of(3, 100))).toMatchObject({ elements: 4 * 128 })
  })
})

describe('axes of cells', () => {
  it('leave out what is the same everywhere, and put each group at unit spread', () => {
    const rows = shapes(10, 5).map((row) => row.map((size) => 16 * size))
    const { points, groups } = cellAxes(COLUMNS, rows, CONFIGS, PLAN, 64)
    const cells = rows.flatMap(points)
    expect(new Set(groups)).toEqual(new Set([0, 1, 2, 3, 4]))
    for (const group of new Set(groups)) {
      const spread = groups
        .map((own, axis) => (own === group ? meanOf(cells.map((cell) => (cell[axis] ?? 0) ** 2)) : 0))
        .reduce((a, b) => a + b)
      expect(spread).toBeCloseTo(1, 6)
    }
  })

  it('read texts, switches and what is open of a config', () => {
    const configs: readonly ConfigData[] = [
      { block_sizes: [1], indexing: ['pointer'], reduction_loops: [null] },
      { block_sizes: [1], indexing: ['block_ptr'], reduction_loops: [64] },
    ]
    const columns = COLUMNS.slice(0, 2)
    const rows = shapes(4, 6)
    const { groups } = cellAxes(columns, rows, configs, { columns: [0, 1], parallel: [true, false] }, 64)
    // indexing as two kinds, the loop as a number and as open
    expect(groups.filter((group) => group === 3)).toHaveLength(4)
  })
})
