import { describe, expect, it } from 'vitest'
import { History } from '../../src/autotuner/search/history.ts'
import { ConfigGeneration } from '../../src/autotuner/search/session/config_generation.ts'
import { byForecast } from '../../src/autotuner/search/session/forecast.ts'
import { failure } from '../../src/autotuner/trial/benchmarker.ts'
import { Random } from '../../src/support/random.ts'
import { FOREVER } from './kernel_trials.ts'
import { PROBLEMS, type Problem, SyntheticBenchmarker } from './synthetic.ts'

const [matmul] = PROBLEMS as [Problem]
const generation = new ConfigGeneration(matmul.spec, new Random(1))

async function measured(count: number): Promise<History> {
  const history = new History()
  const configs = generation.randomPopulation(count)
  const options = { budget: FOREVER, compileTimeoutMs: 1 }
  for (const result of await new SyntheticBenchmarker(matmul.cost).measure(configs, options))
    history.add(result, 'random')
  return history
}

describe('byForecast', () => {
  it('puts neighbours of fast configs before neighbours of slow ones', async () => {
    const history = await measured(200)
    const [fast, slow] = [history.ranked[0], history.ranked.at(-1)]
    if (!fast || !slow) throw new Error('configs with times expected')
    const near = generation.neighbors(fast.config).slice(0, 20)
    const far = generation.neighbors(slow.config).slice(0, 20)
    const first = byForecast(generation, history, [...far, ...near]).slice(0, 20)
    expect(first.filter((config) => near.includes(config)).length).toBeGreaterThan(15)
  })

  it('keeps the order where nothing is known, and takes failures for slow', () => {
    const history = new History()
    const [a, b, ...rest] = generation.randomPopulation(6)
    if (!a || !b) throw new Error('two configs expected')
    expect(byForecast(generation, history, [a, b, ...rest])).toEqual([a, b, ...rest])
    history.add(failure(a, 'wrong', 'no'), 'random')
    history.add({ ...failure(b, 'error', ''), status: 'ok', ms: 1, reason: undefined }, 'random')
    expect(byForecast(generation, history, [a, b])).toEqual([b, a])
  })
})
