/** What kernels leave open to configs, read off their IR; and that the default configs fit small devices. */
import { describe, expect, it } from 'vitest'
import type { ConfigSpecInput } from '../../src/config/spec_input.ts'
import { hl, type Tensor } from '../../src/language/index.ts'
import type { KernelFunction } from '../../src/language/trace/trace_kernel.ts'
import { sum } from '../../src/support/maths.ts'
import * as kernels from '../gpu/kernels.ts'
import { halfSums } from '../gpu/matrix_kernels.ts'
import { type Argument, ramp } from '../language/harness.ts'
import { bmm } from './batched_kernels.ts'
import { Compiled } from './compiling.ts'
import { DEVICES } from './devices.ts'

/** One line per decision. */
function shown({ blocks, rows, loops, tiles, memoryOps, dots, pidTypes }: ConfigSpecInput): string {
  const can = (flags: Readonly<Record<string, boolean>>): string => {
    const set = Object.keys(flags).filter((name) => flags[name])
    return set.length > 0 ? `, can ${set.join(', ')}` : ''
  }
  const modes = memoryOps.map(({ length, 0: first }) => (length === 1 ? first : `any of ${length}`))
  return [
    ...blocks.map(({ name, sizeHint, min, max }) => `block ${name} of ${sizeHint}: ${min} to ${max}`),
    ...rows.map(
      ({ name, size, maxPersistent, canLoop }) =>
        `row ${name} of ${size}: up to ${maxPersistent} in registers${can({ loop: canLoop })}`,
    ),
    ...loops.map(({ kind, blocks: ids, canReorder, canFlatten, canUnrollFully }) => {
      const abilities = can({ reorder: canReorder, flatten: canFlatten, unroll: canUnrollFully })
      return `${kind} loop over ${ids}${abilities}`
    }),
    `tiles ${tiles.map(({ axes, fixed }) => `[${axes}]${fixed > 1 ? ` x ${fixed}` : ''}`).join(' ')}`,
    `accesses ${modes.join(', ')}`,
    ...dots.map(
      ({ maxRows, maxSlices }) => `dot with up to ${maxRows} rows per thread and ${maxSlices} slices`,
    ),
    `launched ${pidTypes.join(', ')}`,
  ].join('\n')
}

const inputOf = (fn: KernelFunction, ...args: Argument[]): string =>
  shown(new Compiled(fn, args, { dynamic: true }).input)

