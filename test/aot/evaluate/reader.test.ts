/** The readers of records and CSVs: merging, refusing by line, and 10,000 mutated files. */
import { describe, expect, test } from 'vitest'
import { readMeasurementCsv } from '../../../src/aot/evaluate/input/measurement_csv.ts'
import { readSweeps } from '../../../src/aot/evaluate/input/read_sweeps.ts'
import { formatProblem, type LineProblem } from '../../../src/aot/line_checks.ts'
import { textLines } from '../../../src/aot/lines.ts'
import { readRecords } from '../../../src/aot/records.ts'
import { Random } from '../../../src/support/random.ts'
import { byHand, toCsv } from './sweeps.ts'

const HEADER = 'kernel_name,shape_hash,config_hash,config,shape_features,timing_ms'
const CELL = (time: string, config = 1) => `k,s1,c1,"{""num_warps"": ${config}}","{""arg0_dim0"": 8}",${time}`

function csv(...lines: string[]) {
  const problems: LineProblem[] = []
  const rows = [...readMeasurementCsv(lines, 'a.csv', problems)]
  return { rows, problems: problems.map(({ line, kind }) => `${line} ${kind}`) }
}

describe('measurement CSVs', () => {
  test('what Helion writes', () => {
    const { rows, problems } = csv(HEADER, CELL('0.25'))
    expect(problems).toEqual([])
    expect(rows).toEqual([
      { kernel: 'k', shapeHash: 's1', features: { arg0_dim0: 8 }, config: { num_warps: 1 }, timingMs: 0.25 },
    ])
  })

  test('columns in any order, a second header, a byte order mark, Windows line ends', () => {
    const other = 'timing_ms,kernel_name,shape_hash,config_hash,config,shape_features'
    const text = `\uFEFF${[other, '1,k,s,c,{},{}', HEADER, CELL('2'), ''].join('\r\n')}`
    const { rows, problems } = csv(...textLines(text))
    expect(problems).toEqual([])
    expect(rows.map(({ timingMs }) => timingMs)).toEqual([1, 2])
  })

  test.each([
    ['timing_us,', 'has an unknown column "timing_us". Did you mean timing_ms?'],
    ['timing_ms,note', 'has an unknown column "note".'],
    ['', 'has no column timing_ms.'],
    ['timing_ms,config', 'names a column twice.'],
  ])('a header that is not understood is refused by name; lines are read as before: %s', (last, reason) => {
    const header = `kernel_name,shape_hash,config_hash,config,shape_features,${last}`.replace(/,$/, '')
    const problems: LineProblem[] = []
    const lines = [HEADER, CELL('1'), header, CELL('2'), CELL('3'), HEADER, CELL('4')]
    const rows = [...readMeasurementCsv(lines, 'a.csv', problems)]
    expect(rows.map(({ timingMs }) => timingMs)).toEqual([1, 2, 3, 4])
    expect(problems.map(formatProblem)).toEqual([
      `a.csv:3: foreign: the header ${reason} Lines that fit the columns known before are read.`,
    ])
  })

  test.each(['time_us', 'timing_s', 'config', 'timing_ms,note'])(
    'below a first header that is not understood no line is taken for what it is not: %s',
    (last) => {
      const header = `kernel_name,shape_hash,config_hash,config,shape_features,${last}`
      const problems: LineProblem[] = []
      const lines = [header, CELL('1'), CELL('2'), HEADER, CELL('3')]
      const rows = [...readMeasurementCsv(lines, 'a.csv', problems)]
      expect(rows.map(({ timingMs }) => timingMs)).toEqual([3])
      expect(problems.map(formatProblem)).toEqual([
        expect.stringMatching(/^a\.csv:1: foreign: the header .* The lines below it are left out\.$/),
        ...[2, 3].map(
          (line) =>
            `a.csv:${line}: foreign: nobody knows its columns, because the header above it is refused`,
        ),
      ])
    },
  )

  test('lines that cannot be used, by number', () => {
    const { rows, problems } = csv(
      HEADER,
      CELL('nan'),
      CELL('inf'),
      CELL('-1'),
      CELL('0'),
      CELL(''),
      'k,s1,c1,"{""num_warps"": 1',
      'something else',
      '',
      CELL('1'),
      CELL('1'),
      'k,s1,c1,"{""num_warps"": {}}","{}",1',
      'k,s1,c1,"[1]","{}",1',
      'k,s1,c1,"{}","{""a"": [1]}",1',
      ',s1,c1,"{}","{}",1',
      CELL('2'),
    )
    expect(rows.map(({ timingMs }) => timingMs)).toEqual([1, 2])
    expect(problems).toEqual([
      '2 bad time',
      '3 bad time',
      '4 bad time',
      '5 bad time',
      '6 bad time',
      '7 torn',
      '8 torn',
      '11 duplicate',
      '12 bad value',
      '13 foreign',
      '14 bad value',
      '15 bad value',
    ])
  })

  test('a time that is no time is shown as it is', () => {
    const problems: LineProblem[] = []
    expect([...readMeasurementCsv([HEADER, CELL('nan'), CELL('-inf')], 'a.csv', problems)]).toEqual([])
    expect(problems.map(({ reason }) => reason)).toEqual([
      'a time must be a positive number of milliseconds, got NaN',
      'a time must be a positive number of milliseconds, got -Infinity',
    ])
  })

  test('a torn line costs only itself', () => {
    const { rows, problems } = csv(HEADER, 'k,s1,c1,"{""num_warps"": 1}","{""arg0', CELL('1'), CELL('2', 2))
    expect(rows).toHaveLength(2)
    expect(problems).toEqual(['2 torn'])
  })
})

