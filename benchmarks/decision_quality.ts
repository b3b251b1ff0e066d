/**
 * How much slower than the best config is the chosen one, on shapes that were not in the sweep? Ten matrices
 * of Triton kernels and some of this package's own, with the default config of each shape, all measured on an
 * NVIDIA H200 (docs/decision_quality.md), 4 folds, several shuffles, through the public way: measurements in,
 * module text out. With a number of shapes, models are fitted on so many, drawn at random, and tested on all
 * others; with further shapes on half of these, without and with so many of the other half.
 * Usage: npx tsx benchmarks/decision_quality.ts [shuffles] [name of a matrix, or all] [shapes, or folds]
 *   [further] [methods, one after the other with commas between] [the first of the seeds of shuffles]
 */
import { readFileSync } from 'node:fs'
import { buildHeuristics } from '../src/aot/evaluate/build.ts'
import type { DecisionOptions } from '../src/aot/evaluate/decide/settings.ts'
import { writeMeasurementCsv } from '../src/aot/evaluate/input/measurement_csv.ts'
import type { ToldFacts } from '../src/aot/facts/told_facts.ts'
import { textLines } from '../src/aot/lines.ts'
import { doubtIn, mostDoubtful } from '../src/aot/measure/doubt.ts'
import type { AotRecord } from '../src/aot/records.ts'
import { KnownRecords } from '../src/aot/run/known_records.ts'
import { type ConfigData, isOpen } from '../src/config/value.ts'
import { extractFeatures, type Features } from '../src/heuristics/features.ts'
import { geomean, quantile } from '../src/support/maths.ts'
import { Random } from '../src/support/random.ts'
import { stableStringify } from '../src/support/stable.ts'
import { helionMethod } from '../test/aot/evaluate/helion_method.ts'
import { argumentsOf, runModule } from '../test/aot/evaluate/run_module.ts'
import { tensorFeatures } from '../test/aot/evaluate/sweeps.ts'
import { ownFacts } from './own_facts.ts'

interface Matrix {
  readonly name: string
  readonly dtype: string
  /** Which sizes of a shape each argument has: `m,k;k,n` or `m,n`. */
  readonly arguments: string
  readonly shapes: readonly (readonly number[])[]
  readonly configs: readonly ConfigData[]
  readonly microseconds: readonly (readonly (number | null)[])[]
  /** Of kernels of this package: the arguments of each shape, as modules take them. */
  readonly calls?: readonly (readonly unknown[])[]
  /** And how long the default config of each shape takes. */
  readonly defaults?: readonly (number | null)[]
}

/** The time of the chosen config for a row; fitted on some rows and further ones. */
type Method = (matrix: Matrix, rows: readonly number[], made: readonly number[]) => (row: number) => number

const KERNEL = 'kernel'

const METHODS: Readonly<Record<string, Method>> = {
  'entropy tree': (matrix, rows) => {
    const features = matrix.shapes.map((_, row) => featuresOf(matrix, row))
    const names = Object.keys(features[0] ?? {}).filter((name) => typeof features[0]?.[name] === 'number')
    const point = (shape: Features) => names.map((name) => Number(shape[name] ?? 0))
    const choose = helionMethod(
      rows.map((row) => point(features[row] ?? {})),
      rows.map((row) => timesOf(matrix, row)),
    )
    return (row) => timesOf(matrix, row)[choose(point(featuresOf(matrix, row)))] ?? Number.POSITIVE_INFINITY
  },
  'this package': built((matrix, rows) => csvOf(matrix, rows)),
  'the tree everywhere': built((matrix, rows) => csvOf(matrix, rows), { outside: 'tree' }),
  'with defaults': built((matrix, rows) => csvOf(matrix, rows), { defaults: true }),
  'defaults only': (matrix) => (row) => defaultOf(matrix, row),
  'with facts': built((matrix, rows) => csvOf(matrix, rows, factsOf)),
}

function built(
  csv: (matrix: Matrix, rows: readonly number[]) => string,
  options: DecisionOptions = {},
): Method {
  return (matrix, rows, made) => {
    const file =
      matrix.defaults || made.length > 0
        ? { path: 'records.jsonl', lines: recordsOf(matrix, rows, made) }
        : { path: 'measurements.csv', lines: textLines(csv(matrix, rows)) }
    const text = buildHeuristics({ ...options, files: [file] }).kernels[0]?.text ?? ''
    const module = runModule(text, KERNEL, 'module.ts')
    const names = matrix.configs.map(stableStringify)
    const timeOf = (row: number, config: ConfigData): number =>
      isOpen(config)
        ? defaultOf(matrix, row)
        : (timesOf(matrix, row)[names.indexOf(stableStringify(config))] ?? Number.POSITIVE_INFINITY)
    const { fallbacks: order = [], beforeDefault } = module.meta
    const fallbacks = order.slice(0, beforeDefault).map((position) => module.configs[position] ?? {})
    return (row) => {
      const { calls } = matrix
      if (!calls) return timeOf(row, module.autotune(...argumentsOf(featuresOf(matrix, row))))
      // As programs do: what cannot be built is served by the next that can.
      const serving = [module.autotune(...(calls[row] ?? [])), ...fallbacks, {}]
      return serving.map((config) => timeOf(row, config)).find(Number.isFinite) ?? Number.POSITIVE_INFINITY
    }
  }
}

