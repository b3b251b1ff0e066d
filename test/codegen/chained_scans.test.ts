/**
 * Scans of which each workgroup has a chunk: where that is offered, and that they are right whatever the
 * order in which workgroups run. Backwards, none finds what it waits for, and computes everything.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { hl, type Tensor } from '../../src/language/index.ts'
import { Compiled } from './compiling.ts'
import { DEVICES } from './devices.ts'
import { OnCpu } from './on_cpu.ts'
import { CLOSE, flat, input, rows, SCANS } from './scan_kernels.ts'

describe('chained scans', () => {
  it('are never the default, nor tried by searches, and have one dispatch', () => {
    const x = { shape: [2 ** 27], data: [], dtype: 'f32', dynamic: undefined } as const
    const long = new Compiled(flat, [x], DEVICES.H200)
    expect(long.spec.defaultConfig().data).toMatchObject({ chained_scans: [0], split_sums: [1024] })
    const [slot] = long.spec.slots.filter(({ field }) => field === 'chained_scans')
    expect(slot?.fragment.cardinality).toBe(1)
    expect(long.program({ chained_scans: 2, split_sums: 1 }).dispatches).toHaveLength(1)
  })

  it('are offered for scans alone', () => {
    const sums = (x: Tensor): Tensor => x.sum(0)
    const first = (x: Tensor): Tensor => {
      const out = hl.emptyLike(x)
      for (const row of hl.tile(x.shape[0])) {
        const sum = hl.zeros([row])
        for (const t of hl.tile(8, x.shape[1])) {
          out.at(row, t).set(x.at(row, t).cumsum(1).add(sum.unsqueeze(1)))
          sum.addAssign(x.at(row, t).sum(1))
        }
      }
      return out
    }
    expect(new Compiled(sums, [input(4096)]).input.sums).toMatchObject([{ isScan: false }])
    expect(new Compiled(first, [input(4, 64)]).input.sums).toMatchObject([{ isScan: false }])
    expect(() => new Compiled(sums, [input(4096)]).config({ chained_scans: 1 })).toThrow(
      'config field chained_scans is 1; allowed: a list of 1, each 0',
    )
  })

  it('take the place of parts, and stream rows', () => {
    const compiled = new Compiled(flat, [input(4096)])
    expect(compiled.config({ chained_scans: 1, split_sums: 4 }).data.split_sums).toEqual([1])
    expect(compiled.config({ chained_scans: 1, reduction_loops: [null] }).data.reduction_loops).toEqual([512])
  })

  it('of one round hold their chunk while they look back, of several read it again', () => {
    const compiled = new Compiled(flat, [input(4096)])
    const [held = '', again = ''] = [1, 2].map((chained_scans) =>
      compiled.wgsl({ chained_scans, reduction_loops: 512 }).split('for (').at(-1),
    )
    expect(held).toMatch(/local1_vec4\[.* = /)
    expect(held).not.toContain('x_vec4[')
    expect(again).toContain('x_vec4[')
  })

  it('keep a word of a float for each chunk and each group of them, zero at first', () => {
    const { scratch } = new Compiled(flat, [input(4096)]).program({
      chained_scans: 1,
      reduction_loops: 8,
      num_warps: 4,
    })
    // 16 groups of 32 chunks.
    expect(scratch).toEqual([{ dtype: 'u32', fill: 0, bytes: (16 + 512) * 4 }])
  })
})

it.each(SCANS)('%s: right in chunks, whoever comes first', (_, fn, args) => {
  const ways = [
    { dynamic: false, backwards: false, subgroupSize: 0, chained_scans: 1 },
    { dynamic: false, backwards: true, subgroupSize: 4, chained_scans: 2 },
    { dynamic: true, backwards: true, subgroupSize: 0, chained_scans: 1 },
  ]
  for (const { chained_scans, ...options } of ways) {
    const one = new OnCpu(fn, args, { ...options, tolerance: CLOSE })
    const { rows: ofRows, blocks, sums = [] } = one.compiled.input
    one.expectRight({
      num_warps: 1,
      ...(sums.length > 0 && { chained_scans }),
      ...(blocks.length > 0 && { block_sizes: blocks.map(({ max }) => Math.min(8, max)) }),
      ...(ofRows.length > 0 && { reduction_loops: 16 }),
    })
  }
})

it('several groups of chunks: the same bits in every order', () => {
  const config = { chained_scans: 1, reduction_loops: 8, num_warps: 1 }
  const x = { ...input(1100), data: Array.from({ length: 1100 }, (_, i) => Math.fround(Math.sin(i))) }
  const results = [false, true].map((backwards) => {
    const one = new OnCpu(flat, [x], { backwards, tolerance: CLOSE })
    one.expectRight(config)
    return one.run(config).tensors[1]
  })
  expect(results[0]).toEqual(results[1])
})

it('goes with programs that share a workgroup', () => {
  for (const pid_type of ['persistent_blocked', 'persistent_interleaved'] as const) {
    const one = new OnCpu(flat, [input(300)], { tolerance: CLOSE })
    one.expectRight({ chained_scans: 1, reduction_loops: 16, num_warps: 1, pid_type })
  }
})

const dtypes = ['f32', 'f16', 'i32', 'u32'] as const

it.each(dtypes)('values of %s travel whole, infinities and the least and most among them', (dtype) => {
  const extreme = {
    f32: [1e-40, -3e38, Number.POSITIVE_INFINITY],
    f16: [6e-8, 65504, Number.NEGATIVE_INFINITY],
    i32: [-(2 ** 31)],
    u32: [2 ** 32 - 1],
  }
  const data = Array.from({ length: 40 }, (_, i) => extreme[dtype][i - 20] ?? i % 5)
  const of = { shape: [40], data, dtype, dynamic: undefined }
  for (const backwards of [false, true]) {
    const one = new OnCpu(flat, [of], { backwards, tolerance: { abs: 1e-3, rel: 1e-2 } })
    one.expectRight({ chained_scans: 1, reduction_loops: 8, num_warps: 1 })
  }
})

it('random chunks of random scans', () => {
  const [size, height] = [fc.integer({ min: 0, max: 90 }), fc.constantFrom(1, 2)]
  const [chunk, few] = [fc.constantFrom(8, 16, 32), fc.constantFrom(1, 2)]
  const [orders, rounds] = [fc.boolean(), fc.constantFrom(1, 2, 4)]
  const choice = fc.record({ dynamic: fc.boolean(), backwards: orders, chained_scans: rounds })
  fc.assert(
    fc.property(
      size,
      height,
      chunk,
      few,
      choice,
      (n, tall, reduction_loops, num_warps, { chained_scans, ...options }) => {
        const one = new OnCpu(rows, [input(3, n), input(3, 1)], { ...options, tolerance: CLOSE })
        const isSplit = (one.compiled.input.sums ?? []).length > 0
        one.expectRight({
          block_sizes: [tall],
          reduction_loops,
          num_warps,
          ...(isSplit && { chained_scans }),
        })
      },
    ),
    { numRuns: Number(process.env.RANDOM_PROGRAMS ?? 8), seed: 1 },
  )
})