const MEASURED = {
  event: 'measurement',
  kernel: 'k',
  shape_hash: 's1',
  config_hash: 'c1',
  config: { num_warps: 1 },
  shape_features: { arg0_dim0: 8, arg0_dim1: 4 },
  status: 'ok',
  samples: [1, 3, 2],
  timing_ms: 2,
}
const RUN = {
  event: 'run',
  run_id: 'r',
  started_at: '2026-11-21T00:00:00Z',
  hardware_id: 'hw',
  device_family: 'dev',
  versions: {},
  device: {},
  command: [],
}
const KERNEL = { event: 'kernel', kernel: 'k', source_file: '/a/k.ts', source_hash: 'v1' }

function sweepOf(...records: readonly object[]) {
  return readSweeps([{ path: 'r.jsonl', lines: records.map((record) => JSON.stringify(record)) }])
}

describe('records', () => {
  test('samples of a cell are merged over lines and files', () => {
    const second = { ...MEASURED, samples: [5], timing_ms: 5 }
    const file = (path: string, record: object) => ({ path, lines: [JSON.stringify(record)] })
    const { sweeps } = readSweeps([file('a.jsonl', MEASURED), file('b.jsonl', second)])
    expect(sweeps[0]?.cell(0, 0)).toEqual({ samples: [1, 2, 3, 5], status: 'ok' })
  })

  test('a shape counts as much as the heaviest of its records says', () => {
    const { sweeps } = sweepOf({ ...MEASURED, weight: 3 }, { ...MEASURED, samples: [5], weight: 2 })
    expect(sweeps[0]?.shapes[0]?.weight).toBe(3)
    expect(sweepOf(MEASURED).sweeps[0]?.shapes[0]?.weight).toBe(1)
  })

  test('a wrong config stays forbidden, an error is forgiven by a later success', () => {
    const failed = (status: string) => ({ ...MEASURED, status, samples: [], timing_ms: null })
    expect(sweepOf(failed('wrong'), MEASURED).sweeps[0]?.cell(0, 0)).toEqual({ samples: [], status: 'wrong' })
    expect(sweepOf(failed('timeout'), MEASURED).sweeps[0]?.cell(0, 0)?.status).toBe('ok')
    expect(sweepOf(failed('timeout')).sweeps[0]?.cell(0, 0)?.status).toBe('timeout')
  })

  test('other devices, older kernels and batched dimensions', () => {
    const other = { ...RUN, device_family: 'other' }
    const { sweeps, problems, device } = sweepOf(
      RUN,
      { ...KERNEL, source_hash: 'v0' },
      MEASURED,
      { ...RUN, started_at: '2026-11-22T00:00:00Z' },
      { ...KERNEL, batched: [[0, null]] },
      { ...MEASURED, samples: [7], timing_ms: 7 },
      other,
      { ...MEASURED, samples: [9], timing_ms: 9 },
    )
    expect(device).toBe('dev')
    expect(problems.map(({ line, reason }) => `${line} ${reason}`)).toEqual([
      '7 of another device, other instead of dev',
      '8 of another device, other instead of dev',
      '3 of an older version of kernel k',
    ])
    const [sweep] = sweeps
    expect(sweep?.cell(0, 0)?.samples).toEqual([7])
    expect(sweep?.shapes[0]?.features).toEqual({ arg0_dim1: 4 })
  })

  test('the default of each shape has a time; {} has one too, but is no config', () => {
    const of = (config: object, ms: number, more = {}) => ({
      ...MEASURED,
      ...more,
      config,
      samples: [ms],
      timing_ms: ms,
    })
    const there = { shape_hash: 's2', shape_features: { arg0_dim1: 8 } }
    const { sweeps } = sweepOf(
      of({ num_warps: 1 }, 2, { is_default: true }),
      of({ num_warps: 2 }, 1),
      of({ num_warps: 2 }, 5, { ...there, is_default: true }),
      of({}, 3, there),
    )
    const [sweep] = sweeps
    expect(sweep?.configs.map(({ data }) => data)).toEqual(
      expect.arrayContaining([{ num_warps: 1 }, { num_warps: 2 }]),
    )
    expect(sweep?.configs).toHaveLength(2)
    expect([0, 1].map((shape) => sweep?.defaultMs(shape)).sort()).toEqual([2, 3])
    expect(sweepOf(MEASURED).sweeps[0]?.defaultMs(0)).toBeUndefined()
  })

  test('bad lines by number', () => {
    const lines = [
      '{"event":"measurement"',
      '[]',
      '{"event":"party"}',
      JSON.stringify({ ...MEASURED, timing_ms: -1 }),
      JSON.stringify({ ...MEASURED, samples: [1, null] }),
      JSON.stringify({ ...MEASURED, status: 'fine' }),
      JSON.stringify({ ...MEASURED, weight: -2 }),
      JSON.stringify(MEASURED),
      JSON.stringify(MEASURED),
      JSON.stringify(MEASURED).replace('"timing_ms":2', '"timing_ms":1e999'),
    ]
    const { records, problems, lineNumbers } = readRecords(lines, 'r.jsonl')
    expect(records).toHaveLength(1)
    expect(lineNumbers).toEqual([8])
    expect(problems.map(({ line, kind }) => `${line} ${kind}`)).toEqual([
      '1 torn',
      '2 foreign',
      '3 foreign',
      '4 bad time',
      '5 bad time',
      '6 bad value',
      '7 bad value',
      '9 duplicate',
      '10 bad time',
    ])
  })
})

