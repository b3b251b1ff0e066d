/** Whether few shapes are enough where configs are known by what they come to. */
import { describe, expect, it } from 'vitest'
import type { Column, Row } from '../../../src/aot/evaluate/features/columns.ts'
import { cellAxes } from '../../../src/aot/evaluate/learn/cell_axes.ts'
import { fitCellModel, shareOfCells } from '../../../src/aot/evaluate/learn/cell_model.ts'
import { guessLayout, layoutAxes } from '../../../src/aot/evaluate/learn/guessed_facts.ts'
import { fitTeacher } from '../../../src/aot/evaluate/learn/teacher.ts'
import { countsOf, plansOf, tilesOf } from '../../../src/aot/evaluate/learn/tile_plan.ts'
import { argmin, meanOf } from '../../../src/aot/evaluate/numeric.ts'
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
    const outputs = rows.map(outputsOf)
    const task = { columns: COLUMNS, rows, configs: CONFIGS, operands: [] }
    const layout = guessLayout(task, outputs)
    expect(layout?.plan).toEqual(PLAN)
    if (!layout) return
    const model = fitCellModel(layoutAxes(task, layout), rows, outputs)
    let [left, all] = [0, 0]
    for (const row of shapes(30, 4)) {
      const actual = outputsOf(row)
      const predicted = model.predict(row)
      const common = meanOf(predicted)
      predicted.forEach((value, config) => {
        all += (actual[config] ?? 0) ** 2
        left += (value - common - (actual[config] ?? 0)) ** 2
      })
    }
    expect(left / all).toBeLessThan(0.1)
  })

  it('learns nothing of the others from where a config is refused', () => {
    const rows = shapes(14, 3)
    const isRefused = (row: number, config: number) => config === 3 && row % 2 === 0
    const whole = rows.map((row) => {
      const outputs = outputsOf(row)
      return outputs.map((output) => output - Math.min(...outputs))
    })
    const some = whole.map((losses, row) =>
      losses.map((loss, config) => (isRefused(row, config) ? Number.POSITIVE_INFINITY : loss)),
    )
    const [knowing, other] = [whole, some].map((losses) =>
      fitTeacher(
        {
          ...{ columns: COLUMNS, rows, configs: CONFIGS, operands: [] },
          refused: rows.map((_, row) =>
            Uint8Array.from(CONFIGS, (_, config) => Number(losses === some && isRefused(row, config))),
          ),
          times: losses.map((row) => row.map(Math.exp)),
        },
        losses,
      ),
    )
    const moved = shapes(30, 4).flatMap((row) => {
      const [a = new Float64Array(), b = new Float64Array()] = [knowing?.losses(row), other?.losses(row)]
      const rest = [0, 1, 2, 4, 5].map((config) => (a[config] ?? 0) - (b[config] ?? 0))
      return rest.map((difference) => Math.abs(difference - (rest[0] ?? 0)))
    })
    expect(meanOf(moved)).toBeLessThan(0.01)
  })

  it('is believed as far as it has seen the cells', () => {
    expect(shareOfCells(12 * 6)).toBe(1)
    expect(shareOfCells(2000 * 300)).toBeLessThan(0.001)
  })

  it('needs tiles that lie over sizes in not too many ways', () => {
    const rows = shapes(12, 3)
    const outputs = rows.map(outputsOf)
    const configs = CONFIGS.map((_, index) => ({ num_warps: 2 ** index }))
    expect(guessLayout({ columns: COLUMNS, rows, configs, operands: [] }, outputs)).toBeUndefined()
    const six = Array.from({ length: 6 }, (_, i): Column => ({ name: `d${i}`, kind: 'size', values: [] }))
    expect(plansOf(six, CONFIGS)).toEqual([])
  })
})

describe('a teacher of few shapes', () => {
  it('says the same of measurements that moved by their noise', () => {
    const rows = shapes(12, 3)
    const losses = rows.map((row) => {
      const outputs = outputsOf(row)
      return outputs.map((output) => output - Math.min(...outputs))
    })
    const random = new Random(8)
    const moved = losses.map((row) => {
      const times = row.map((loss) => loss + 0.004 * (random.next() - 0.5))
      return times.map((time) => time - Math.min(...times))
    })
    const [first, second] = [losses, moved].map((each) =>
      fitTeacher(
        {
          columns: COLUMNS,
          rows,
          configs: CONFIGS,
          operands: [],
          refused: [],
          times: each.map((row) => row.map(Math.exp)),
        },
        each,
      ),
    )
    expect(second?.memory.layout).toEqual(first?.memory.layout)
    for (const row of shapes(40, 9)) {
      const [a = [], b = new Float64Array()] = [first?.losses(row), second?.losses(row)]
      const moves = Array.from(a, (loss, config) => Math.abs(loss - (b[config] ?? 0)))
      expect(Math.max(...moves)).toBeLessThan(0.02)
      expect(a[argmin(b)]).toBeLessThan(0.01)
    }
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
    expect(countsOf(PLAN, [64, 32, 16], Float64Array.of(100, 40, 33))).toMatchObject({
      workgroups: 4,
      rounds: 3,
      elements: 64 * 32 * 16,
      outputs: 64 * 32,
    })
    const whole = { columns: [0, 1], parallel: [true, false] }
    const padded = countsOf(whole, [4, null], Float64Array.of(9, 1000))
    expect(padded).toMatchObject({ workgroups: 3, rounds: 1, elements: 4 * 1024 })
    expect(padded.padding).toBeCloseTo((12 / 9) * 1.024)
    // A tile is never longer than the size needs.
    expect(countsOf(whole, [64, 4096], Float64Array.of(3, 100))).toMatchObject({ elements: 4 * 128 })
  })
})

describe('axes of cells', () => {
  const rows = shapes(10, 5)

  it('are those that differ, texts, switches and what is open of a config among them', () => {
    const configs: readonly ConfigData[] = [
      { block_sizes: [1], indexing: ['pointer'], reduction_loops: [null] },
      { block_sizes: [1], indexing: ['block_ptr'], reduction_loops: [64] },
    ]
    const same = () =>
      configs.map(() => ({
        counts: new Float64Array(3),
        waste: new Float64Array(2),
        demands: new Float64Array(1),
      }))
    const axes = cellAxes(COLUMNS, rows, configs, same)
    // indexing as two kinds, the loop as a number and as open
    expect(axes.cells(rows[0] ?? new Float64Array())[0]).toHaveLength(4)
  })
})
