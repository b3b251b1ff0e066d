import { describe, expect, it } from 'vitest'
import { ConfigGeneration } from '../../src/autotuner/search/session/config_generation.ts'
import {
  initialPopulation,
  type StartingPoint,
} from '../../src/autotuner/search/session/initial_population.ts'
import { ORIGINS, type Proposal } from '../../src/autotuner/search/session/proposal.ts'
import { Config } from '../../src/config/config.ts'
import { ConfigSpec } from '../../src/config/config_spec.ts'
import { sum } from '../../src/support/maths.ts'
import { Random } from '../../src/support/random.ts'
import { matmulInput } from '../config/spec_inputs.ts'

const spec = new ConfigSpec(matmulInput())
const generation = (seed = 1) => new ConfigGeneration(spec, new Random(seed))
const seed = new Config({ block_sizes: [8, 8, 8] })
const stored = new Config({ block_sizes: [16, 16, 16], num_warps: 2 })
const start: StartingPoint = {
  strategy: 'from_random',
  padding: 'random',
  seeds: [{ config: seed, origin: ORIGINS.seed }],
  guesses: [],
  stored: () => [stored, seed],
}
const sizes = (found: readonly Proposal[]) => found.map(({ config }) => String(config.blockSizes))
const origins = (found: readonly Proposal[]) => found.map(({ origin }) => origin)

describe('initialPopulation', () => {
  it('is default, seeds, then random configs', () => {
    const configs = initialPopulation(generation(), start, 10)
    expect(sizes(configs).slice(0, 2)).toEqual(['64,64,16', '8,8,8'])
    expect(new Set(configs.map(({ config }) => config.hash)).size).toBe(10)
    expect(sizes(configs)).not.toContain('16,16,16')
    expect(origins(configs).slice(0, 4)).toEqual(['default', 'seed', 'random', 'random'])
  })

  it('takes what earlier searches found, each config once', () => {
    const configs = initialPopulation(generation(), { ...start, strategy: 'from_best_available' }, 10)
    expect(sizes(configs).slice(0, 3)).toEqual(['64,64,16', '8,8,8', '16,16,16'])
    expect(configs).toHaveLength(10)
    expect(configs[2]).toMatchObject({ config: { numStages: 2 }, origin: 'stored result' })
  })

  it('goes on with guesses of the compiler', () => {
    const guesses = [stored, new Config({ block_sizes: [32, 32, 32] })]
    const configs = initialPopulation(generation(), { ...start, guesses }, 10)
    expect(sizes(configs).slice(0, 4)).toEqual(['64,64,16', '8,8,8', '16,16,16', '32,32,32'])
    expect(origins(configs).slice(2, 4)).toEqual(['guess of the compiler', 'guess of the compiler'])
    expect(configs).toHaveLength(10)
  })

  it('ends there without padding', () => {
    const configs = initialPopulation(
      generation(),
      { ...start, strategy: 'from_best_available', padding: 'none' },
      10,
    )
    expect(configs).toHaveLength(3)
  })

  it('keeps all seeds, however few configs are asked for', () => {
    expect(initialPopulation(generation(), start, 0)).toHaveLength(2)
  })

  it('lies farther apart when it fills the space', () => {
    const nearestDistances = (padding: 'random' | 'space_filling', trial: number) => {
      const draw = generation(trial)
      const found = initialPopulation(draw, { ...start, padding }, 20)
      const codes = found.map(({ config }) => draw.encode(config))
      const distance = (a: readonly number[], b: readonly number[]) =>
        sum(a.map((value, axis) => Number(value !== b[axis])))
      return codes.map((code, i) =>
        Math.min(...codes.filter((_, j) => j !== i).map((other) => distance(code, other))),
      )
    }
    const spread = (padding: 'random' | 'space_filling') =>
      sum([1, 2, 3, 4, 5].flatMap((trial) => nearestDistances(padding, trial)))
    expect(spread('space_filling')).toBeGreaterThan(spread('random') * 1.1)
  })
})
