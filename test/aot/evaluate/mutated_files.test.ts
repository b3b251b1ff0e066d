/** Files of measurements as accidents and enemies leave them: lines are refused, nothing breaks or hangs. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { formatProblem, type LineProblem } from '../../../src/aot/line_checks.ts'
import { textLines } from '../../../src/aot/lines.ts'
import { forEachMutation, mutations } from '../../mutations.ts'
import { temporaryFolder } from '../../temporary_folder.ts'
import { kernelRecord, measured, RUN } from '../run/records_for_tests.ts'
import { native } from './native.ts'
import { runModule } from './run_module.ts'
import { byHand, toCsv } from './sweeps.ts'

const { readMeasurementCsv, readRecords, runBuild } = native
const CSV = toCsv(
  byHand(
    [
      [64, 8],
      [256, 8],
      [1024, 16],
    ],
    [
      [1, 2, 3],
      [2, 1, 3],
      [3, 1, 2],
    ],
  ),
)
const CONFIGS = [
  { block_sizes: [64, 16], num_warps: 1 },
  { block_sizes: [128, 16], num_warps: 8 },
]
const RECORDS = [
  RUN,
  kernelRecord('add'),
  ...[64, 256, 1024].flatMap((size) =>
    CONFIGS.map((config, column) => measured('add', size, config, size > 200 === (column === 1) ? 1 : 2)),
  ),
]
  .map((record) => JSON.stringify(record))
  .join('\n')

/** Of a real run. */
const WHOLE_RUN = gunzipSync(
  readFileSync(fileURLToPath(new URL('../../data/softmax_run.jsonl.gz', import.meta.url))),
).toString('utf8')

const read = {
  'm.csv': (text: string) => {
    const problems: LineProblem[] = []
    for (const row of readMeasurementCsv(textLines(text), 'm.csv', problems))
      expect(row.timingMs).toBeGreaterThan(0)
    return problems
  },
  'records_x.jsonl': (text: string) => readRecords(textLines(text), 'records_x.jsonl').problems,
} as const

describe.each([
  ['m.csv', CSV],
  ['records_x.jsonl', RECORDS],
  ['records_x.jsonl', WHOLE_RUN],
] as const)('%s', (name, source) => {
  test('mutated, it is read as far as it can be, and built from', async () => {
    const root = temporaryFolder()
    const folder = join(root, 'run')
    mkdirSync(folder)
    const path = join(folder, name)
    const build = (text: string): void => {
      writeFileSync(path, text)
      read[name](text)
      try {
        const { result } = runBuild({ measurements: [path], outDir: folder, scoreMatrix: false })
        // As a program does that serves with it.
        for (const { kernel, text: module } of result.kernels) runModule(module, kernel, 'm.ts').key()
      } catch (error) {
        // By name: the build comes through another loader, with classes of its own.
        if (!/^(?:Data|Usage)Error$/.test((error as Error).name)) throw error
      }
    }
    await forEachMutation(source, 11, build, mutations() / 2)
    expect(readdirSync(root)).toEqual(['run'])
    expect(globalThis).not.toHaveProperty('executed')
  })
})

test('weights, mutated, are used or refused by name', async () => {
  const folder = temporaryFolder()
  const [csv, weightsFile] = [join(folder, 'm.csv'), join(folder, 'w.json')]
  writeFileSync(csv, CSV)
  const weights = JSON.stringify({ shape0: 3, shape1: 0.5, shape2: 1 }, null, 1)
  const build = (text: string): void => {
    writeFileSync(weightsFile, text)
    try {
      runBuild({ measurements: [csv], weightsFile, dumpCode: true, scoreMatrix: false })
    } catch (error) {
      if ((error as Error).name !== 'UsageError') throw error
    }
  }
  await forEachMutation(weights, 12, build)
})

const LINE = CSV.split('\n').slice(0, 2)
const withCell = (from: string | RegExp, to: string) => [LINE[0], LINE[1]?.replace(from, to)].join('\n')

