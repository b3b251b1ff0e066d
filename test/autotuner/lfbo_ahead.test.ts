/** What an LFBO search chooses beforehand, so that it is compiled while others are measured. */
import { expect, it } from 'vitest'
import type { MeasureOptions, RemeasureOptions } from '../../src/autotuner/trial/benchmarker.ts'
import type { Config } from '../../src/config/config.ts'
import { PROBLEMS, type Problem, SyntheticBenchmarker, tune } from './synthetic.ts'

const [matmul, row] = PROBLEMS as [Problem, Problem]

/** Measures in turns of the event loop, as what is asked over pipes does. */
class Remote extends SyntheticBenchmarker {
  readonly events: { readonly kind: 'prepared' | 'measured'; readonly hashes: readonly string[] }[] = []

  prepare(configs: readonly Config[]): void {
    this.events.push({ kind: 'prepared', hashes: configs.map(({ hash }) => hash) })
  }

  override async measure(configs: readonly Config[], options: MeasureOptions) {
    for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setTimeout(resolve))
    this.events.push({ kind: 'measured', hashes: configs.map(({ hash }) => hash) })
    return await super.measure(configs, options)
  }
}

it('a round is chosen and begins to be built while the one before is measured', async () => {
  const benchmarker = new Remote(matmul.cost)
  await tune(matmul, { settings: { autotuneEffort: 'quick' }, task: { benchmarker } })
  const first = benchmarker.events.findIndex(({ kind }) => kind === 'prepared')
  const rounds = benchmarker.events.slice(first)
  const prepared = new Set<string>()
  let [early, late] = [0, 0]
  for (const { kind, hashes } of rounds) {
    for (const hash of hashes)
      if (kind === 'prepared') prepared.add(hash)
      else if (prepared.has(hash)) early++
      else late++
  }
  expect(early).toBeGreaterThan(40)
  // The first round, and simpler forms of the winner.
  expect(late).toBeLessThan(early / 2)
})

it('as many are chosen before they are measured as it takes to build them', async () => {
  class Slow extends Remote {
    readonly ahead = 9
  }
  const benchmarker = new Slow(matmul.cost)
  await tune(matmul, { settings: { autotuneEffort: 'quick' }, task: { benchmarker } })
  const waiting = new Set<string>()
  const found: number[] = []
  for (const { kind, hashes } of benchmarker.events) {
    for (const hash of hashes) if (kind === 'prepared') waiting.add(hash)
    if (kind === 'measured' && hashes.some((hash) => waiting.has(hash))) found.push(waiting.size)
    if (kind === 'measured') for (const hash of hashes) waiting.delete(hash)
  }
  expect(found.length).toBeGreaterThan(15)
  for (const count of found) expect(count).toBeGreaterThanOrEqual(9)
})

it('the best are timed again only where one of them never was', async () => {
  const seen = new Set<string>()
  const stale: string[] = []
  class Watched extends SyntheticBenchmarker {
    override async remeasure(configs: readonly Config[], options: RemeasureOptions) {
      if (configs.every(({ hash }) => seen.has(hash))) stale.push(configs.join())
      for (const { hash } of configs) seen.add(hash)
      return await super.remeasure(configs, options)
    }
  }
  const settings = { autotuneEffort: 'quick', autotuneFinalTopK: 1 } as const
  const searchOptions = { finishingRounds: 0 }
  await tune(row, { settings, task: { searchOptions, benchmarker: new Watched(row.cost) } })
  expect(seen.size).toBeGreaterThan(4)
  expect(stale).toEqual([])
})

it.each([0, 6])('goes the same way however long measuring takes, %d ahead', async (ahead) => {
  const settings = { autotuneEffort: 'quick', autotuneRandomSeed: 3 } as const
  const [remote, local] = [new Remote(matmul.cost), new SyntheticBenchmarker(matmul.cost)]
  for (const benchmarker of [remote, local]) Object.assign(benchmarker, { ahead })
  await tune(matmul, { settings, task: { benchmarker: remote } })
  await tune(matmul, { settings, task: { benchmarker: local } })
  expect(remote.measured.map(String)).toEqual(local.measured.map(String))
})