describe('the search space of', () => {
  it('an element-wise kernel', () => {
    expect(inputOf(kernels.vectorAdd, ramp([1001]), ramp([1001]))).toMatchInlineSnapshot(`
      "block tile0 of 1001: 1 to 1024
      grid loop over 0, can reorder
      tiles [0]
      accesses any of 3, any of 3, any of 3
      launched flat, persistent_blocked, persistent_interleaved"
    `)
  })

  it('a kernel over rows', () => {
    expect(inputOf(kernels.softmax, ramp([7, 100]))).toMatchInlineSnapshot(`
      "block tile0 of 7: 1 to 8
      row slice1 of 128: up to 8192 in registers, can loop
      grid loop over 0, can reorder
      tiles [0] [1] [0,1]
      accesses any of 3, any of 3
      launched flat, persistent_blocked, persistent_interleaved"
    `)
    expect(inputOf(kernels.argmaxRows, ramp([7, 40_000]))).toMatchInlineSnapshot(`
      "block tile0 of 7: 1 to 8
      row slice1 of 65536: up to 8192 in registers
      grid loop over 0, can reorder
      tiles [0] [1] [0,1]
      accesses any of 3, any of 3
      launched flat, persistent_blocked, persistent_interleaved"
    `)
  })

  it('a product of tiles of a registered size, which is never above its range', () => {
    const kernel = (x: Tensor, y: Tensor) => {
      const out = hl.empty([64, 64])
      const block = hl.registerBlockSize(4)
      for (const [i, j] of hl.tile([64, 64], { blockSize: [block, null] }))
        out.at(i, j).set(x.at(i, ':').dot(y.at(':', j)))
      return out
    }
    expect(inputOf(kernel, ramp([64, 64]), ramp([64, 64]))).toContain('block size0 of 4: 1 to 4')
  })

  it('a product', () => {
    expect(inputOf(kernels.matmul, ramp([3, 100]), ramp([100, 300]))).toMatchInlineSnapshot(`
      "block tile0 of 3: 1 to 16
      block tile1 of 300: 1 to 512
      block tile2 of 100: 1 to 128
      grid loop over 0,1, can reorder
      device loop over 2, can reorder
      tiles [0,1] [0] [2] [0,2] [1] [2,1]
      accesses any of 3, any of 3, any of 3
      dot with up to 16 rows per thread and 16 slices
      launched flat, xyz, persistent_blocked, persistent_interleaved"
    `)
  })

  it('chained products', () => {
    const [q, k] = [ramp([10, 8]), ramp([20, 8])]
    expect(inputOf(kernels.attention, q, k, k)).toMatchInlineSnapshot(`
      "block tile0 of 10: 1 to 16
      block tile3 of 20: 1 to 32
      row slice1 of 8: up to 8192 in registers
      row slice2 of 8: up to 8192 in registers, can loop
      grid loop over 0, can reorder
      device loop over 3
      tiles [0] [0,1] [2] [0,2] [3] [3,2] [2,3] [0,3] [1] [3,1]
      accesses any of 3, any of 3, any of 3, any of 3
      dot with up to 16 rows per thread and 1 slices
      dot with up to 16 rows per thread and 1 slices
      launched flat, persistent_blocked, persistent_interleaved"
    `)
  })

  it('a grid of several dimensions', () => {
    expect(inputOf(kernels.doubled3d, ramp([5, 6, 7]))).toMatchInlineSnapshot(`
      "block tile0 of 5: 1 to 8
      block tile1 of 6: 1 to 8
      block tile2 of 7: 1 to 8
      grid loop over 0,1,2, can reorder, flatten
      tiles [0] [1] [2] [0,1,2]
      accesses any of 3, any of 3
      launched flat, xyz, persistent_blocked, persistent_interleaved"
    `)
    expect(inputOf(kernels.transpose, ramp([37, 52]))).toMatchInlineSnapshot(`
      "block tile0 of 37: 1 to 64
      block tile1 of 52: 1 to 64
      grid loop over 0,1, can reorder
      tiles [1] [0] [0,1] [1,0]
      accesses any of 3, any of 3
      launched flat, xyz, persistent_blocked, persistent_interleaved"
    `)
  })

  it('computed positions and atomics', () => {
    expect(inputOf(kernels.embedding, ramp([11, 24]), ramp([19], 'i32'))).toMatchInlineSnapshot(`
      "block tile0 of 19: 1 to 32
      row slice1 of 32: up to 8192 in registers, can loop
      grid loop over 0, can reorder
      tiles [0] [1] [0,1]
      accesses any of 3, any of 3, any of 3
      launched flat, persistent_blocked, persistent_interleaved"
    `)
    expect(inputOf(kernels.histogram, ramp([300], 'i32'))).toMatchInlineSnapshot(`
      "block tile0 of 300: 1 to 512
      grid loop over 0, can reorder
      tiles [0]
      accesses any of 3
      launched flat, persistent_blocked, persistent_interleaved"
    `)
  })

  it('two grids', () => {
    expect(inputOf(kernels.centred, ramp([9, 44]))).toMatchInlineSnapshot(`
      "block tile0 of 9: 1 to 16
      block tile2 of 9: 1 to 16
      block tile3 of 44: 1 to 64
      row slice1 of 64: up to 8192 in registers, can loop
      grid loop over 0, can reorder
      grid loop over 2,3, can reorder, flatten
      tiles [0] [1] [0,1] [2] [3] [2,3]
      accesses any of 3, any of 3, any of 3, any of 3, any of 3
      launched flat, persistent_blocked, persistent_interleaved"
    `)
  })

  it('ranges that only the data know', () => {
    expect(inputOf(kernels.raggedSums, ramp([90]), ramp([6], 'i32'))).toMatchInlineSnapshot(`
      "block tile1 of 16384: 1 to 16384
      grid loop over 0, can reorder
      device loop over 1, can reorder
      tiles [1]
      accesses pointer, pointer, any of 3, pointer
      launched flat, persistent_blocked, persistent_interleaved"
    `)
  })
})

