/** Whether the way that tiles lie over sizes is found in times that are made of it. */
import { describe, expect, it } from 'vitest'
import type { Column } from '../../../src/aot/evaluate/features/columns.ts'
import { fitTileEffects, type TilePlan } from '../../../src/aot/evaluate/learn/tile_effects.ts'
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

/** Rows m, k, n between 150 and 3000. */
function shapes(count: number, random: Random): Float64Array[] {
  const size = () => Math.round(150 * 20 ** random.next())
  return Array.from({ length: count }, () => Float64Array.of(size(), size(), size()))
}

/** Log time of a matrix product whose blocks run along m, n and k, on 132 processors. */
function logTime([m = 0, k = 0, n = 0]: Float64Array, { block_sizes: sizes }: ConfigData): number {
  const [bm = 1, bn = 1, bk = 1] = sizes as number[]
  const waves = Math.ceil((Math.ceil(m / bm) * Math.ceil(n / bn)) / 132)
  return Math.log(waves * bm * bn * Math.ceil(k / bk) * bk)
}

function fit(rows: readonly Float64Array[], configs = CONFIGS, noise = 0, plan?: TilePlan) {
  const random = new Random(5)
  const outputs = rows.map((row) =>
    Float64Array.from(configs, (config) => logTime(row, config) + noise * (random.next() - 0.5)),
  )
  return fitTileEffects(COLUMNS, rows, configs, outputs, plan)
}

describe('tile effects', () => {
  const rows = shapes(50, new Random(3))

  it('know which tile runs along which size, and how many workgroups run at once', () => {
    const plan = fit(rows, CONFIGS, 0.05)?.plan
    expect(plan).toMatchObject({ columns: [0, 2, 1], parallel: [true, true, false] })
    // Several workgroups per processor are tried with every number of processors.
    expect([1, 2, 4].map((resident) => Math.round(132 / (plan?.units ?? 0) / resident))).toContain(1)
  })

  it('tell for new shapes how configs differ there', () => {
    const plan: TilePlan = { columns: [0, 2, 1], parallel: [true, true, false], units: 132 }
    const effects = fit(rows, CONFIGS, 0, plan)
    const usual = CONFIGS.map((config) => meanOf(rows.map((row) => logTime(row, config))))
    let left = 0
    let all = 0
    for (const row of shapes(20, new Random(4))) {
      const unusual = CONFIGS.map((config, i) => logTime(row, config) - (usual[i] ?? 0))
      const common = meanOf(unusual)
      const explained = effects?.explain(row) ?? []
      unusual.forEach((value, i) => {
        all += (value - common) ** 2
        left += (value - common - (explained[i] ?? 0)) ** 2
      })
    }
    expect(left / all).toBeLessThan(0.03)
  })

  it('are fitted at once to a plan that is known', () => {
    const plan: TilePlan = { columns: [0, 2, 1], parallel: [true, true, false], units: 132 }
    expect(fit(rows, CONFIGS, 0, plan)?.plan).toBe(plan)
  })

  it('say nothing of a config without tiles, whatever its times', () => {
    const configs = [...CONFIGS, {}]
    const outputs = rows.map((row) =>
      Float64Array.from(configs, (config, i) => (i < CONFIGS.length ? logTime(row, config) : (row[0] ?? 0))),
    )
    const effects = fitTileEffects(COLUMNS, rows, configs, outputs, fit(rows)?.plan)
    for (const row of shapes(5, new Random(6))) expect(effects?.explain(row)[CONFIGS.length]).toBe(0)
  })

  it('are none where times have nothing to do with tiles', () => {
    const random = new Random(8)
    const outputs = rows.map(() => Float64Array.from(CONFIGS, () => random.next()))
    expect(fitTileEffects(COLUMNS, rows, CONFIGS, outputs)).toBeUndefined()
  })

  it('are none on few shapes, without tiles, without sizes, or where tiles lie in too many ways', () => {
    const zeros = rows.map(() => new Float64Array(2))
    expect(fitTileEffects(COLUMNS, rows, [{ num_warps: 1 }, { num_warps: 2 }], zeros)).toBeUndefined()
    expect(
      fitTileEffects(COLUMNS, rows, [{ block_sizes: [] }, { block_sizes: 'all' }], zeros),
    ).toBeUndefined()
    expect(
      fitTileEffects(
        [],
        rows.map(() => new Float64Array()),
        CONFIGS,
        zeros,
      ),
    ).toBeUndefined()
    expect(fit(rows.slice(0, 20))).toBeUndefined()
    expect(fit(rows.slice(0, 40))).toBeDefined()
    const six = Array.from({ length: 6 }, (_, i): Column => ({ name: `d${i}`, kind: 'size', values: [] }))
    const long = rows.map((row) => Float64Array.of(...row, ...row))
    const outputs = rows.map(() => new Float64Array(CONFIGS.length))
    expect(fitTileEffects(six, long, CONFIGS, outputs)).toBeUndefined()
  })

  it('leave rows in parts to loops, and a whole row to a power of two', () => {
    const columns = COLUMNS.slice(0, 2)
    const configs: readonly ConfigData[] = [
      { block_sizes: [1], reduction_loops: [null] },
      { block_sizes: [4], reduction_loops: [512] },
      { block_sizes: [2], reduction_loops: [1024] },
    ]
    const time = (
      [, n = 0]: Float64Array,
      { reduction_loops: [loop] = [] }: { reduction_loops?: (number | null)[] },
    ) => Math.log(loop ? Math.ceil(n / loop) * loop : 2 ** Math.ceil(Math.log2(n)))
    const outputs = rows.map((row) => Float64Array.from(configs, (config) => time(row, config as never)))
    const effects = fitTileEffects(columns, rows, configs, outputs)
    expect(effects?.plan).toMatchObject({ columns: [0, 1], parallel: [true, false] })
    const [whole = 0, looped = 0] = effects?.explain(Float64Array.of(512, 1100)) ?? []
    expect(whole).toBeGreaterThan(looped)
  })
})
