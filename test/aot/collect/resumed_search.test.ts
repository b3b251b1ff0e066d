/** A search of one shape that is cut off at any trial goes on inside the shape, whatever the search. */
import { describe, expect, it } from 'vitest'
import { searchBook } from '../../../src/aot/collect/search_book.ts'
import type { AotRecord } from '../../../src/aot/records.ts'
import { CarefulBenchmarker } from '../../../src/aot/run/careful_benchmarker.ts'
import { KnownRecords } from '../../../src/aot/run/known_records.ts'
import { SEARCHES } from '../../../src/autotuner/search/searches.ts'
import type { TuningResult } from '../../../src/autotuner/tuning_task.ts'
import type { Config } from '../../../src/config/config.ts'
import { resolveSettings } from '../../../src/support/resolve_settings.ts'
import type { Settings } from '../../../src/support/settings.ts'
import { PROBLEMS, type Problem, SyntheticBenchmarker, tune } from '../../autotuner/synthetic.ts'

const matmul = PROBLEMS[0] as Problem
const kernel = matmul.name

class Killed extends Error {}

/** Tunes on what `records` hold, and appends to them; killed before the trial number `end` of this start. */
async function start(
  records: AotRecord[],
  settings: Partial<Settings>,
  end = Number.POSITIVE_INFINITY,
): Promise<{ readonly result: TuningResult | undefined; readonly measured: readonly Config[] }> {
  const known = new KnownRecords(records)
  const append = (...added: readonly AotRecord[]): void => {
    records.push(...added)
    for (const record of added) known.add(record)
  }
  if (known.attempts.underWay) append({ event: 'ended', how: 'told to', cause: 'other' })
  const inner = new SyntheticBenchmarker(matmul.cost, {
    onConfig: (_config, index) => {
      if (index === end) throw new Killed()
    },
  })
  const work = {
    session: { append, known },
    kernel,
    shapeHash: 'shape',
    settings: resolveSettings(settings, () => undefined),
  }
  const benchmarker = new CarefulBenchmarker(inner, work, searchBook(work, 0))
  const choices = tuneChoices(settings.autotuner)
  const run = tune(matmul, { settings, task: { benchmarker, now: inner.now, ...choices } })
  const result = await run.then(
    (ended) => ended.result,
    (error: unknown) => {
      if (error instanceof Killed) return undefined
      throw error
    },
  )
  return { result, measured: inner.measured }
}

/** FiniteSearch is given what another search would draw. */
function tuneChoices(search: string | undefined) {
  const sizes = [1, 2, 4, 8, 16, 32, 64]
  const choices = sizes.flatMap((m) => sizes.map((n) => ({ block_sizes: [m, n, 16] })))
  return search === 'FiniteSearch' ? { choices } : {}
}

describe.each(SEARCHES.map(({ name }) => name))('%s, best of two', (name) => {
  const settings = {
    autotuner: name,
    autotuneEffort: 'quick',
    autotuneBestOfK: 2,
    autotuneMaxGenerations: 2,
  } as const

  it('tries nothing twice over all starts and ends where it would have ended', async () => {
    const whole: AotRecord[] = []
    const uninterrupted = await start(whole, settings)
    const records: AotRecord[] = []
    const measured: Config[] = []
    let result: TuningResult | undefined
    for (let starts = 0; !result; starts++) {
      const one = await start(records, settings, 11 + 30 * starts)
      measured.push(...one.measured)
      result = one.result
    }
    const hashes = measured.map(({ hash }) => hash)
    expect(new Set(hashes).size).toBe(hashes.length)
    expect(hashes).toEqual(uninterrupted.measured.map(({ hash }) => hash))
    expect(result.config.data).toEqual(uninterrupted.result?.config.data)
    const trials = (all: readonly AotRecord[]) => all.filter((record) => record.event === 'trial')
    const summary = (all: readonly AotRecord[]) =>
      trials(all).map(({ config_hash, origin, status }) => ({ config_hash, origin, status }))
    expect(summary(records)).toEqual(summary(whole))
    for (const { origin } of trials(records)) expect(origin).toEqual(expect.stringMatching(/./))
  })
})
