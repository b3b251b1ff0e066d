/** Facts in records and CSV files: what is read, what is refused, and what a build makes of them. */
import { describe, expect, it } from 'vitest'
import { rowOf, toColumns } from '../../../src/aot/evaluate/features/columns.ts'
import { readMeasurementCsv, writeMeasurementCsv } from '../../../src/aot/evaluate/input/measurement_csv.ts'
import { readSweeps } from '../../../src/aot/evaluate/input/read_sweeps.ts'
import { compiledCells } from '../../../src/aot/evaluate/learn/compiled_cells.ts'
import { parseFormula } from '../../../src/aot/facts/formula.ts'
import { checkFacts, type ToldFacts } from '../../../src/aot/facts/told_facts.ts'
import { LineError, type LineProblem } from '../../../src/aot/line_checks.ts'
import { textLines } from '../../../src/aot/lines.ts'
import { readRecords } from '../../../src/aot/records.ts'
import { measured, RUN } from '../run/records_for_tests.ts'

const sizes: Readonly<Record<string, number>> = { arg0_dim0: 100, arg1_dim1: 7 }
const isSize = (name: string) => Object.hasOwn(sizes, name)

describe('formulas of sizes', () => {
  it.each([
    ['42', 42],
    ['(cdiv(arg0_dim0, 64) * arg1_dim1)', 14],
    ['arg0_dim0 - 2 * arg1_dim1 + 1', 87],
    ['(arg0_dim0 / 64) + (arg0_dim0 % 64)', 37],
    ['min(128, max(nextPowerOf2(arg1_dim1), 4))', 8],
  ])('%s', (text, value) => {
    expect(parseFormula(text, isSize).valueAt((name) => sizes[name] ?? 0)).toBe(value)
  })

  it.each([
    ['', '"" is no formula of sizes at its end'],
    ['1 2', '"1 2" is no formula of sizes after "2"'],
    ['cdiv(1)', '"cdiv(1)" is no formula of sizes at ")"'],
    ['arg0_dim9', '"arg0_dim9" is no formula of sizes at "arg0_dim9"'],
    ['constructor(1)', '"constructor(1)" is no formula of sizes at "constructor"'],
    ['process.exit()', '"process.exit()" is no formula of sizes at ".exit()"'],
    ['1;alert(1)', '"1;alert(1)" is no formula of sizes at ";alert(1)"'],
    ['99999999999999999999', '"99999999999999999999" is no formula of sizes at "99999999999999999999"'],
    ['('.repeat(200), 'a formula nested deeper than 100'],
    ['1+'.repeat(20_000), 'a formula of 40000 characters'],
  ])('refused: %.40s', (text, reason) => {
    expect(() => parseFormula(text, isSize)).toThrow(reason)
  })
})

const FACTS: ToldFacts = { workgroups: 'cdiv(arg0_dim0, 64)', rounds: 1, threads: 128 }

describe('facts that are refused', () => {
  it.each<[unknown, string]>([
    [[], 'facts is [], not an object'],
    [{ ...FACTS, speed: 1 }, 'facts have no "speed"'],
    [{ ...FACTS, threads: '128' }, 'threads among the facts is "128", not a whole number'],
    [{ ...FACTS, rounds: -1 }, 'rounds among the facts is -1, not a whole number'],
    [{ ...FACTS, workgroups: 'arg0_scalar' }, '"arg0_scalar" is no formula of sizes at "arg0_scalar"'],
    [{ limits: { arg0_dim0: 1.5 } }, 'a limit among the facts is 1.5, not a whole number'],
  ])('%j', (value, reason) => {
    expect(() => checkFacts(value)).toThrow(LineError)
    expect(() => checkFacts(value)).toThrow(reason)
  })

  it('cost their line and no other, in records and in CSV files', () => {
    const good = { ...measured('k', 64, { num_warps: 1 }, 1), facts: FACTS }
    const bad = { ...measured('k', 64, { num_warps: 2 }, 1), facts: { workgroups: 'import("fs")' } }
    const { records, problems } = readRecords(
      [RUN, good, bad].map((each) => JSON.stringify(each)),
      'r',
    )
    expect(records).toEqual([RUN, good])
    const reason = '"import(\\"fs\\")" is no formula of sizes at "\\"fs\\")"'
    expect(problems).toMatchObject([{ line: 3, kind: 'bad value', reason }])
    const csv = [good, bad].map(({ kernel, shape_hash, shape_features, config, facts }) => {
      return { kernel, shapeHash: shape_hash, features: shape_features, config, timingMs: 1, facts }
    })
    const found: LineProblem[] = []
    const lines = textLines(writeMeasurementCsv(csv))
    expect([...readMeasurementCsv(lines, 'a.csv', found)]).toEqual(csv.slice(0, 1))
    expect(found).toMatchObject([{ line: 3, kind: 'bad value', reason }])
  })
})

