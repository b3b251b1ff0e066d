/** Sums that loops rescale as a maximum grows, shared out among workgroups: split attention over keys. */
import { describe, expect, it } from 'vitest'
import { hl, type Tensor, type TileValue } from '../../src/language/index.ts'
import type { KernelFunction } from '../../src/language/trace/trace_kernel.ts'
import { whole } from '../gpu/inputs.ts'
import * as kernels from '../gpu/kernels.ts'
import type { HostArgument } from '../language/harness.ts'
import { Compiled } from './compiling.ts'
import { OnCpu } from './on_cpu.ts'

const CLOSE = { abs: 1e-3, rel: 1e-4 }

function input(...shape: readonly number[]): HostArgument {
  return { ...whole(shape), dynamic: undefined }
}

/**
 * Decode attention: few queries of each head, whose keys are masked by a mask, from an infinite maximum or
 * not.
 */
const decode =
  (least: number, exp: 'exp' | 'exp2'): KernelFunction =>
  (q: Tensor, k: Tensor, v: Tensor, mask: Tensor) => {
    const [heads, queries, width] = q.shape
    const out = hl.empty([heads, queries, width])
    const lse = hl.empty([heads, queries])
    for (const [h, tq] of hl.tile([heads, queries])) {
      const [top, total, acc] = [hl.full([h, tq], least), hl.zeros([h, tq]), hl.zeros([h, tq, width])]
      const seen = hl.zeros([h, tq])
      for (const tk of hl.tile(k.shape[1])) {
        const all = q
          .at(h, tq, ':')
          .dot(k.at(h, tk, ':').transpose())
          .mul(0.25)
        const scores = hl.where(mask.at(tk).gt(0), all, least)
        const next = hl.maximum(top, scores.amax(-1))
        const weights = scores.sub(next.unsqueeze(-1))[exp]()
        const rescale = top.sub(next)[exp]()
        total.assign(total.mul(rescale).add(weights.sum(-1)))
        acc.mulAssign(rescale.unsqueeze(-1))
        acc.addDot(weights, v.at(h, tk, ':'))
        seen.addAssign(hl.where(mask.at(tk).gt(0), all, 0).sum(-1))
        top.assign(next)
      }
      out.at(h, tq, ':').set(acc.div(total.unsqueeze(-1)))
      lse.at(h, tq).set(top.add(total.log()).add(seen))
    }
    return [out, lse]
  }

/** A softmax of one pass that adds something other than weights, or looks at the maximum on the way. */
const oneSoftmax =
  (added: (weights: TileValue, next: TileValue) => TileValue): KernelFunction =>
  (x: Tensor) => {
    const out = hl.empty([x.shape[0]])
    for (const i of hl.tile(x.shape[0])) {
      const [top, total] = [hl.full([i], -Infinity), hl.zeros([i])]
      for (const t of hl.tile(x.shape[1])) {
        const next = hl.maximum(top, x.at(i, t).amax(1))
        const weights = x.at(i, t).sub(next.unsqueeze(1)).exp()
        total.assign(total.mul(top.sub(next).exp()).add(added(weights, next)))
        top.assign(next)
      }
      out.at(i).set(total)
    }
    return out
  }

/** The sum begins with the weight of something beside the row. */
function withSink(x: Tensor): Tensor {
  const out = hl.empty([x.shape[0]])
  for (const i of hl.tile(x.shape[0])) {
    const [top, total] = [hl.full([i], 0.5), hl.full([i], 1)]
    for (const t of hl.tile(x.shape[1])) {
      const next = hl.maximum(top, x.at(i, t).amax(1))
      total.assign(total.mul(top.sub(next).exp()).add(x.at(i, t).sub(next.unsqueeze(1)).exp().sum(1)))
      top.assign(next)
    }
    out.at(i).set(total)
  }
  return out
}