/**
 * Every line that is no header and not blank is used or refused, those that nothing happened to are used, and
 * nothing is thrown.
 */
test('samples of the turns count instead of those of the first round, where there are any', () => {
  const cell = (round: string, num_warps: number, ms: number) =>
    JSON.stringify({
      event: 'measurement',
      kernel: 'k',
      shape_hash: 's',
      config: { num_warps },
      shape_features: { arg0_dim0: 8 },
      status: 'ok',
      samples: [ms],
      timing_ms: ms,
      round,
    })
  const lines = [cell('first', 1, 5), cell('first', 2, 9), cell('turns', 1, 3), cell('third', 1, 1)]
  const { sweeps, problems } = readSweeps([{ path: 'r.jsonl', lines }])
  const samples = [0, 1].map((config) => sweeps[0]?.cell(0, config)?.samples)
  expect(samples).toEqual(expect.arrayContaining([[3], [9]]))
  expect(problems.map(({ reason }) => reason)).toEqual(['round is "third", not one of first, turns'])
})

describe('10,000 mutated files', () => {
  const made = byHand(
    [
      [8, 8],
      [16, 8],
      [32, 4],
    ],
    [
      [1, 2],
      [2, 1],
      [3, null],
    ],
  )
  const good = {
    csv: toCsv(made),
    jsonl: `${[RUN, KERNEL, MEASURED].map((r) => JSON.stringify(r)).join('\n')}\n`,
  }

  test('csv', () => {
    const [, ...rows] = [...textLines(good.csv)]
    const wrong = seeds().filter((seed) => {
      const lines = [...textLines(mutate(good.csv, new Random(seed)))]
      const problems: LineProblem[] = []
      const used = [...readMeasurementCsv(lines, 'x', problems)].length
      readSweeps([{ path: 'x.csv', lines }])
      const others = lines.filter(isFilled).length - used - problems.length
      const isStandard = !lines.some((line) => isHeader(line) && line !== HEADER)
      const isLost = isStandard && used < untouched(lines, rows)
      return isLost || isRepeated(problems) || others < 0 || others > lines.filter(isHeader).length
    })
    expect(wrong).toEqual([])
  })

  test('jsonl', () => {
    const rows = [...textLines(good.jsonl)]
    const wrong = seeds().filter((seed) => {
      const lines = [...textLines(mutate(good.jsonl, new Random(seed)))]
      const { records, problems, lineNumbers } = readRecords(lines, 'x')
      readSweeps([{ path: 'x.jsonl', lines }])
      const seen = new Set([...lineNumbers, ...problems.map(({ line }) => line)])
      const isComplete = lines.every((line, index) => isFilled(line) === seen.has(index + 1))
      return !isComplete || isRepeated(problems) || records.length < untouched(lines, rows)
    })
    expect(wrong).toEqual([])
  })
})

