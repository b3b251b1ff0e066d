/** One time for several calls: what counts, what fails, and what is tried twice. */
import { describe, expect, it } from 'vitest'
import { Budget } from '../../src/autotuner/budget.ts'
import type { Measurement, MeasureOptions } from '../../src/autotuner/trial/benchmarker.ts'
import {
  type Aggregation,
  JointBenchmarker,
  type JointPart,
} from '../../src/autotuner/trial/joint_benchmarker.ts'
import { Config } from '../../src/config/config.ts'
import { ConfigError } from '../../src/support/errors.ts'
import { Random } from '../../src/support/random.ts'
import { type Cost, SyntheticBenchmarker, type SyntheticOptions } from './synthetic.ts'

const blocks = (size: number) => new Config({ block_sizes: [size] })
const sizeOf = ({ blockSizes: [size = 0] }: Config) => size

/** A call whose time is `cost`, which takes blocks up to `most`. */
function part(name: string, cost: Cost, most = 1024, options: SyntheticOptions = {}) {
  const benchmarker = Object.assign(new SyntheticBenchmarker(cost, options), { dispose: () => {} })
  const fit = (config: Config): Config => {
    if (sizeOf(config) > 4 * most) throw new ConfigError(`no block of ${sizeOf(config)}`)
    return blocks(Math.min(sizeOf(config), most))
  }
  return { name, benchmarker, fit }
}

async function measure(
  parts: readonly JointPart[],
  configs: readonly Config[],
  options: Partial<MeasureOptions> = {},
  aggregation: Aggregation = 'geomean',
) {
  const told: Measurement[] = []
  const joint = new JointBenchmarker(parts, aggregation)
  const results = await joint.measure(configs, {
    budget: new Budget({ seconds: null }),
    compileTimeoutMs: 1000,
    onMeasured: (result) => told.push(result),
    ...options,
  })
  return { joint, results, told }
}