describe('sums that are rescaled as a maximum grows', () => {
  const offered = (fn: KernelFunction): boolean =>
    (new Compiled(fn, [input(4, 64)]).input.sums ?? []).length > 0

  it('are split where all that is added has the factor of the maximum in it', () => {
    expect(
      new Compiled(kernels.attention, [input(8, 16), input(64, 16), input(64, 16)]).input.sums,
    ).toHaveLength(1)
    expect(offered(oneSoftmax((weights) => weights.sum(1)))).toBe(true)
    expect(
      offered(oneSoftmax((weights) => weights.mul(3).add(weights.div(2)).neg().to('f16').to('f32').sum(1))),
    ).toBe(true)
  })

  it('are not where something else is added', () => {
    expect(offered(oneSoftmax((weights) => weights.add(1).sum(1)))).toBe(false)
    expect(offered(oneSoftmax((weights) => weights.mul(weights).sum(1)))).toBe(false)
    expect(offered(oneSoftmax((weights) => weights.amax(1)))).toBe(false)
    expect(offered(oneSoftmax((weights, next) => weights.sum(1).mul(next)))).toBe(false)
    expect(offered(oneSoftmax((weights) => weights.log().sum(1)))).toBe(false)
    expect(offered(oneSoftmax((weights) => weights.bitcast('i32').to('f32').sum(1)))).toBe(false)
  })

  it('keep parts that have seen nothing out, and rows of nothing', () => {
    const [q, k] = [input(2, 3, 8), input(2, 40, 8)]
    const [late] = [(i: number) => Number(i >= 22)].map((f) => ({
      ...input(40),
      data: Array.from({ length: 40 }, (_, i) => f(i)),
    }))
    for (const split_sums of [1, 2, 4])
      for (const [least, exp, mask] of [
        [-1e30, 'exp', late],
        [-1e30, 'exp2', late],
      ] as const) {
        const subject = new OnCpu(decode(least, exp), [q, k, k, mask ?? k], {
          tolerance: CLOSE,
          dynamic: split_sums === 2,
        })
        subject.expectRight({ block_sizes: [1, 4, 4], split_sums, num_warps: 1, pid_type: 'flat' })
      }
    const infinite = new OnCpu(decode(-Infinity, 'exp'), [q, k, k, late ?? k], { tolerance: CLOSE })
    // The whole loop gives NaN where a row begins with nothing, the parts do not.
    const { tensors, reports } = infinite.run({ block_sizes: [1, 4, 8], split_sums: 4, num_warps: 1 })
    expect(reports).toEqual([])
    const finite = new OnCpu(decode(-1e30, 'exp'), [q, k, k, late ?? k], { tolerance: CLOSE })
    expect(finite.difference(tensors)).toBeUndefined()
  })

  const MASKED: Readonly<Record<string, HostArgument>> = {
    'keys masked': { ...input(40), data: Array.from({ length: 40 }, (_, i) => Number(i >= 22)) },
    'none masked': { ...input(40), data: new Array(40).fill(1) },
  }

  it.each(
    Object.keys(MASKED).flatMap((name) =>
      [1, 4].flatMap((queries) => [false, true].map((dynamic) => [name, queries, dynamic] as const)),
    ),
  )(
    'are rescaled where threads hold their parts: %s, tiles of %i queries, dynamic: %s',
    (name, queries, dynamic) => {
      const mask = MASKED[name] ?? expect.fail(name)
      const [q, k] = [input(2, queries === 4 ? 3 : 1, 8), input(2, 40, 8)]
      const subject = new OnCpu(decode(-1e30, 'exp'), [q, k, k, mask], { tolerance: CLOSE, dynamic })
      for (const tk of [4, 16])
        for (const [num_warps, split_sums] of [
          [1, 1],
          [2, 2],
        ])
          subject.expectRight({ block_sizes: [1, queries, tk], num_warps, split_sums, mma: 'direct' })
    },
  )

  it('meet other threads after the loop, not in its rounds', () => {
    const [q, k] = [input(2, 4, 32), input(2, 256, 32)]
    const { compiled } = new OnCpu(decode(-1e30, 'exp'), [q, k, k, input(256)], {})
    const [first = ''] = compiled
      .program({ block_sizes: [1, 4, 64], num_warps: 2, mma: 'direct' })
      .dispatches.map(({ wgsl }) => wgsl)
    const rounds = first.slice(first.indexOf('for ('), first.indexOf('\n  }', first.indexOf('for (')))
    // The scores of a round, their maximum, and weights where other threads take them.
    expect((rounds.match(/workgroupBarrier/g) ?? []).length).toBeLessThanOrEqual(4)
    expect(rounds).toMatch(/acc_\d+ = acc_\d+ \*/)
  })

  it('may begin with a value', () => {
    const subject = new OnCpu(withSink, [input(4, 40)], { tolerance: CLOSE })
    for (const block of [4, 16]) subject.expectRight({ block_sizes: [2, block], num_warps: 1 })
  })
})
