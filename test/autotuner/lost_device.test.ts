/** Searches whose device is lost: what becomes of them, and of the config that did it. */
import { describe, expect, it } from 'vitest'
import { failure } from '../../src/autotuner/trial/benchmarker.ts'
import type { Config } from '../../src/config/config.ts'
import { AdapterError } from '../../src/support/errors.ts'
import { cached, quick, row } from './stored_search.ts'
import { SyntheticBenchmarker, tune } from './synthetic.ts'

describe('a lost device', () => {
  const lose = (at: number) => (_config: Config, index: number) => {
    if (index === at) throw new AdapterError('the device is lost')
  }

  it('ends the search with the best config so far, which is a start for the next', async () => {
    const { result, benchmarker } = await cached({}, { onConfig: lose(10) })
    expect(result.ended).toBe('device lost')
    expect(benchmarker.measured).toHaveLength(10)
    const costs = benchmarker.measured.map((config) => Number(row.cost(config))).filter(Number.isFinite)
    expect(result.ms).toBe(Math.min(...costs))
    const next = await cached()
    expect(next.result.source).toBe('search')
    expect(next.benchmarker.measured.slice(0, 3).map(String)).toContain(String(result.config))
  })

  it('costs the next search nothing: what never ended is not tried again', async () => {
    const settings = { autotuneRandomSeed: 3 }
    const hung: Config[] = []
    const benchmarker = new SyntheticBenchmarker(row.cost)
    const measure = benchmarker.measure.bind(benchmarker)
    benchmarker.measure = async (configs, options) => {
      const at = Math.max(0, 10 - benchmarker.measured.length)
      const [stuck] = configs.slice(at)
      if (!stuck) return measure(configs, options)
      await measure(configs.slice(0, at), options)
      hung.push(stuck)
      options.onMeasured?.(failure(stuck, 'timeout', 'running row took longer than 30000 ms'))
      throw new AdapterError('the device is lost')
    }
    const { result } = await cached(settings, { task: { benchmarker } })
    expect([result.ended, hung.length]).toEqual(['device lost', 1])
    const next = await cached(settings)
    expect(next.result.source).toBe('search')
    expect(next.benchmarker.measured.map(String)).not.toContain(String(hung[0]))
    expect(next.result.candidates.find(({ config }) => hung[0]?.equals(config))).toMatchObject({
      status: 'timeout',
      reason: 'it never ended in an earlier program, which lost the device over it',
    })
  })

  it('is an error where another process goes on, whatever was measured', async () => {
    const goingOn = { onConfig: lose(10), task: { goesOn: true } }
    await expect(cached({}, goingOn)).rejects.toThrow(AdapterError)
    const benchmarker = new SyntheticBenchmarker(row.cost)
    benchmarker.remeasure = () => Promise.reject(new AdapterError('the device is lost'))
    const compared = tune(row, { settings: quick(), task: { benchmarker, goesOn: true } })
    await expect(compared).rejects.toThrow(AdapterError)
  })

  it('is an error when nothing was measured before', async () => {
    await expect(cached({}, { onConfig: lose(0) })).rejects.toThrow(AdapterError)
  })

  it('at the end costs nothing but the comparison', async () => {
    const benchmarker = new SyntheticBenchmarker(row.cost)
    benchmarker.remeasure = () => Promise.reject(new AdapterError('the device is lost'))
    const { result } = await tune(row, { settings: quick(), task: { benchmarker } })
    expect(Number.isFinite(result.ms)).toBe(true)
  })
})