describe('JointBenchmarker', () => {
  const fast = (config: Config) => 1024 / sizeOf(config)
  const slow = (config: Config) => sizeOf(config)

  it('gives a config the geometric mean of its times, or the longest', async () => {
    const configs = [blocks(8), blocks(512)]
    const { results, told } = await measure([part('a', fast), part('b', slow)], configs)
    expect(results.map(({ ms }) => ms)).toEqual([expect.closeTo(32), expect.closeTo(32)])
    expect(told).toEqual(results)
    const most = await measure([part('a', fast), part('b', slow)], configs, {}, 'max')
    expect(most.results.map(({ ms }) => ms)).toEqual([128, 512])
  })

  it('sees times in relation to others, and still answers with a time', async () => {
    const referenceMs = (ms: number) => async () => ms
    const parts = [
      { ...part('a', fast), referenceMs: referenceMs(4) },
      { ...part('b', slow), referenceMs: referenceMs(100) },
    ]
    const { results, joint } = await measure(parts, [blocks(128), blocks(512)], {}, 'max')
    expect(results.map(({ ms }) => ms)).toEqual([expect.closeTo(20 * 2), expect.closeTo(20 * 5.12)])
    expect(joint.timesOf(blocks(512))).toEqual([
      { name: 'a', ms: 2 },
      { name: 'b', ms: 512 },
    ])
  })

  it('a config that fails on one call fails, and is not tried on the calls after it', async () => {
    const [a, b] = [part('f32[8]', (config) => (sizeOf(config) === 2 ? 'wrong' : 1)), part('f32[9]', slow, 8)]
    const { results, told } = await measure([a, b], [blocks(1), blocks(2), blocks(64)])
    const known = results.toSorted((x, y) => sizeOf(x.config) - sizeOf(y.config))
    expect(known.map(({ status }) => status)).toEqual(['ok', 'wrong', 'invalid'])
    expect(known.map(({ reason }) => reason)).toEqual([
      undefined,
      expect.stringMatching(/\(f32\[8\]\)$/),
      'no block of 64 (f32[9])',
    ])
    expect(told).toHaveLength(3)
    expect(b.benchmarker.measured.map(sizeOf)).toEqual([1])
  })

  it('tries no config twice, and what comes to the same on a call once', async () => {
    const [a, b] = [part('a', fast), part('b', slow, 256)]
    const { joint, results } = await measure([a, b], [blocks(256), blocks(512), blocks(1024)])
    expect(results).toHaveLength(3)
    expect(a.benchmarker.measured.map(sizeOf)).toEqual([256, 512, 1024])
    expect(b.benchmarker.measured.map(sizeOf)).toEqual([256])
    const budget = new Budget({ seconds: null })
    await joint.measure([blocks(512)], { budget, compileTimeoutMs: 1 })
    expect(a.benchmarker.measured).toHaveLength(3)
    const again = await joint.remeasure([blocks(512), blocks(1024)], { budget, targetMs: 40 })
    expect(again.map(({ config }) => sizeOf(config))).toEqual([512, 1024])
    expect(b.benchmarker.remeasured.map(sizeOf)).toEqual([256])
  })

  it('goes on where it was cut off', async () => {
    const parts = [part('a', fast), part('b', slow)]
    let left = 3
    const enough = () => left-- <= 0
    const { joint, results } = await measure(parts, [blocks(1), blocks(2), blocks(4)], { enough })
    expect(results).toEqual([])
    const budget = new Budget({ seconds: null })
    const rest = await joint.measure([blocks(1), blocks(2), blocks(4)], { budget, compileTimeoutMs: 1 })
    expect(rest.map(({ status }) => status)).toEqual(['ok', 'ok', 'ok'])
    expect(parts[0]?.benchmarker.measured.map(sizeOf)).toEqual([1, 2, 4])
  })

  it('names the configs being tried by what the search calls them', async () => {
    const tried = new Set<string>()
    const onTrying = (configs: readonly Config[]) => configs.forEach(({ hash }) => void tried.add(hash))
    await measure([part('a', fast, 16), part('b', slow, 4)], [blocks(16), blocks(8)], { onTrying })
    expect(tried).toEqual(new Set([blocks(16).hash, blocks(8).hash]))
  })

  it('knows the least launch of all calls together, where each is known', async () => {
    const floor = (ms: number) => ({ floor: { ms, spread: 0.01 } })
    const known = [part('a', fast, 16, floor(1)), part('b', slow, 16, floor(4))]
    expect(await new JointBenchmarker(known, 'geomean').leastLaunch()).toEqual({ ms: 2, spread: 0.01 })
    expect(await new JointBenchmarker([...known, part('c', slow)], 'geomean').leastLaunch()).toBeUndefined()
  })

  it('answers for every config exactly once, whatever fails and whenever it is told to stop', async () => {
    for (let seed = 1; seed <= 200; seed++) {
      const random = new Random(seed)
      const costs = Array.from({ length: random.int(1, 4) }, () => {
        const bad = new Set(Array.from({ length: random.int(0, 4) }, () => 2 ** random.int(0, 10)))
        return (config: Config) => (bad.has(sizeOf(config)) ? 'error' : sizeOf(config)) as number | 'error'
      })
      const parts = costs.map((cost, index) => part(`call ${index}`, cost, 2 ** random.int(3, 10)))
      const all = Array.from({ length: 11 }, (_, i) => blocks(2 ** i))
      let calls = random.int(1, 60)
      const { joint, results, told } = await measure(parts, all, { enough: () => calls-- <= 0 })
      expect(told).toEqual(results)
      const hashes = results.map(({ config }) => config.hash)
      expect(new Set(hashes).size).toBe(hashes.length)
      const budget = new Budget({ seconds: null })
      const complete = await joint.measure(all, { budget, compileTimeoutMs: 1 })
      expect(complete.map(({ config }) => config.hash).toSorted()).toEqual(
        all.map(({ hash }) => hash).toSorted(),
      )
      for (const { config, status } of complete) {
        const works = parts.every(({ fit }, index) => {
          try {
            return typeof costs[index]?.(fit(config)) === 'number'
          } catch {
            return false
          }
        })
        expect(status === 'ok' || status === 'duplicate').toBe(works)
      }
      for (const { benchmarker } of parts) {
        const measured = benchmarker.measured.map(({ hash }) => hash)
        expect(new Set(measured).size).toBe(measured.length)
      }
    }
  })
})
