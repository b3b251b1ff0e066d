/** Scans that workgroups share out: where that is offered, what becomes of them, and that they are right. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { hl, type Tensor } from '../../src/language/index.ts'
import type { KernelFunction } from '../../src/language/trace/trace_kernel.ts'
import type { HostArgument } from '../language/harness.ts'
import { Compiled } from './compiling.ts'
import { DEVICES } from './devices.ts'
import { OnCpu } from './on_cpu.ts'
import { CLOSE, carried, columns, flat, input, rows, SCANS, several } from './scan_kernels.ts'

const loopOf =
  (body: (x: Tensor, out: Tensor) => void): KernelFunction =>
  (x: Tensor) => {
    const out = hl.emptyLike(x)
    body(x, out)
    return out
  }

/** Each is no scan that can be shared out, for a reason of its own. */
const OTHERS: readonly (readonly [string, KernelFunction])[] = [
  [
    'what is read is overwritten',
    loopOf((x, out) => {
      for (const row of hl.tile(x.shape[0])) {
        x.at(row, ':').set(x.at(row, ':').cumsum(1))
        out.at(row, ':').set(x.at(row, ':'))
      }
    }),
  ],
  [
    'the total is wanted, too',
    loopOf((x, out) => {
      for (const row of hl.tile(x.shape[0])) {
        const v = x.at(row, ':')
        out.at(row, ':').set(v.cumsum(1).div(v.sum(1, { keepdim: true })))
      }
    }),
  ],
  [
    'a combination without an identity',
    loopOf((x, out) => {
      for (const row of hl.tile(x.shape[0]))
        out.at(row, ':').set(hl.associativeScan((a, b) => a.mul(b).add(1), x.at(row, ':'), 1))
    }),
  ],
  [
    'every round overwrites the same element',
    loopOf((x, out) => {
      for (const row of hl.tile(x.shape[0])) {
        const sum = hl.zeros([row])
        for (const t of hl.tile(x.shape[1])) {
          sum.addAssign(x.at(row, t).sum(1))
          out.at(row, 0).set(sum)
        }
      }
    }),
  ],
  [
    'what is carried is wanted after the loop',
    loopOf((x, out) => {
      for (const row of hl.tile(x.shape[0])) {
        const sum = hl.zeros([row])
        for (const t of hl.tile(x.shape[1])) {
          out.at(row, t).set(x.at(row, t).cumsum(1).add(sum.unsqueeze(1)))
          sum.addAssign(x.at(row, t).sum(1))
        }
        out.at(row, 0).set(sum)
      }
    }),
  ],
  [
    'rounds depend on each other by more than sums',
    loopOf((x, out) => {
      for (const row of hl.tile(x.shape[0])) {
        const state = hl.zeros([row])
        for (const t of hl.tile(x.shape[1])) {
          out.at(row, t).set(x.at(row, t).add(state.unsqueeze(1)))
          state.assign(state.mul(0.5).add(x.at(row, t).sum(1)))
        }
      }
    }),
  ],
]

const maxParts = (fn: KernelFunction, ...args: readonly HostArgument[]): readonly number[] =>
  (new Compiled(fn, args).input.sums ?? []).map((sum) => sum.maxParts)

describe('sharing out scans', () => {
  it('is offered for rows that are scanned and stored, and loops that carry sums', () => {
    expect(maxParts(flat, input(4096))).toEqual([512])
    expect(maxParts(columns, input(64, 8))).toEqual([8])
    expect(maxParts(rows, input(4, 64), input(4, 1))).toEqual([8])
    expect(maxParts(several, input(4, 64))).toEqual([8])
    expect(maxParts(carried, input(4, 64), input(4, 1))).toEqual([8])
  })

  it.each(OTHERS)('is not offered where %s', (_, fn) => {
    expect(maxParts(fn, input(4, 64))).toEqual([])
  })

  it('has a grid for the sums of the parts, in which threads meet once, and one for the scans', () => {
    const compiled = new Compiled(flat, [input(1024)])
    const config = { split_sums: 4, reduction_loops: 64, num_warps: 2 }
    const { dispatches, scratch } = compiled.program(config)
    expect(dispatches.map(({ grid }) => grid)).toEqual([
      { kind: 'linear', count: 4 },
      { kind: 'linear', count: 4 },
    ])
    expect(scratch.map(({ bytes }) => bytes)).toEqual([16])
    const [, loop = ''] = /for \([^\n]*\{\n(.*?)\n {2}\}\n/s.exec(dispatches[0]?.wgsl ?? '') ?? []
    expect(loop).toContain('x_')
    expect(loop).not.toMatch(/subgroup|Barrier/)
  })

  it('is the default where a GPU would be idle', () => {
    const parts = (...shape: readonly number[]) =>
      new Compiled(
        flat,
        [{ shape, data: [], dtype: 'f32', dynamic: undefined }],
        DEVICES.H200,
      ).spec.defaultConfig().data.split_sums
    expect(parts(2 ** 27)).toEqual([1024])
    expect(parts(2 ** 7)).toEqual([1])
  })
})

it.each(SCANS)('%s: right in parts, also in more than there are rounds', (_, fn, args) => {
  for (const dynamic of [false, true]) {
    const subject = new OnCpu(fn, args, { dynamic, tolerance: CLOSE, subgroupSize: dynamic ? 4 : 0 })
    const { rows: ofRows, blocks, sums = [] } = subject.compiled.input
    for (const parts of [2, 8]) {
      subject.expectRight({
        num_warps: 1,
        ...(sums.length > 0 && { split_sums: parts }),
        ...(blocks.length > 0 && { block_sizes: blocks.map(({ max }) => Math.min(4, max)) }),
        ...(ofRows.length > 0 && { reduction_loops: 16 }),
      })
    }
  }
})

it('random parts of random scans', () => {
  const size = fc.integer({ min: 0, max: 60 })
  const [parts, chunk] = [fc.constantFrom(1, 2, 4, 8), fc.constantFrom(8, 16, 32)]
  fc.assert(
    fc.property(size, parts, chunk, fc.boolean(), (n, split_sums, reduction_loops, dynamic) => {
      const subject = new OnCpu(rows, [input(3, n), input(3, 1)], { dynamic, tolerance: CLOSE })
      const isSplit = (subject.compiled.input.sums ?? []).length > 0
      subject.expectRight({ block_sizes: [2], reduction_loops, num_warps: 1, ...(isSplit && { split_sums }) })
    }),
    { numRuns: Number(process.env.RANDOM_PROGRAMS ?? 10), seed: 1 },
  )
})
