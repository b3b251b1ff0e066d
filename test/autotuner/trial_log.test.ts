/** The log that `autotuneLog` asks for: every trial, at any moment on the disk, and never in the way. */
import fs, { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'csv-parse/sync'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { SEARCHES } from '../../src/autotuner/search/searches.ts'
import { resetWarnings } from '../../src/support/log.ts'
import type { Settings } from '../../src/support/settings.ts'
import { refuses } from '../disk_refusal.ts'
import { listen } from '../listen.ts'
import { temporaryFolder } from '../temporary_folder.ts'
import { PROBLEMS, type Problem, type TuneOptions, tune } from './synthetic.ts'

const matmul = PROBLEMS[0] as Problem

let base: string
let stderr: { readonly text: string }
beforeEach(() => {
  base = join(temporaryFolder(), 'deep', 'log')
  stderr = listen()
  resetWarnings()
})
afterEach(() => vi.restoreAllMocks())

type Row = Readonly<Record<string, string>>
const rows = (path = `${base}.csv`): Row[] => parse(readFileSync(path, 'utf8'), { columns: true })

function search(settings: Partial<Settings> = {}, options: TuneOptions = {}) {
  const given = settings.autotuner === 'FiniteSearch' ? { choices: [{ num_warps: 1 }, { num_warps: 2 }] } : {}
  return tune(matmul, {
    ...options,
    settings: {
      autotuneEffort: 'quick',
      autotuneMaxGenerations: 2,
      autotuneLog: base,
      autotuneIgnoreErrors: true,
      ...settings,
    },
    task: { shape: 'f32[64,64], "odd"', ...given, ...options.task },
  })
}

describe('the table', () => {
  it.each(SEARCHES.map(({ name }) => name))('holds every trial of %s, begun and ended', async (autotuner) => {
    const { result } = await search({ autotuner })
    const ended = rows().filter(({ status }) => status !== 'started' && status !== 'retimed')
    const started = rows().filter(({ status }) => status === 'started')
    expect(ended.map(({ config_id }) => config_id)).toEqual(
      result.candidates.map(({ config }) => config.hash),
    )
    expect(started.map(({ config_id }) => config_id)).toEqual(ended.map(({ config_id }) => config_id))
    for (const [index, { config, status, origin, reason, compileMs }] of result.candidates.entries())
      expect(ended[index]).toMatchObject({
        config: JSON.stringify(config.data),
        status,
        origin,
        reason: reason ?? '',
        compile_time_s: String((compileMs ?? 0) / 1000),
        kernel: 'matmul',
        shape: 'f32[64,64], "odd"',
      })
    for (const { status, perf_ms, samples } of ended)
      expect([Number(perf_ms) > 0, samples]).toEqual(status === 'ok' ? [true, '20'] : [false, ''])
  })

  it('tells generations, phases and times taken in turns apart', async () => {
    await search()
    const of = (column: string) => [...new Set(rows().map((row) => row[column]))]
    expect(of('generation')).toEqual(['0', '1', '2'])
    expect(of('phase')).toEqual(['start', 'search', 'verify', 'finish'])
    expect(of('status').sort()).toEqual(['invalid', 'ok', 'retimed', 'started', 'wrong'])
    expect(of('run_id')).toHaveLength(1)
    const times = rows().map(({ timestamp_s }) => Number(timestamp_s))
    expect(times).toEqual(times.toSorted((a, b) => a - b))
    expect(Math.abs((times[0] ?? 0) - Date.now() / 1000)).toBeLessThan(600)
  })

  it('is on the disk at once: a kill loses nothing, and the next search goes on below', async () => {
    const kill = { onConfig: (_config: unknown, index: number) => index === 9 && stop() }
    const stop = () => {
      throw new Error('killed')
    }
    await expect(search({}, kill)).rejects.toThrow('killed')
    expect(rows().filter(({ status }) => status !== 'started')).toHaveLength(9)
    expect(rows().at(-1)?.status).toBe('ok')
    const text = readFileSync(`${base}.csv`, 'utf8')
    writeFileSync(`${base}.csv`, text.slice(0, -9))
    const { result } = await search()
    const lines = readFileSync(`${base}.csv`, 'utf8').split('\n')
    expect(lines.filter((line) => line.startsWith('run_id,'))).toHaveLength(1)
    const second = lines.slice(text.split('\n').length - 1).join('\n')
    expect(second.match(/,started,/g)).toHaveLength(result.candidates.length)
  })

  it('takes names that end in .csv', async () => {
    await search({ autotuneLog: `${base}.csv` })
    expect([`${base}.csv`, `${base}.log`, `${base}.csv.csv`].map(existsSync)).toEqual([true, true, false])
  })
})

it('the other file holds every message with its time, however quiet the terminal is', async () => {
  const { result } = await search({ autotuneLogLevel: 100, autotuneIgnoreErrors: false })
  const lines = readFileSync(`${base}.log`, 'utf8').trimEnd().split('\n')
  expect(lines[0]).toMatch(/^\[\d+\.\d{3}s\] tuning matmul: LFBOTreeSearch, quick effort/)
  const failed = result.candidates.filter(({ status }) => status === 'invalid')
  expect(lines.filter((line) => line.includes('helion-aot: invalid: '))).toHaveLength(failed.length)
  expect(lines.join('\n')).toMatch(/^\[\d+\.\d{3}s\] tuned matmul: /m)
})

function fillDisk(): void {
  vi.spyOn(fs, 'writeSync').mockImplementation(() => refuses('ENOSPC', 'write'))
}

describe('a log that cannot be written', () => {
  const blocked: Record<string, [() => void, RegExp]> = {
    'a folder of its name': [() => mkdirSync(`${base}.csv`, { recursive: true }), /a folder is there/],
    'a file where its folder belongs': [() => writeFileSync(join(base, '..'), ''), /a file is there/],
    'a table of other columns': [
      () => {
        mkdirSync(join(base, '..'))
        writeFileSync(`${base}.csv`, 'run_id,timestamp_s\n')
      },
      /log\.csv has other columns\n {2}Remove or rename it, or name another\./,
    ],
    'a device': [
      () => {
        mkdirSync(join(base, '..'))
        symlinkSync('/dev/full', `${base}.csv`)
      },
      /a device is there/,
    ],
    'a full disk': [fillDisk, /the disk is full/],
  }

  it.each(Object.entries(blocked))('%s: one warning, and the same result', async (_case, [block, reason]) => {
    block()
    const { result } = await search()
    const { result: expected } = await search({ autotuneLog: null })
    expect(result.config.data).toEqual(expected.config.data)
    const warnings = stderr.text.match(/helion-aot: the log .* is not written: /g)
    expect(warnings).toHaveLength(1)
    expect(stderr.text).toMatch(/log \(autotuneLog \(HELION_AUTOTUNE_LOG\)\) is not written/)
    expect(stderr.text).toMatch(reason)
  })
})

describe('the details', () => {
  const lines = () =>
    readFileSync(`${base}.meta.jsonl`, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>)

  it('tell what each search was asked for and what it found', async () => {
    const settings = { autotuneLogDetails: true, autotuneRandomSeed: 7 }
    const { result } = await search(settings)
    await search(settings)
    expect(lines().map(({ event }) => event)).toEqual(['begin', 'end', 'begin', 'end'])
    const [begin, end, again] = lines()
    const { run_id = '' } = rows()[0] ?? {}
    const common = { run_id, kernel: 'matmul', shape: 'f32[64,64], "odd"', timestamp_s: expect.any(Number) }
    expect(begin).toEqual({
      ...common,
      event: 'begin',
      search: 'LFBOTreeSearch',
      effort: 'quick',
      seed: 7,
      options: expect.objectContaining({ initialPopulation: 32, maxGenerations: 2 }),
      configs: matmul.spec.cardinality,
      space: matmul.spec.fingerprint,
      pinned: [matmul.spec.defaultConfig().data],
      settings: {
        autotuneEffort: 'quick',
        autotuneMaxGenerations: 2,
        autotuneLog: base,
        autotuneLogDetails: true,
        autotuneIgnoreErrors: true,
        autotuneRandomSeed: 7,
      },
      key: null,
    })
    expect(end).toMatchObject({
      ...common,
      event: 'end',
      ended: 'done',
      tested: result.candidates.length,
      config_id: result.config.hash,
      config: result.config.data,
      perf_ms: result.ms,
      default_ms: result.defaultMs,
    })
    const failed = result.candidates.filter(({ reason }) => reason !== undefined).length
    const told = end?.failures as readonly { count: number }[]
    expect(told.reduce((sum, { count }) => sum + count, 0)).toBe(failed)
    expect(again?.run_id).not.toBe(run_id)
  })

  it('are not written unless asked for, and never hold a key', async () => {
    await search()
    expect(existsSync(`${base}.meta.jsonl`)).toBe(false)
    const llm = { autotuner: 'LLMSeededSearch', autotuneLogDetails: true } as const
    await search(llm, { task: { searchOptions: { llmApiKey: 'sk-secret-0123456789', llmMaxRounds: 0 } } })
    const text = readFileSync(`${base}.meta.jsonl`, 'utf8')
    expect(text).toContain('"llmApiKey":"(hidden)"')
    expect(text).not.toContain('sk-secret')
  })

  it('without a log are a warning', async () => {
    await search({ autotuneLog: null, autotuneLogDetails: true })
    expect(stderr.text).toBe(
      'helion-aot: autotuneLogDetails (HELION_AUTOTUNE_LOG_DETAILS) does nothing without ' +
        'autotuneLog (HELION_AUTOTUNE_LOG)\n',
    )
  })
})
