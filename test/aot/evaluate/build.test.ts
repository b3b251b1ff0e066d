/**
 * The build as a whole: the same text whatever the order of lines, small diffs, files, exit codes, options.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import { textLines } from '../../../src/aot/lines.ts'
import { Random } from '../../../src/support/random.ts'
import { temporaryFolder } from '../../temporary_folder.ts'
import { native } from './native.ts'
import { byHand, type MadeSweep, matmulSweep, rowSweep, toCsv } from './sweeps.ts'

const { buildHeuristics, readModule, runBuild } = native

let folder = ''
beforeEach(() => {
  folder = temporaryFolder()
})

const GRID = [64, 256, 1024, 4096]
const PAIRS = GRID.flatMap((a) => GRID.map((b) => [a, b] as const))
const SIMPLE = byHand(
  PAIRS,
  PAIRS.map(([a]) => (a <= 256 ? [1, 2] : [2, 1])),
)

function save(name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

function textOf(csv: string): string {
  return buildHeuristics({ files: [{ path: 'a.csv', lines: textLines(csv) }] }).kernels[0]?.text ?? ''
}

test('the text does not depend on the order of lines, nor on how often it is built', () => {
  const [header = '', ...lines] = toCsv(rowSweep(7, 16, 8))
    .trimEnd()
    .split('\n')
  const first = textOf([header, ...lines].join('\n'))
  expect(textOf([header, ...lines].join('\n'))).toBe(first)
  for (const seed of [1, 2])
    expect(textOf([header, ...new Random(seed).shuffle(lines)].join('\n'))).toBe(first)
})

test('a second build from the same measurements changes nothing, though it sees the first', () => {
  const measurements = [save('m.csv', toCsv(rowSweep(1, 8, 6)))]
  const build = () => {
    const { written } = runBuild({ measurements, device: 'd', tool: 't' })
    return [...(written?.modules ?? []), written?.evaluation ?? ''].map((path) => readFileSync(path, 'utf8'))
  }
  const first = build()
  expect(first[0]).toContain('held out')
  expect(build()).toEqual(first)
})

test('several kernels of one file, and one that cannot be built', () => {
  const csv = `${toCsv(SIMPLE)}${toCsv({ ...SIMPLE, kernel: 'other' })}`
  const records = JSON.stringify({
    event: 'measurement',
    kernel: 'broken',
    shape_hash: 's',
    config: {},
    shape_features: {},
    status: 'error',
    samples: [],
    timing_ms: null,
  })
  const paths = [save('a.csv', csv), save('r.jsonl', records)]
  const { result, exitCode, messages } = runBuild({ measurements: paths, scoreMatrix: false })
  expect(result.kernels.map(({ kernel }) => kernel)).toEqual(['made', 'other'])
  expect(result.failed.map(({ kernel }) => kernel)).toEqual(['broken'])
  expect(exitCode).toBe(5)
  expect(messages.join('\n')).toContain('broken: failed: no config of kernel broken ran on any shape')
  const only = runBuild({ measurements: paths, kernels: ['other'], scoreMatrix: false })
  expect(only.result.kernels.map(({ kernel }) => kernel)).toEqual(['other'])
  expect(only.exitCode).toBe(0)
})

describe('what is read', () => {
  const record = (tag: number, sample: number) =>
    JSON.stringify({
      event: 'measurement',
      kernel: 'made',
      shape_hash: 's',
      config: { tag },
      shape_features: { arg0_dim0: 4 },
      status: 'ok',
      samples: [sample],
      timing_ms: sample,
    })

  function saveIn(name: string, file: string, text: string): string {
    mkdirSync(join(folder, name), { recursive: true })
    writeFileSync(join(folder, name, file), text)
    return join(folder, name)
  }

  test('folders of runs: their records, merged by shape and config', () => {
    const first = saveIn('first', 'records_hw.jsonl', [record(0, 1), record(1, 3)].join('\n'))
    saveIn('first', 'measurements_hw.csv', 'derived from the records, and not read')
    const second = saveIn('second', 'records_hw.jsonl', record(0, 2))
    const { result, written } = runBuild({ measurements: [first, second], device: 'dev', scoreMatrix: false })
    expect(result.problems).toEqual([])
    const { sweep } = result.kernels[0]?.decision ?? {}
    expect(sweep?.configs.map((_, config) => sweep.cell(0, config)?.samples)).toEqual(
      expect.arrayContaining([[1, 2], [3]]),
    )
    expect(written?.report).toBe(join(first, 'report.html'))
  })

  test('folders without records: their measurements', () => {
    const path = saveIn('run', 'measurements_hw.csv', toCsv(SIMPLE))
    const { result } = runBuild({ measurements: [path], dumpCode: true })
    expect(result.kernels.map(({ kernel }) => kernel)).toEqual(['made'])
    expect(() => runBuild({ measurements: [saveIn('empty', 'x.txt', '')] })).toThrow(
      /there are no records_\*\.jsonl and no measurements\*\.csv in folder .*empty/,
    )
  })

  test('features beside those of a key function cannot be computed, and are dropped', () => {
    const shapes = PAIRS.map(([key_0, key_1], row) => ({ key_0, key_1, other: row }))
    const path = save('m.csv', toCsv({ ...SIMPLE, shapes }))
    const { decision, evaluation } =
      runBuild({ measurements: [path], dumpCode: true }).result.kernels[0] ?? {}
    expect(evaluation?.coverage).toBe(1)
    expect(decision?.dropped[0]).toEqual({
      name: 'other',
      reason: 'not a value of the key function: a running program could not compute it',
    })
  })

  test('features without sizes: a product, a batched dimension', () => {
    for (const features of [
      (n: number) => ({ arg0_numel: n, arg0_dtype: 'f16' }),
      (n: number) => ({ arg0_ndim: n > 300 ? 3 : 2, arg0_dim1: n, arg0_dtype: 'f16' }),
    ]) {
      const made = { ...SIMPLE, shapes: PAIRS.map(([a, b]) => features(a * 4 + (b % 7))) }
      const { result } = runBuild({ measurements: [save('m.csv', toCsv(made))], dumpCode: true })
      expect(result.kernels[0]?.evaluation).toMatchObject({ coverage: 1, statistics: { geomean: 1 } })
    }
  })
})

describe('files', () => {
  test('module, summary, evaluation and report', () => {
    const outDir = join(folder, 'deep', 'out')
    const { written, exitCode } = runBuild({
      measurements: [save('m.csv', toCsv(SIMPLE))],
      outDir,
      device: 'dev',
    })
    expect(exitCode).toBe(0)
    const summary = JSON.parse(readFileSync(written?.summary ?? '', 'utf8'))
    expect(summary.made).toMatchObject({
      num_configs: 2,
      backend: 'decision_tree',
      coverage: 1,
      kept_previous: false,
    })
    expect(summary.made.held_out).toMatchObject({ shapes: 32, geomean: 1, p90: 1, p95: 1, worst: 1 })
    expect(summary.made.features).toEqual({
      used: ['arg0_dim0'],
      dropped: expect.arrayContaining([
        { name: 'arg0_dtype', reason: 'the same in every shape' },
        { name: 'arg0_numel', reason: expect.stringContaining('the product of the sizes of arg0') },
      ]),
    })
    const evaluation = JSON.parse(readFileSync(written?.evaluation ?? '', 'utf8'))
    expect(evaluation.made).toMatchObject({
      max_slowdown: 1,
      geomean_slowdown: 1,
      avg_slowdown: 1,
      coverage: 1,
    })
    const report = readFileSync(written?.report ?? '', 'utf8')
    expect(report).not.toMatch(/(?:src|href)="?https?:/)
    expect(report).toContain('"kernel":"made"')
    expect(readdirSync(outDir).sort()).toEqual([
      '_helion_aot_made_dev.ts',
      'evaluation_dev.json',
      'heuristic_summary_dev.json',
      'report.html',
    ])
    expect(readdirSync(folder).sort()).toEqual(['deep', 'm.csv'])
  })

  test('a kernel built alone leaves the modules of others as they are', () => {
    const outDir = join(folder, 'out')
    const csv = save('both.csv', `${toCsv(SIMPLE)}${toCsv({ ...SIMPLE, kernel: 'other' })}`)
    const options = { measurements: [csv], outDir, device: 'dev', scoreMatrix: false }
    runBuild(options)
    const module = join(outDir, '_helion_aot_other_dev.ts')
    const before = readFileSync(module, 'utf8')
    runBuild({ ...options, kernels: ['made'] })
    expect(readFileSync(module, 'utf8')).toBe(before)
  })

  test('--dump-code writes nothing', () => {
    const { stdout, written } = runBuild({ measurements: [save('m.csv', toCsv(SIMPLE))], dumpCode: true })
    expect(stdout).toContain('export function key_made')
    expect(written).toBeNull()
    expect(readdirSync(folder)).toEqual(['m.csv'])
  })

  test('--file-header from a file, --no-score-matrix', () => {
    const measurements = [save('m.csv', toCsv(SIMPLE))]
    const header = `@${save('header.txt', '// Licence\n')}`
    const quiet = runBuild({ measurements, fileHeader: header, dumpCode: true, scoreMatrix: false })
    expect(quiet.stdout.startsWith('// Licence\n/**')).toBe(true)
    expect(quiet.messages.join('\n')).not.toContain('slowdown by shape')
    expect(runBuild({ measurements, dumpCode: true }).messages.join('\n')).toContain('1.00*')
    expect(() => runBuild({ measurements, fileHeader: '@/none' })).toThrow('--file-header names /none')
  })
})

describe('options', () => {
  test('what is wrong is said with the value and what is allowed', () => {
    const measurements = [save('m.csv', toCsv(SIMPLE))]
    const build = (options: object) => () => runBuild({ measurements, dumpCode: true, ...options })
    expect(build({ maxConfigs: 0 })).toThrow('--max-configs is 0')
    expect(build({ configPrice: -1 })).toThrow('--config-price is -1')
    expect(build({ threshold: 0.9 })).toThrow('--threshold is 0.9')
    expect(build({ goal: 'best' })).toThrow(
      /unknown goal "best"\n {2}Use one of max_slowdown, geomean_slowdown/,
    )
    expect(build({ backend: 'toString' })).toThrow('unknown backend "toString"')
    expect(build({ outside: 'wild' })).toThrow('unknown policy "wild"')
    expect(build({ measurements: [] })).toThrow('no measurements to build from')
    expect(build({ measurements: ['/none.csv'] })).toThrow('there is no file /none.csv')
    expect(build({ kernels: ['none'] })).toThrow('no usable measurement of none in ')
    expect(build({ weightsFile: save('w.json', '{"shape0": -1}') })).toThrow('the weight of shape0 is -1')
    expect(build({ previousFile: '/none.ts' })).toThrow('--previous names /none.ts')
  })

  test('a goal that some configs reach and the choices among them do not is missed, and said', () => {
    const sizes = [64, 64, 128, 128, 256, 256, 512, 512]
    const twins = byHand(
      sizes.map((size) => [size, 64]),
      sizes.map((_, row) => (row % 2 ? [1, 1.5] : [1.5, 1])),
    )
    const { exitCode, messages } = runBuild({ measurements: [save('m.csv', toCsv(twins))], dumpCode: true })
    expect(exitCode).toBe(3)
    expect(messages.join('\n')).toContain(
      'goal max_slowdown <= 1.1 is not met: the kept configs reach 1.000, but the choices among them only ' +
        '1.500: no feature tells apart shapes that want different configs',
    )
  })

  test('a missed goal gives exit code 3 and says how far it is', () => {
    const hard = byHand(
      PAIRS,
      PAIRS.map((_, row) => [row % 2 ? 1 : 2, row % 2 ? 2 : 1]),
    )
    const { exitCode, messages } = runBuild({
      measurements: [save('m.csv', toCsv(hard))],
      singleConfig: true,
    })
    expect(exitCode).toBe(3)
    expect(messages.join('\n')).toContain(
      'goal max_slowdown <= 1.1 is not met: the best 1 of 2 configs reach 2.000',
    )
  })

  test('defaults that would serve new shapes better are worth a word', () => {
    const sizes = Array.from({ length: 16 }, (_, i) => 64 * (i + 1))
    const rows = sizes.map((size) => [size, 64] as const)
    const wanted = [1, 0, 0, 1, 1, 1, 0, 1, 0, 0, 0, 1, 0, 1, 1, 0]
    const messagesWith = (defaultMs: number): string => {
      const times = wanted.map((best) => [best ? 1.5 : 1, best ? 1 : 1.5, defaultMs])
      const made = byHand(rows, times)
      const csv = toCsv({ ...made, configs: [...made.configs.slice(0, 2), {}] })
      return runBuild({ measurements: [save('m.csv', csv)], dumpCode: true }).messages.join('\n')
    }
    expect(messagesWith(1.05)).toContain(
      'on shapes that were not measured the default config of each would be',
    )
    expect(messagesWith(1.45)).not.toContain('the default config of each would be')
  })

  test('a file without anything usable names its lines', () => {
    const path = save('m.csv', 'kernel_name\nrubbish')
    expect(() => runBuild({ measurements: [path] })).toThrow(`${path}:1: foreign: the header has no column`)
  })

  test('weights decide between configs', () => {
    const made = byHand(
      [
        [64, 1],
        [128, 1],
      ],
      [
        [1, 1.5],
        [1.5, 1],
      ],
    )
    const measurements = [save('m.csv', toCsv(made))]
    const pick = (weights: object) =>
      runBuild({
        measurements,
        dumpCode: true,
        singleConfig: true,
        weightsFile: save('w.json', JSON.stringify(weights)),
      }).result.kernels[0]?.decision.configs[0]?.tag
    expect(pick({ shape0: 5 })).toBe(0)
    expect(pick({ shape1: 5 })).toBe(1)
    const weightsFile = save('w.json', '{"shape0": 1, "other": 2}')
    const { messages } = runBuild({ measurements, dumpCode: true, weightsFile })
    expect(messages.filter((line) => line.startsWith('--weights'))).toEqual([
      '--weights: no shape other was measured',
    ])
  })

  test('--no-feature-selection keeps what moves in step', () => {
    const made = byHand(
      GRID.map((n) => [n, 2 * n]),
      GRID.map((n) => (n > 500 ? [1, 2] : [2, 1])),
    )
    const files = () => [{ path: 'a.csv', lines: textLines(toCsv(made)) }]
    const names = (featureSelection: boolean) =>
      buildHeuristics({ files: files(), featureSelection }).kernels[0]?.decision.columns.map(
        ({ name }) => name,
      )
    expect(names(true)).toEqual(['arg0_dim0'])
    expect(names(false)).toEqual(['arg0_dim0', 'arg0_dim1'])
  })
})

describe('an earlier module', () => {
  const sweep = matmulSweep(11, 20, 10)

  test('is read back from its text', () => {
    const built = buildHeuristics({ files: [{ path: 'a.csv', lines: textLines(toCsv(sweep)) }] }).kernels[0]
    const { configs, program } = readModule(built?.text ?? '', 'matmul', 'm.ts')
    expect(configs).toEqual(built?.decision.configs)
    expect(program.kind === 'tree' && leaves(program.root)).toBe(built?.decision.leaves.length)
  })

  test('keeps its choices when measurements move by their noise, and yields when they really change', () => {
    const random = new Random(3)
    const moved = change(sweep, (time) => time * (1 + 0.004 * (random.next() - 0.5)))
    const outDir = join(folder, 'out')
    const build = (made: MadeSweep) => {
      const outcome = runBuild({
        measurements: [save('m.csv', toCsv(made))],
        outDir,
        device: 'dev',
        scoreMatrix: false,
      })
      const text = readFileSync(outcome.written?.modules[0] ?? '', 'utf8')
      return {
        keyFunction: /export function key[\s\S]*?\n\}/
          .exec(text)?.[0]
          .replace(/ \/\/.*/g, '')
          .replace(/\{\s*(return \d+)\s*\}/g, '$1'),
        outcome,
      }
    }
    const first = build(sweep)
    const second = build(moved)
    expect(second.outcome.result.kernels[0]?.summary.kept_previous).toBe(true)
    expect(second.keyFunction).toBe(first.keyFunction)
    const third = build(change(sweep, (time, config) => (config % 3 === 0 ? time * 0.5 : time)))
    expect(third.outcome.result.kernels[0]?.summary.kept_previous).toBe(false)
  })
})

function change(made: MadeSweep, by: (time: number, config: number) => number): MadeSweep {
  return {
    ...made,
    times: made.times.map((row) => row.map((time, c) => (time === null ? null : by(time, c)))),
  }
}

function leaves(tree: unknown): number {
  const node = tree as { low?: unknown; high?: unknown } | undefined
  if (!node) return 0
  return node.low ? leaves(node.low) + leaves(node.high) : 1
}
