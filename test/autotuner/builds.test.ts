import { describe, expect, it } from 'vitest'
import { Budget } from '../../src/autotuner/budget.ts'
import { type BuildOptions, Builds } from '../../src/autotuner/trial/builds.ts'
import { ProgramBenchmarker } from '../../src/autotuner/trial/program_benchmarker.ts'
import type { TrialRunner } from '../../src/autotuner/trial/trial_runner.ts'
import { Config } from '../../src/config/config.ts'
import type { Device } from '../../src/runtime/device.ts'
import { ConfigError } from '../../src/support/errors.ts'
import { resolveSettings } from '../../src/support/resolve_settings.ts'
import { PROBLEMS, type Problem, SILENT_LOG } from './synthetic.ts'

/** A config for each number from 1. */
const config = (number: number): Config => new Config({ num_warps: 2 ** (number - 1) })
const numberOf = ({ numWarps }: Config): number => Math.log2(numWarps) + 1

/** Builds that end when they are told to. */
function controlled() {
  const begun: number[] = []
  const ends = new Map<number, (error?: Error) => void>()
  const builds = new Builds<number>((wanted) => {
    const number = numberOf(wanted)
    begun.push(number)
    return new Promise((resolve, reject) => {
      ends.set(number, (error) => (error ? reject(error) : resolve(number)))
    })
  })
  return { begun, builds, end: (name: number, error?: Error) => ends.get(name)?.(error) }
}

const options = (more: Partial<BuildOptions> = {}): BuildOptions => ({
  jobs: 2,
  overlaps: true,
  likely: [],
  goesOn: () => true,
  onBuilding: () => {},
  ...more,
})

const settled = () => new Promise((resolve) => setTimeout(resolve, 0))

describe('Builds', () => {
  it('builds so many at a time, and has those first that are ready first', async () => {
    const { begun, builds, end } = controlled()
    const heard: number[][] = []
    const turns = builds.inTurn(
      [1, 2, 3].map(config),
      options({ onBuilding: (all) => heard.push(all.map(numberOf)) }),
    )
    const first = turns.next()
    await settled()
    expect(begun).toEqual([1, 2])
    end(2)
    expect((await first).value).toEqual([2])
    expect([begun, builds.building.map(numberOf), heard]).toEqual([
      [1, 2, 3],
      [1, 3],
      [
        [1, 2],
        [1, 3],
      ],
    ])
    end(3)
    expect((await turns.next()).value).toEqual([3])
    end(1)
    expect((await turns.next()).value).toEqual([1])
    expect((await turns.next()).done).toBe(true)
  })

  it('builds nothing while others run, where that would harm them', async () => {
    const { begun, builds, end } = controlled()
    const turns = builds.inTurn([1, 2, 3].map(config), options({ overlaps: false }))
    const first = turns.next()
    end(2)
    end(1)
    expect((await first).value).toEqual([1, 2])
    await settled()
    expect([begun, builds.building]).toEqual([[1, 2], []])
  })

  it('builds what is likely once nothing else waits, never twice, for half of the jobs', async () => {
    const { begun, builds, end } = controlled()
    const likely = [3, 4, 5, 6].map(config)
    const turns = builds.inTurn([1, 2].map(config), options({ jobs: 4, likely }))
    const first = turns.next()
    await settled()
    expect(begun).toEqual([1, 2, 3, 4])
    end(1)
    end(2)
    end(4)
    await first
    await turns.next()
    expect((await turns.next()).done).toBe(true)
    const next = builds.inTurn([4, 3].map(config), options({ jobs: 4 }))
    expect((await next.next()).value).toEqual([4])
    end(3)
    expect((await next.next()).value).toEqual([3])
    // The place of 4 went to the next likely one when that was done.
    expect(begun).toEqual([1, 2, 3, 4, 5])
  })

  it('ends when it is told to, and begins nothing more', async () => {
    const { begun, builds, end } = controlled()
    let goesOn = true
    const turns = builds.inTurn([1, 2, 3, 4].map(config), options({ goesOn: () => goesOn }))
    const first = turns.next()
    end(1)
    goesOn = false
    expect((await first).value).toEqual([1])
    expect((await turns.next()).done).toBe(true)
    expect(begun).toEqual([1, 2])
  })

  it('rejects with what a wanted build rejects with, and only with that', async () => {
    const { builds, end } = controlled()
    const turns = builds.inTurn([config(1)], options({ likely: [config(2)] }))
    const first = turns.next()
    await settled()
    end(2, new Error('likely'))
    end(1, new Error('wanted'))
    await expect(first).rejects.toThrow('wanted')
  })
})

describe('a benchmarker whose time is over before it began', () => {
  it('waits for the first config, though others were refused at once', async () => {
    const [matmul] = PROBLEMS as [Problem]
    const [standard, refused, late] = [4, 8, 2].map((num_warps) =>
      matmul.spec.normalize({ num_warps }, 'repair'),
    ) as [Config, Config, Config]
    const runner: Partial<TrialRunner> = {
      isolated: true,
      compile: async () => 1,
      measure: async () => ({ time: { medianMs: 1, spread: 0, samplesMs: [1] }, mismatch: undefined }),
    }
    const benchmarker = new ProgramBenchmarker({
      source: {
        filtered: (config) => config,
        familyOf: () => '',
        async programOf(config) {
          if (config === refused) throw new ConfigError('too large')
          await new Promise((done) => setTimeout(done, 20))
          return { hash: config.hash } as never
        },
        expected: async () => [],
        open: async () => runner as TrialRunner,
      },
      device: { info: { software: false } } as Device,
      settings: resolveSettings({ autotunePrecompileJobs: 2 }, () => undefined),
      log: SILENT_LOG,
    })
    const options = { budget: new Budget({ seconds: 0 }), compileTimeoutMs: 1000 }
    const results = await benchmarker.measure([standard, refused, late], options)
    expect(results.map(({ config, status }) => [config, status])).toEqual([
      [standard, 'ok'],
      [refused, 'invalid'],
    ])
  })
})
