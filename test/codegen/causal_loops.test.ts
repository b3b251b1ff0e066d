/**
 * Loops that end where a tile of the grid does, as those of causal attention over its keys: tiles that are
 * whole need no masks, and long programs come first. And what a loop's products take from outside of it is
 * put in place once.
 */
import { describe, expect, it } from 'vitest'
import { spread, whole } from '../gpu/inputs.ts'
import { causalAttention, headAttention } from '../gpu/matrix_kernels.ts'
import type { HostArgument } from '../language/harness.ts'
import { Compiled } from './compiling.ts'
import { DEVICES } from './devices.ts'
import { OnCpu } from './on_cpu.ts'

const TOLERANCE = { abs: 1e-4, rel: 1e-4 }
/** Whether a position is within the range of the loop. */
const MASK = /tile4_in_\d|inside_\d/
const MATRIX = { m: 16, n: 16, k: 16, operand: 'f16', result: 'f32' } as const

function heads(shape: readonly number[], dtype: 'f32' | 'f16' = 'f32'): readonly HostArgument[] {
  const one = dtype === 'f16' ? whole(shape, dtype) : spread(shape)
  return [1, 2, 3].map(() => ({ ...one, dynamic: undefined }))
}

function causal(shape: readonly number[], dynamic = false): OnCpu {
  return new OnCpu(causalAttention as never, heads(shape), { dynamic, tolerance: TOLERANCE })
}

describe('a loop that ends where a tile of the grid does', () => {
  it.each([
    [
      [1, 16, 8],
      [8, 8],
    ],
    [
      [2, 16, 4],
      [8, 4],
    ],
    [
      [1, 16, 8],
      [4, 8],
    ],
    [
      [2, 11, 5],
      [8, 4],
    ],
    [
      [1, 1, 4],
      [1, 1],
    ],
    [
      [0, 16, 4],
      [4, 4],
    ],
  ])('is right: %j in tiles of %j', (shape, block_sizes) => {
    for (const dynamic of [false, true]) causal(shape, dynamic).expectRight({ block_sizes, num_warps: 1 })
  })

  it.each(['xyz', 'persistent_blocked', 'persistent_interleaved'] as const)('is right: %s', (pid_type) => {
    causal([2, 12, 4]).expectRight({ block_sizes: [4, 4], num_warps: 1, pid_type })
  })

  it('is right with groups of tiles and in both orders', () => {
    for (const loop_orders of [[[0, 1]], [[1, 0]]])
      causal([3, 16, 4]).expectRight({ block_sizes: [4, 4], num_warps: 1, l2_groupings: [2], loop_orders })
  })

  it('has no masks where the tiles are whole, also at sizes that only a launch knows', () => {
    const tiles = { block_sizes: [8, 4], num_warps: 1 }
    const shape = [2, 24, 8]
    expect(causal(shape).compiled.wgsl(tiles)).not.toMatch(MASK)
    const { compiled } = causal(shape, true)
    expect(compiled.wgsl(tiles)).toMatch(MASK)
    expect(compiled.wgsl(tiles, { even: compiled.even(tiles) })).not.toMatch(MASK)
  })

  it.each([
    ['the tiles around them are not whole', [1, 30, 8], [4, 4]],
    ['they are longer than those around them', [1, 32, 8], [4, 8]],
  ])('has masks where %s', (_, shape, block_sizes) => {
    expect(causal(shape).compiled.wgsl({ block_sizes, num_warps: 1 })).toMatch(MASK)
  })

  it('has its longest programs first', () => {
    const { compiled } = causal([2, 32, 8])
    const { block_sizes: _, ...rest } = compiled.spec.defaultConfig().data
    expect(rest.loop_orders).toEqual([[1, 0]])
    expect(compiled.wgsl({ block_sizes: [4, 4], num_warps: 1 })).toContain('tile1_id = 7u - id_rest')
    const { data } = new Compiled(headAttention as never, heads([2, 32, 8]) as never).spec.defaultConfig()
    expect(data.loop_orders).toEqual([[0, 1]])
  })

  it('has sums in fragments that are rescaled now and then, with masks too', () => {
    const subject = new Compiled(causalAttention as never, heads([2, 40, 32], 'f16') as never, {
      ...DEVICES.H200,
      subgroupMatrices: [MATRIX],
    })
    const wgsl = subject.wgsl({ block_sizes: [32, 16], num_warps: 2 })
    expect(wgsl).toMatch(MASK)
    expect(wgsl).toContain('workgroupUniformLoad')
  })
})

describe('what the products of a loop take from outside of it', () => {
  const config = { block_sizes: [16, 8], num_warps: 1, reduction_loops: [null, null] }
  const stagesQueries = (wgsl: string): boolean => /\[slot[^\]]*\] = (vec\df\()?q_\d/.test(wgsl)
  const loopOf = (wgsl: string): string => wgsl.slice(wgsl.indexOf('for (var tile'))

  it('is staged before it, and right', () => {
    const subject = new OnCpu(headAttention as never, heads([1, 16, 8]), { tolerance: TOLERANCE })
    subject.expectRight(config)
    const wgsl = subject.compiled.wgsl(config)
    expect(stagesQueries(wgsl)).toBe(true)
    expect(stagesQueries(loopOf(wgsl))).toBe(false)
  })

  it('is staged in every round where workgroups have no memory to keep it', () => {
    const maxWorkgroupBytes = 1100
    const options = { tolerance: TOLERANCE, maxWorkgroupBytes }
    const subject = new OnCpu(headAttention as never, heads([1, 16, 8]), options)
    subject.expectRight(config)
    expect(stagesQueries(loopOf(subject.compiled.wgsl(config)))).toBe(true)
  })

  it('needs no registers in the loop', () => {
    const limits = { ...DEVICES.H200, registerBudget: 200 }
    const subject = new Compiled(headAttention as never, heads([1, 2048, 64]) as never, limits)
    const program = subject.program({ block_sizes: [64, 32], num_warps: 2, num_stages: 1, dot_rows: 0 })
    expect(program.dispatches[0]?.registers).toBeLessThan(200)
  })
})
