/** What an LFBO search names beforehand, so that it can be compiled while others are measured. */
import { expect, it } from 'vitest'
import type { MeasureOptions } from '../../src/autotuner/trial/benchmarker.ts'
import type { Config } from '../../src/config/config.ts'
import { PROBLEMS, type Problem, SyntheticBenchmarker, tune } from './synthetic.ts'

const [matmul] = PROBLEMS as [Problem]

it('every random config of a round is named in the round before, and many others are', async () => {
  const benchmarker = new SyntheticBenchmarker(matmul.cost)
  const measure = benchmarker.measure.bind(benchmarker)
  const named = new Set<string>()
  const measured: { readonly origin: string; readonly isNamed: boolean }[] = []
  benchmarker.measure = (configs: readonly Config[], options: MeasureOptions) => {
    for (const config of configs)
      measured.push({ origin: options.originOf?.(config) ?? '', isNamed: named.has(config.hash) })
    for (const { hash } of options.likely ?? []) named.add(hash)
    return measure(configs, options)
  }
  await tune(matmul, { settings: { autotuneEffort: 'quick' }, task: { benchmarker } })
  const rounds = measured.slice(12)
  const random = rounds.filter(({ origin }) => origin === 'random')
  expect(random.length).toBeGreaterThan(3)
  expect(random.filter(({ isNamed }) => !isNamed)).toEqual([])
  expect(rounds.filter(({ isNamed }) => isNamed).length).toBeGreaterThan(rounds.length / 3)
})
