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

it('what was nearly chosen begins to be built, too, and some of it is chosen later', async () => {
  const benchmarker = new Remote(matmul.cost)
  await tune(matmul, { settings: { autotuneEffort: 'quick' }, task: { benchmarker } })
  const { events } = benchmarker
  // What is prepared at once is a round, of two configs at least; what was nearly chosen comes one by one.
  const nearly = events.flatMap(({ kind, hashes }, at) =>
    kind === 'prepared' && hashes.length === 1 ? [{ at, hash: hashes[0] }] : [],
  )
  const measuredAfter = ({ at, hash }: (typeof nearly)[number]) =>
    events.slice(at).some(({ kind, hashes }) => kind === 'measured' && hashes.includes(hash ?? ''))
  expect(nearly.length).toBeGreaterThan(20)
  expect(nearly.filter(measuredAfter).length).toBeGreaterThan(nearly.length / 10)
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

it('goes the same way however long measuring takes', async () => {
  const settings = { autotuneEffort: 'quick', autotuneRandomSeed: 3 } as const
  const [remote, local] = [new Remote(matmul.cost), new SyntheticBenchmarker(matmul.cost)]
  await tune(matmul, { settings, task: { benchmarker: remote } })
  await tune(matmul, { settings, task: { benchmarker: local } })
  expect(remote.measured.map(String)).toEqual(local.measured.map(String))
})
