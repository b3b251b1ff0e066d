/** Seeds of searches: which kernels have some, and that they fit. */
import { describe, expect, it } from 'vitest'
import { ConfigSpec } from '../../src/config/config_spec.ts'
import { matmulInput, rowInput, streamInput } from './spec_inputs.ts'

describe('seedConfigs', () => {
  it('gives products tiles by rows, columns and depth', () => {
    const spec = new ConfigSpec(matmulInput())
    const seeds = spec.guesses().map((seed) => spec.normalize(seed, 'strict'))
    expect(seeds.map(({ blockSizes }) => String(blockSizes))).toContain('128,128,16')
    expect(new Set(seeds.map(({ hash }) => hash)).size).toBe(seeds.length)
  })

  it('gives products of few rows tiles without staging, of all rows', () => {
    const input = matmulInput(5, 4096, 4096)
    const spec = new ConfigSpec({ ...input, dots: [{ maxRows: 8, maxSlices: 16, resultRows: 1 }] })
    const seeds = spec.guesses().map((seed) => spec.normalize(seed, 'strict'))
    const direct = seeds.filter(({ mma }) => mma[0] === 'direct')
    expect(direct.length).toBeGreaterThan(3)
    expect(new Set(direct.map(({ blockSizes }) => blockSizes[0]))).toEqual(new Set([8]))
    expect(new ConfigSpec(input).guesses().some(({ mma }) => String(mma) === 'direct')).toBe(false)
  })

  it('holds rows with ever more threads', () => {
    const spec = new ConfigSpec(rowInput(4096))
    const seeds = spec.guesses().map((seed) => spec.normalize(seed, 'repair'))
    expect(seeds.map(({ numWarps }) => numWarps).slice(0, 5)).toEqual([2, 4, 8, 16, 32])
    expect(seeds.slice(0, 5).every(({ reductionLoops }) => reductionLoops[0] === null)).toBe(true)
  })

  it('knows nothing better than the default for elementwise kernels', () => {
    expect(new ConfigSpec(streamInput()).guesses()).toEqual([])
  })
})