function seeds(): readonly number[] {
  return Array.from({ length: 5000 }, (_, seed) => seed)
}

function isRepeated(problems: readonly LineProblem[]): boolean {
  return new Set(problems.map(({ line }) => line)).size < problems.length
}

function isFilled(line: string): boolean {
  return line.trim() !== ''
}

function isHeader(line: string): boolean {
  const names = HEADER.split(',')
  return line.includes('kernel_name') || line.split(',').filter((cell) => names.includes(cell)).length > 1
}

/** How many of the original rows are still there, each counted once. */
function untouched(lines: readonly string[], rows: readonly string[]): number {
  return rows.filter((row) => lines.includes(row)).length
}

const PIECES = [
  '"',
  ',',
  '\n',
  '{',
  '}',
  'NaN',
  'Infinity',
  '-1',
  '\u0000',
  '\u2028',
  'null',
  '1e999',
  '""',
  '__proto__',
  '\r\n',
  '💥',
]

function mutate(text: string, random: Random): string {
  let result = text
  for (let step = random.int(1, 6); step > 0; step--) {
    const at = random.int(0, result.length)
    const end = Math.min(result.length, at + random.int(0, 30))
    const change = random.int(0, 4)
    if (change === 0) result = result.slice(0, at) + result.slice(end)
    else if (change === 1) result = result.slice(0, at) + random.choice(PIECES) + result.slice(at)
    else if (change === 2) result = result.slice(0, end) + result.slice(at)
    else if (change === 3) result = result.slice(0, at)
    else result = result.slice(0, at) + String.fromCharCode(random.int(0, 0x2100)) + result.slice(at + 1)
  }
  return result
}