test.each([
  [
    '__proto__ for a kernel',
    withCell('made', '__proto__'),
    'bad value: kernel_name is "__proto__", not a name',
  ],
  [
    '__proto__ for a shape',
    withCell('shape0', '__proto__'),
    'bad value: shape_hash is "__proto__", not a name',
  ],
  [
    '__proto__ for a feature',
    withCell('arg0_numel', '__proto__'),
    'bad value: a name in shape_features is "__proto__", not a name',
  ],
  [
    '__proto__ for a field',
    withCell('tag', '__proto__'),
    'bad value: a name in config is "__proto__", not a name',
  ],
  [
    'a huge time',
    withCell(/,1$/m, ',1e308'),
    'bad time: a time must be between 1e-9 and 1000000000000 ms, got 1e+308',
  ],
  [
    'a tiny time',
    withCell(/,1$/m, ',5e-324'),
    'bad time: a time must be between 1e-9 and 1000000000000 ms, got 5e-324',
  ],
  [
    'a huge size',
    withCell(/(arg0_dim0"":)64/, '$11e308'),
    'bad value: feature arg0_dim0 is 1e+308, which is out of all proportion',
  ],
  [
    'a tiny number',
    withCell(/(tag"":)0/, '$15e-324'),
    'bad value: a number in config is 5e-324, which is out of all proportion',
  ],
  ['NaN', withCell(/(arg0_dim0"":)64/, '$1NaN'), /torn: shape_features is not JSON/],
  [
    'a far argument',
    withCell('arg0_dim0', 'arg3000000000_dim0'),
    'bad value: feature "arg3000000000_dim0" is about position 3000000000',
  ],
  [
    'a far dimension',
    withCell('arg0_dim0', 'arg0_dim4000000000'),
    'bad value: feature "arg0_dim4000000000" is about position 4000000000',
  ],
  [
    'a long list',
    withCell(/(tag"":)0/, `$1[${'1,'.repeat(3000)}1]`),
    'bad value: config holds more than 2000 values',
  ],
  [
    'a deep list',
    withCell(/(tag"":)0/, `$1${'['.repeat(20)}${']'.repeat(20)}`),
    'bad value: config is nested deeper than 8',
  ],
  [
    'a list without a ground',
    withCell(/(tag"":)0/, `$1${'['.repeat(4000)}${']'.repeat(4000)}`),
    'torn: config is not JSON (it is nested deeper than 100)',
  ],
  ['ten megabytes', withCell('made', 'm'.repeat(1e7)), 'bad value: more than 1000000 characters in one line'],
])('%s is a refused line', (_, text, reason) => {
  const problems = read['m.csv'](`${text}\n${CSV.split('\n').slice(2).join('\n')}`)
  expect(problems).toHaveLength(1)
  expect(formatProblem(problems[0] as LineProblem)).toMatch(
    typeof reason === 'string' ? `m.csv:2: ${reason}` : reason,
  )
})

test.each([
  [
    { ...RUN, device_family: '../../../evil' },
    'device_family is "../../../evil", not small letters, digits and `_`',
  ],
  [{ ...RUN, hardware_id: '../evil' }, 'hardware_id is "../evil", not letters, digits, `_`, `.` and `-`'],
  [{ ...RUN, versions: { node: { toString: 1 } } }, undefined],
  [{ ...kernelRecord('add'), batched: [1] }, 'batched is [1], not a list of lists of null and whole numbers'],
])('records: %j', (record, reason) => {
  const problems = read['records_x.jsonl'](JSON.stringify(record))
  expect(problems.map((problem) => problem.reason)).toEqual(reason === undefined ? [] : [reason])
})

test('of many lines that are left out the first are named, and the others counted', () => {
  const folder = temporaryFolder()
  const [header = '', ...rows] = CSV.trim().split('\n')
  writeFileSync(join(folder, 'm.csv'), [header, ...rows, ...rows, ...rows, ...rows].join('\n'))
  const { result, messages } = runBuild({ measurements: [join(folder, 'm.csv')], scoreMatrix: false })
  expect(result.problems).toHaveLength(3 * rows.length)
  const said = messages.filter((line) => line.startsWith('left out: '))
  expect(said).toHaveLength(21)
  expect(said.at(-1)).toBe(`left out: ${3 * rows.length - 20} more lines`)
})

test('a size of minus zero is zero, to quotients too', () => {
  const folder = temporaryFolder()
  // The one row that says so, and one that names its size otherwise.
  const text = CSV.replace(/(tag"":2}","{""arg0_ndim"":2,""arg0_dim0"":)64/, '$1-0').replace(
    'arg0_dim0"":256',
    'arg10_dim0"":256',
  )
  writeFileSync(join(folder, 'm.csv'), text)
  const { result } = runBuild({ measurements: [join(folder, 'm.csv')], scoreMatrix: false })
  expect(result.problems).toEqual([])
  expect(result.kernels).toHaveLength(1)
})

test('names that every object has are names like others', () => {
  const folder = temporaryFolder()
  const text = CSV.replaceAll('shape0', 'constructor')
    .replaceAll('made', 'toString')
    .replaceAll('arg0_ndim', 'valueOf')
  writeFileSync(join(folder, 'm.csv'), text)
  writeFileSync(join(folder, 'w.json'), '{"shape1": 3}')
  const options = { measurements: [join(folder, 'm.csv')], weightsFile: join(folder, 'w.json') }
  const { result, written } = runBuild({ ...options, scoreMatrix: false })
  expect(result.problems).toEqual([])
  expect(result.kernels[0]?.decision.matrix.shapes.map(({ weight }) => weight).sort()).toEqual([1, 1, 3])
  expect(readFileSync(written?.modules[0] ?? '', 'utf8')).toContain('export function key_toString(')
})