/** Records as the measure phase writes them. What the default of a shape is called does not matter. */
function recordsOf(matrix: Matrix, rows: readonly number[], made: readonly number[] = []): readonly string[] {
  const measurement = (
    row: number,
    config: ConfigData,
    time: number | null,
    isDefault: boolean,
    facts?: ToldFacts,
  ) => ({
    ...{
      event: 'measurement',
      kernel: KERNEL,
      shape_hash: `${row}`,
      shape_features: featuresOf(matrix, row),
    },
    ...{ config, config_hash: stableStringify(config), is_default: isDefault, facts },
    ...(time === null
      ? { status: 'invalid', samples: [], timing_ms: null, reason: 'it cannot be built' }
      : { status: 'ok', samples: [time / 1000], timing_ms: time / 1000 }),
    weight: made.includes(row) ? 0 : undefined,
  })
  const records = [...rows, ...made].flatMap((row) => {
    const call = matrix.calls?.[row]
    const facts = call ? ownFacts(matrix.name, call, featuresOf(matrix, row), matrix.configs) : []
    return [
      ...timesOf(matrix, row).flatMap((time, column) => {
        const config = matrix.configs[column]
        if (!config) return []
        if (call && !facts[column]) return [measurement(row, config, null, false)]
        return Number.isFinite(time) ? [measurement(row, config, time, false, facts[column])] : []
      }),
      measurement(row, { default_of: row }, defaultOf(matrix, row), true),
    ]
  })
  return records
    .filter(({ timing_ms: ms }) => ms === null || Number.isFinite(ms))
    .map((record) => JSON.stringify(record))
}

function defaultOf({ defaults }: Matrix, row: number): number {
  return defaults?.[row] ?? Number.POSITIVE_INFINITY
}

/** What a compiler would say: these kernels have one grid, with a loop along k, the row or the column. */
function factsOf(matrix: Matrix, config: ConfigData): ToldFacts {
  const list = (name: string) => (Array.isArray(config[name]) ? config[name] : [])
  const [a = 1, b = 1, c = 1] = [...list('block_sizes'), ...list('reduction_loops')]
  const tile = (size: string, length: unknown) => {
    const room = `nextPowerOf2(${size})`
    return typeof length === 'number' ? `min(${length}, ${room})` : room
  }
  const tiles = {
    'm,k;k,n': [tile('arg0_dim0', a), tile('arg1_dim1', b), tile('arg0_dim1', c)],
    // Columns are added up by workgroups along them.
    columns: [tile('arg0_dim1', a), tile('arg0_dim0', b)],
    rows: [tile('arg0_dim0', a), tile('arg0_dim1', b)],
  }
  const isProduct = matrix.arguments === 'm,k;k,n'
  const isColumns = matrix.name.startsWith('colsum')
  const sizes = isProduct
    ? ['arg0_dim0', 'arg1_dim1', 'arg0_dim1']
    : isColumns
      ? ['arg0_dim1', 'arg0_dim0']
      : ['arg0_dim0', 'arg0_dim1']
  const lengths = tiles[isProduct ? 'm,k;k,n' : isColumns ? 'columns' : 'rows']
  const counts = sizes.map((size, i) => `cdiv(${size}, ${lengths[i]})`)
  const grid = isProduct ? 2 : 1
  const split = Number(config.split_k ?? 1)
  return {
    workgroups: [...counts.slice(0, grid), split].join(' * '),
    rounds: `cdiv(${counts.slice(grid).join(' * ')}, ${split})`,
    outputs: lengths.slice(0, grid).join(' * '),
    computed: counts.map((count, i) => `(${count} * ${lengths[i]})`).join(' * '),
    needed: sizes.join(' * '),
    threads: 32 * Number(config.num_warps ?? 4),
  }
}

function csvOf(
  matrix: Matrix,
  rows: readonly number[],
  facts?: (matrix: Matrix, config: ConfigData) => ToldFacts,
): string {
  const cells = rows.flatMap((row) =>
    timesOf(matrix, row).flatMap((time, column) => {
      const config = matrix.configs[column]
      if (!config || !Number.isFinite(time)) return []
      const shapeHash = (matrix.shapes[row] ?? []).join('x')
      const features = featuresOf(matrix, row)
      const told = facts?.(matrix, config)
      return [{ kernel: KERNEL, shapeHash, features, config, timingMs: time / 1000, facts: told }]
    }),
  )
  return writeMeasurementCsv(cells)
}