/** Shapes `[m, k]`, on each a config whose tiles have 32 or 128 rows. */
function csvOf(
  shapes: readonly (readonly [number, number])[],
  facts: (rows: number, m: number) => ToldFacts,
) {
  return writeMeasurementCsv(
    shapes.flatMap(([m, k]) =>
      [32, 128].map((rows) => ({
        kernel: 'k',
        shapeHash: `${m}x${k}`,
        features: { arg0_dim0: m, arg0_dim1: k, arg1_dim0: k, arg0_dtype: 'f32' },
        config: { block_sizes: [rows], num_warps: 4 },
        timingMs: m / rows,
        facts: facts(rows, m),
      })),
    ),
  )
}

function cellsOf(text: string) {
  const { sweeps, problems } = readSweeps([{ path: 'm.csv', lines: textLines(text) }])
  expect(problems).toEqual([])
  const [{ shapes = [], configs = [] } = {}] = sweeps
  const features = shapes.map((shape) => shape.features)
  const { columns, rows } = toColumns(features)
  return { columns, cells: compiledCells(columns, rows, features, configs) }
}

describe('facts of a sweep', () => {
  const shapes = [
    [100, 8],
    [1000, 16],
    [3000, 8],
  ] as const
  const told = (rows: number): ToldFacts => ({
    workgroups: `cdiv(arg0_dim0, ${rows})`,
    rounds: 'arg1_dim0',
    outputs: rows,
    computed: `(cdiv(arg0_dim0, ${rows}) * ${rows})`,
    needed: 'arg0_dim0',
    threads: 128,
    limits: { [`cdiv(arg0_dim0, ${rows})`]: 100 },
  })

  it('say of shapes that nobody measured what configs come to there, and where they are refused', () => {
    const { columns, cells } = cellsOf(csvOf(shapes, told))
    expect(columns.map(({ name }) => name)).toEqual(['arg0_dim0', 'arg0_dim1'])
    const row = rowOf(columns, { arg0_dim0: 4096, arg0_dim1: 32 })
    const facts = cells.factsOf?.(128)(row) ?? []
    const counts = facts.map((each) => [...each.counts].slice(0, 2).map((count) => 2 ** count))
    expect(counts).toContainEqual([32, 32])
    expect(counts).toContainEqual([128, 32])
    expect([0, 1].map((config) => cells.isRefused(row, config)).sort()).toEqual([false, true])
  })

  it('are those of the shape that has sizes of its own in all places', () => {
    const oneRow = (rows: number, m: number) => (m === 100 ? { ...told(rows), rounds: 8 } : told(rows))
    const { columns, cells } = cellsOf(csvOf(shapes, oneRow))
    const facts = cells.factsOf?.(128)(rowOf(columns, { arg0_dim0: 100, arg0_dim1: 64 }))
    expect(facts?.map(({ counts }) => counts[1])).toEqual([6, 6])
  })

  it('are the formulas that hold on the most shapes, also where tiles do not fit', () => {
    const clipped = (rows: number) => `min(${rows}, max(nextPowerOf2(arg0_dim0), 16))`
    const small = [[1, 8], [5, 16], [12, 8], ...shapes] as const
    const fitted = (rows: number, m: number): ToldFacts =>
      m >= rows ? told(rows) : { ...told(rows), outputs: m === 1 ? 16 : clipped(rows) }
    const { columns, cells } = cellsOf(csvOf(small, fitted))
    const facts = (m: number) => cells.factsOf?.(128)(rowOf(columns, { arg0_dim0: m, arg0_dim1: 8 })) ?? []
    // By thread, of which there are 128.
    const outputs = (m: number) => facts(m).map(({ counts }) => 128 * 2 ** (counts[3] ?? Number.NaN))
    expect(outputs(20).sort()).toEqual([32, 32])
    expect(outputs(2000).sort()).toEqual([128, 32])
  })

  it('are believed where counts differ by no more than a factor of two, as parts of a split sum do', () => {
    const parts = (rows: number, m: number, less: number): ToldFacts => {
      return { ...told(rows), workgroups: `(${m === 100 ? 128 / less : 128} * arg0_dim0)` }
    }
    const factsOf = (less: number) => cellsOf(csvOf(shapes, (rows, m) => parts(rows, m, less))).cells.factsOf
    expect(factsOf(2)).toBeDefined()
    expect(factsOf(4)).toBeUndefined()
  })

  it('are not believed where they contradict each other', () => {
    const constant = (_: number, m: number): ToldFacts => ({ ...told(32), workgroups: m })
    expect(cellsOf(csvOf(shapes, constant)).cells.factsOf).toBeUndefined()
  })

  it('of most configs serve where some have none, of which nothing is said', () => {
    const some = csvOf(shapes, (rows) => (rows === 32 ? told(rows) : {}))
    const { columns, cells } = cellsOf(some)
    const facts = cells.factsOf?.(128)(rowOf(columns, { arg0_dim0: 4096, arg0_dim1: 32 })) ?? []
    expect(facts.map(({ counts }) => [...counts].slice(0, 2))).toEqual([
      [7, 5],
      [7, 5],
    ])
    expect(facts.map(({ demands }) => demands.length > 0).sort()).toEqual([false, true])
  })

  it('are not needed', () => {
    expect(cellsOf(csvOf(shapes, () => ({}))).cells.factsOf).toBeUndefined()
  })
})