describe('loops', () => {
  const loopsOf = (fn: KernelFunction): readonly string[] =>
    new Compiled(fn, [ramp([16, 64])]).input.loops.map(
      ({ canReorder, canUnrollFully }) => `${canReorder ? 'any order' : 'in order'}, ${canUnrollFully}`,
    )

  it('may run in any order when they only add up, and be written out when their ends are constants', () => {
    const sums = (x: Tensor) => {
      const out = hl.empty([1])
      for (const _ of hl.grid(1)) {
        const acc = hl.zeros([])
        for (const [i, j] of hl.tile([x.shape[0], x.shape[1]])) acc.addAssign(x.at(i, j).sum())
        out.at(0).set(acc)
      }
    }
    const differences = (x: Tensor) => {
      const out = hl.empty([1])
      for (const _ of hl.grid(1)) {
        const acc = hl.zeros([])
        for (const [i, j] of hl.tile([x.shape[0], x.shape[1]])) acc.assign(x.at(i, j).sum().sub(acc))
        out.at(0).set(acc)
      }
    }
    const stores = (x: Tensor) => {
      for (const _ of hl.grid(1)) {
        for (const [i, j] of hl.tile([x.shape[0], x.shape[1]])) x.at(i, j).set(x.at(i, j).add(1))
      }
    }
    expect([sums, differences, stores].map((fn) => loopsOf(fn)[1])).toEqual([
      'any order, true',
      'in order, true',
      'in order, true',
    ])
  })

  it('of too many rounds, or of a range that depends on the tile, are not written out', () => {
    const long = (x: Tensor) => {
      for (const t of hl.tile(x.shape[0])) for (const i of hl.grid(1000)) x.at(t, 0).set(i)
    }
    const triangle = (x: Tensor) => {
      for (const t of hl.tile(x.shape[0])) for (const u of hl.tile(0, t.end)) x.at(u, 0).set(1)
    }
    expect([long, triangle].map((fn) => loopsOf(fn)[1])).toEqual(['in order, false', 'in order, false'])
  })
})

describe('default configs', () => {
  it.each([
    [16, [4, 16, 16]],
    [512, [1, 128, 256]],
  ])('take one large matrix of a batch, or several small ones: of %i rows', (size, tiles) => {
    const input = ramp([64, size, size])
    const { spec } = new Compiled(bmm, [input, input], { software: false })
    expect((spec.defaultConfig().data.block_sizes as readonly number[]).slice(0, 3)).toEqual(tiles)
  })

  it.each([
    [2048, [128, 256, 16], 8],
    [3072, [64, 128, 16], 4],
    [4096, [128, 256, 16], 8],
  ])('have the tiles with which the last wave is done first: products of %i rows', (size, tiles, warps) => {
    const input = { shape: [size, size], dtype: 'f32', dynamic: undefined, data: [] } as const
    const { block_sizes, num_warps } = new Compiled(
      kernels.matmul,
      [input, input],
      DEVICES.H200,
    ).spec.defaultConfig().data
    expect([block_sizes, num_warps]).toEqual([tiles, warps])
  })

  it.each([
    [2048, [128, 128, 32], 4, false],
    [4096, [256, 256, 32], 8, true],
  ])(
    'have larger tiles for sums in f16 where these fill a wave: of %i rows',
    (size, tiles, warps, isLate) => {
      const input = { shape: [size, size], dtype: 'f16', dynamic: undefined, data: [] } as const
      const subgroupMatrices = [{ m: 16, n: 16, k: 16, operand: 'f16', result: 'f16' }] as const
      const { spec } = new Compiled(halfSums, [input, input], { ...DEVICES.H200, subgroupMatrices })
      const { block_sizes, num_warps, late_loads } = spec.defaultConfig().data
      expect([block_sizes, num_warps, late_loads]).toEqual([tiles, warps, isLate])
    },
  )

  const CASES: Readonly<Record<string, readonly [KernelFunction, ...Argument[]]>> = {
    vectorAdd: [kernels.vectorAdd, ramp([2 ** 20]), ramp([2 ** 20])],
    softmax: [kernels.softmax, ramp([64, 65_536])],
    layerNorm: [kernels.layerNorm, ramp([64, 8192]), ramp([8192]), ramp([8192]), 1e-5],
    matmul: [kernels.matmul, ramp([512, 512]), ramp([512, 512])],
    transpose: [kernels.transpose, ramp([512, 512])],
    embedding: [kernels.embedding, ramp([1000, 8192]), ramp([512], 'i32')],
    doubled3d: [kernels.doubled3d, ramp([64, 64, 64])],
    columnSums: [kernels.columnSums, ramp([512, 512])],
    attention: [kernels.attention, ramp([256, 64]), ramp([256, 64]), ramp([256, 64])],
    argmaxRows: [kernels.argmaxRows, ramp([64, 8192])],
  }
  const SMALL = {
    maxWorkgroupInvocations: 256,
    maxWorkgroupBytes: 16_384,
    subgroupSize: 0,
    registerBudget: 128,
  }

  it.each(Object.entries(CASES))('%s can be built for the least that WebGPU promises', (_, [fn, ...args]) => {
    for (const dynamic of [true, false]) {
      const compiled = new Compiled(fn, args, { ...SMALL, dynamic })
      const { dispatches } = compiled.program()
      expect(dispatches.every(({ workgroupSize }) => workgroupSize <= 256)).toBe(true)
      expect(sum(dispatches.map(({ workgroupBytes }) => workgroupBytes))).toBeLessThanOrEqual(16_384)
    }
  })
})