function featuresOf(matrix: Matrix, row: number): Features {
  if (matrix.calls) return extractFeatures(matrix.calls[row] ?? [], {})
  const [m = 0, n = 0, k = 0] = matrix.shapes[row] ?? []
  const sizes: Readonly<Record<string, number>> = { m, n, k }
  const args = matrix.arguments.split(';').map((arg) => arg.split(',').map((name) => sizes[name] ?? 0))
  return tensorFeatures(args, `torch.${matrix.dtype}`)
}

function timesOf(matrix: Matrix, row: number): readonly number[] {
  return (matrix.microseconds[row] ?? []).map((time) => time ?? Number.POSITIVE_INFINITY)
}

/** Regrets on shapes that a method was not fitted on. A forbidden choice counts as 10 times as slow. */
function heldOut(matrix: Matrix, method: Method, more: number): number[] {
  return Array.from({ length: shuffles }, (_, shuffle) => {
    const order = new Random(firstSeed + shuffle).shuffle(matrix.shapes.map((_, row) => row))
    if (shapes !== undefined) {
      const [given, rest] = [order.slice(0, shapes), order.slice(shapes)]
      if (further === 0) return regretsOf(matrix, method(matrix, given, []), rest)
      const [others, tested] = [0, 1].map((half) => rest.filter((_, i) => i % 2 === half))
      return regretsOf(
        matrix,
        method(matrix, given, furtherOf(matrix, given, others ?? [], more)),
        tested ?? [],
      )
    }
    return [0, 1, 2, 3].flatMap((fold) => {
      const [inside = [], outside = []] = [false, true].map((isHeld) =>
        order.filter((_, index) => (index % 4 === fold) === isHeld),
      )
      return regretsOf(matrix, method(matrix, inside, []), outside)
    })
  }).flat()
}

/** The most doubtful of `others`, each by all that is known with those before it. */
function furtherOf(matrix: Matrix, given: readonly number[], others: readonly number[], count: number) {
  const made: number[] = []
  for (let i = 0; i < count; i++) {
    const records = recordsOf(matrix, given, made).map((line) => JSON.parse(line) as AotRecord)
    const doubt = doubtIn(new KnownRecords(records), KERNEL)
    const left = others.filter((row) => !made.includes(row))
    const next = mostDoubtful(left, (row) => doubt?.(featuresOf(matrix, row)) ?? 0)
    if (next !== undefined) made.push(next)
  }
  return made
}

function regretsOf(matrix: Matrix, choose: (row: number) => number, outside: readonly number[]) {
  return outside.flatMap((row) => {
    const best = Math.min(...timesOf(matrix, row), defaultOf(matrix, row))
    return Number.isFinite(best) ? [Math.min(choose(row) / best, 10)] : []
  })
}

const shuffles = Number(process.argv[2] ?? 3)
const data = new URL('./decision_quality_h200.json', import.meta.url)
const matrices = (JSON.parse(readFileSync(data, 'utf8')) as Matrix[]).filter(({ name }) =>
  [undefined, 'all', name].includes(process.argv[3]),
)
const shapes = [undefined, 'folds'].includes(process.argv[4]) ? undefined : Number(process.argv[4])
const further = Number(process.argv[5] ?? 0)
const wanted = process.argv[6]?.split(',')
const firstSeed = Number(process.argv[7] ?? (shapes === undefined ? 100 : 500))
const methods = Object.entries(METHODS)
  .filter(([name]) => wanted?.includes(name) ?? true)
  .flatMap(([name, method]) => {
    const without = { name, method, more: 0 }
    return further > 0 ? [without, { name: `${name}, ${further} further`, method, more: further }] : [without]
  })
const totals = new Map<string, number[]>()
console.log(`| matrix | shapes x configs | ${methods.map(({ name }) => name).join(' | ')} |`)
console.log(`|---|---|${methods.map(() => '---|').join('')}`)
for (const matrix of matrices) {
  const cells = methods.map(({ name, method, more }) => {
    const regrets = heldOut(matrix, method, more)
    totals.set(name, [...(totals.get(name) ?? []), geomean(regrets)])
    const numbers = [geomean(regrets), quantile(regrets, 0.95), Math.max(...regrets)]
    return numbers.map((value) => value.toFixed(3)).join(' / ')
  })
  console.log(
    `| ${matrix.name} | ${matrix.shapes.length} x ${matrix.configs.length} | ${cells.join(' | ')} |`,
  )
}
console.log(`| mean | | ${[...totals.values()].map((values) => geomean(values).toFixed(4)).join(' | ')} |`)
