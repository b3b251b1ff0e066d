/** What the report tells of searches, from records alone. */
import { describe, expect, it } from 'vitest'
import { TraceCollector } from '../../../src/aot/evaluate/input/search_traces.ts'
import { searchReport } from '../../../src/aot/evaluate/report/search_report.ts'
import type { AotRecord } from '../../../src/aot/records.ts'
import type { ConfigData } from '../../../src/config/value.ts'
import { sha16 } from '../../../src/support/stable.ts'

const KERNEL = { kernel: 'k', shape_hash: 's' }
const config = (m: number, n: number, warps: number): ConfigData => ({
  block_sizes: [m, n],
  num_warps: warps,
})

function trial(data: ConfigData, ms: number | string, seconds: number, origin = 'random'): AotRecord {
  const known = {
    event: 'trial',
    ...KERNEL,
    config_hash: sha16(data),
    config: data,
    seconds,
    origin,
  } as const
  if (typeof ms === 'string') return { ...known, status: 'invalid', reason: ms }
  return { ...known, status: 'ok', time: { ms, spread: 0, samples: [ms] } }
}

function run(id: string): AotRecord {
  const text = { hardware_id: 'h', device_family: 'webgpu_a', versions: {}, device: {}, command: [] }
  return { event: 'run', run_id: id, started_at: '2026-01-01', ...text }
}

function source(hash: string): AotRecord {
  return { event: 'kernel', kernel: 'k', source_file: 'k.ts', source_hash: hash }
}

const shape: AotRecord = {
  event: 'shape',
  ...KERNEL,
  shape_features: { arg0_ndim: 2, arg0_dim0: 16, arg0_dim1: 64, arg0_dtype: 'f32' },
  default_config: config(8, 8, 4),
}

function report(...records: readonly AotRecord[]) {
  const collector = new TraceCollector()
  for (const record of records) collector.add(record)
  return searchReport(collector.finish())
}

const SEARCH = [
  trial(config(8, 8, 4), 4, 1, 'default'),
  trial(config(8, 8, 2), 5, 2),
  trial(config(16, 8, 4), 2, 3),
  trial(config(16, 8, 2), 3, 4),
  trial(config(64, 8, 4), 'needs 65536 bytes', 5),
  trial(config(16, 16, 4), 1.95, 6, 'neighbour of x'),
  trial(config(64, 8, 2), 'needs 70000 bytes', 7),
]

describe('a search', () => {
  it('is told step by step, with absolute times and where its best config came from', () => {
    expect(report(run('r'), source('a'), shape, ...SEARCH)?.shapes).toEqual([
      {
        shape: '16×64 f32',
        trials: 7,
        failed: 2,
        seconds: 7,
        defaultMs: 4,
        bestMs: 1.95,
        origin: 'neighbour of x',
        trialsToNear: 3,
        steps: [
          { trial: 1, seconds: 1, ms: 4 },
          { trial: 3, seconds: 3, ms: 2 },
          { trial: 6, seconds: 6, ms: 1.95 },
          { trial: 7, seconds: 7, ms: 1.95 },
        ],
      },
    ])
  })

  it('believes times taken in turns more than first ones', () => {
    const turns: AotRecord = {
      event: 'turns',
      ...KERNEL,
      config_hashes: [config(16, 16, 4), config(16, 8, 4)].map(sha16),
      times: [2.2, 2].map((ms) => ({ ms, spread: 0, samples: [ms] })),
    }
    expect(report(run('r'), shape, ...SEARCH, turns, turns)?.shapes[0]).toMatchObject({
      bestMs: 2,
      origin: 'random',
    })
  })

  it('counts once, in the latest run, and not for an older version of the kernel', () => {
    const again = [run('r2'), source('a'), trial(config(8, 8, 4), 6, 1)]
    expect(report(run('r'), source('a'), shape, ...SEARCH, ...again)?.shapes[0]?.trials).toBe(1)
    expect(report(run('r'), source('a'), shape, ...SEARCH, run('r'), source('a'))?.shapes[0]?.trials).toBe(7)
    expect(report(run('r'), source('a'), shape, ...SEARCH, source('b'))).toBeUndefined()
  })

  it('is nothing to tell of where nothing was timed', () => {
    expect(report(run('r'), shape, trial(config(8, 8, 4), 'no', 1))).toBeUndefined()
  })
})

it('failures are counted by reason', () => {
  expect(report(run('r'), shape, ...SEARCH)?.failures).toEqual([
    { status: 'invalid', reason: 'needs 65536 bytes', count: 2 },
  ])
})

it('the effect of a field is judged by trials that differ in it alone', () => {
  const fields = report(run('r'), shape, ...SEARCH)?.fields ?? []
  expect(fields.map(({ field, groups }) => [field, groups])).toEqual([
    ['block_sizes[0]', 2],
    ['num_warps', 2],
    ['block_sizes[1]', 1],
  ])
  expect(fields[0]).toMatchObject({ fastestMs: 2, slowestMs: 4 })
  expect(fields[0]?.effect).toBeCloseTo((4 / 2 + 5 / 3) / 2)
  expect(fields[1]?.values).toEqual([
    { value: '4', ratio: 1, groups: 2 },
    { value: '2', ratio: (5 / 4 + 3 / 2) / 2, groups: 2 },
  ])
})
