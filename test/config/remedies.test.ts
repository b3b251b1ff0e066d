/** The way out that each refusal of a config names is followed here, and works. */
import { describe, expect, it } from 'vitest'
import { Config, type ConfigInput } from '../../src/config/config.ts'
import { ConfigSpec } from '../../src/config/config_spec.ts'
import { ConfigError } from '../../src/support/errors.ts'
import { matmulInput, rowInput, streamInput } from './spec_inputs.ts'

const matmul = new ConfigSpec(matmulInput())
const row = new ConfigSpec(rowInput(4096))
const stream = new ConfigSpec(streamInput())

/** The remedy of a refused config. */
function remedyOf(spec: ConfigSpec, config: ConfigInput): string | undefined {
  try {
    spec.normalize(config, 'strict')
  } catch (error) {
    if (error instanceof ConfigError) return error.remedy
    throw error
  }
  throw new Error('nothing was refused')
}

/** Each of the configs is what following the remedy gives. */
function follow(spec: ConfigSpec, ...configs: readonly ConfigInput[]): void {
  for (const config of configs) expect(() => spec.normalize(config, 'strict')).not.toThrow()
}

describe('ways out of configs that do not fit', () => {
  it('a multiplier without a persistent launch', () => {
    expect(remedyOf(matmul, { num_sm_multiplier: 4 })).toBe(
      'Remove num_sm_multiplier, or choose a persistent pid_type.',
    )
    follow(matmul, {}, { num_sm_multiplier: 4, pid_type: 'persistent_blocked' })
  })

  it('more slices than warps', () => {
    const config = { slice_k: [16], num_warps: 4 }
    expect(remedyOf(matmul, config)).toBe('Set num_warps to at least 16, or slice_k to at most 4.')
    follow(matmul, { ...config, num_warps: 16 }, { ...config, slice_k: [4] })
  })

  it('more slices than the device can have warps', () => {
    const small = new ConfigSpec({ ...matmulInput(), maxInvocations: 256 })
    const config = { slice_k: [16], num_warps: 4 }
    expect(remedyOf(small, config)).toBe('Set slice_k to at most 4.')
    follow(small, { ...config, slice_k: [4] })
  })

  it('more threads along a row than there are', () => {
    const config = { num_threads: [256], num_warps: 4 }
    expect(remedyOf(row, config)).toBe('Set num_warps to at least 8, or num_threads to at most 128.')
    follow(row, { ...config, num_warps: 8 }, { ...config, num_threads: [128] })
  })

  it('fields that are not of this kernel', () => {
    expect(remedyOf(stream, { slice_k: [4] })).toBe('Remove slice_k.')
    expect(remedyOf(stream, { num_wraps: 4 } as ConfigInput)).toMatch(/^Known here: .*num_warps/)
    follow(stream, {}, { num_warps: 4 })
  })

  it('two names of one field, and values of no kind', () => {
    expect(() => new Config({ block_size: 4, block_sizes: [4] })).toThrow('Keep block_sizes.')
    expect(() => new Config({ num_warps: {} as never })).toThrow('Use numbers, booleans, strings, null')
    expect(new Config({ block_sizes: [4], num_warps: 4 }).numWarps).toBe(4)
  })
})
