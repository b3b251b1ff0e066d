/** Reductions that a loop adds up: which are taken after it, and that the answers are the same. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { hl, type Tensor } from '../../src/language/index.ts'
import type { KernelFunction } from '../../src/language/trace/trace_kernel.ts'
import { drawConfigs, withTilesUpTo } from '../config/random_configs.ts'
import { whole } from '../gpu/inputs.ts'
import * as kernels from '../gpu/kernels.ts'
import type { HostArgument } from '../language/harness.ts'
import { Compiled } from './compiling.ts'
import { OnCpu } from './on_cpu.ts'

const CLOSE = { abs: 1e-3, rel: 1e-4 }

function input(...shape: readonly number[]): HostArgument {
  return { ...whole(shape), dynamic: undefined }
}

/** Two sums in one loop, that keep their axis. */
function layerNorm(x: Tensor): Tensor {
  const [m, n] = x.shape
  const out = hl.emptyLike(x)
  for (const row of hl.tile(m)) {
    const [sum, squares] = [hl.zeros([row, 1]), hl.full([row, 1], 0.25)]
    for (const t of hl.tile(n)) {
      const v = x.at(row, t)
      sum.addAssign(v.sum(1, { keepdim: true }))
      squares.addAssign(v.square().sum(1, { keepdim: true }))
    }
    const mean = sum.div(n)
    const scale = squares.div(n).sub(mean.square()).abs().add(1).rsqrt()
    for (const t of hl.tile(n)) out.at(row, t).set(x.at(row, t).sub(mean).mul(scale))
  }
  return out
}

/** Each loop hands what it has to the one inside; the innermost may do nothing. */
function nested(x: Tensor): Tensor {
  const [m, n] = x.shape
  const out = hl.empty([3])
  for (const _ of hl.grid(1)) {
    const [total, most, least] = [hl.full([], 3), hl.full([], -5), hl.full([], 5)]
    for (const i of hl.tile(m))
      for (const j of hl.tile(n)) {
        total.addAssign(x.at(i, j).sum())
        most.maximumAssign(x.at(i, j).amax(0).amax(0))
        hl.when(i.begin.ge(0), () => least.minimumAssign(x.at(i, j).amin()))
      }
    out.at(0).set(total)
    out.at(1).set(most)
    out.at(2).set(least)
  }
  return out
}

/** What is read on the way, or rounded, stays where it is. */
function running(x: Tensor): Tensor {
  const [m, n] = x.shape
  const out = hl.emptyLike(x)
  for (const j of hl.tile(n)) {
    const [acc, rounded] = [hl.zeros([j]), hl.zeros([j], 'i32')]
    for (const i of hl.tile(m)) {
      acc.addAssign(x.at(i, j).sum(0))
      rounded.addAssign(x.at(i, j).sum(0).to('i32'))
      out.at(i, j).set(x.at(i, j).add(acc).add(rounded.to('f32').mul(0)))
    }
    out.at(0, j).set(acc.add(rounded.to('f32')))
  }
  return out
}

const carried = (text: string): readonly string[] =>
  [...text.matchAll(/carrying (.*)/g)].flatMap(([, values = '']) => values.replaceAll(/%\d+/g, '%'))

describe('which reductions wait for the end of the loop', () => {
  it('those of sums: the loop carries the elements, and threads meet once', () => {
    const compiled = new Compiled(kernels.columnSums, [input(64, 8)])
    const config = { block_sizes: [4, 8], num_warps: 2 }
    expect(carried(compiled.after('split sums', config))).toEqual(['%: f32[tile0] = %'])
    expect(carried(compiled.after('defer reductions', config))).toEqual(['%: f32[tile1, tile0] = %'])
    const [, loop = '', after = ''] = /for \([^\n]*\{\n(.*?)\n {2}\}\n(.*)/s.exec(compiled.wgsl(config)) ?? []
    expect(loop).not.toContain('subgroup')
    expect(after).toContain('subgroup')
  })

  it('through loops in loops, and whatever form the result has', () => {
    const compiled = new Compiled(nested, [input(8, 8)])
    const text = compiled.after('defer reductions', { block_sizes: [2, 4], num_warps: 1 })
    const both = 'f32[tile1, tile2]'
    expect(carried(text)[0]).toBe(`%: ${both} = %, %: ${both} = %, %: f32 = %`)
    expect(carried(new Compiled(layerNorm, [input(4, 9)]).after('defer reductions'))[0]).toContain(
      '%: f32[tile0, tile1] = %, %: f32[tile0, tile1] = %',
    )
  })

  it('not those that are read before, or change on the way', () => {
    const text = new Compiled(running, [input(8, 4)]).after('defer reductions')
    expect(carried(text)).toEqual(['%: f32[tile0] = %, %: i32[tile0] = %'])
  })
})

const KERNELS: readonly (readonly [string, KernelFunction, readonly HostArgument[]])[] = [
  ['columns', kernels.columnSums, [input(37, 10)]],
  ['rows that are normed', layerNorm, [input(5, 37)]],
  ['loops in loops', nested, [input(11, 13)]],
  ['one position', kernels.columnSums, [input(1, 1)]],
  ['nothing', kernels.columnSums, [input(0, 3)]],
]

it.each(KERNELS)('%s are right', (_, fn, args) => {
  for (const dynamic of [false, true]) {
    const subject = new OnCpu(fn, args, { dynamic, tolerance: CLOSE, subgroupSize: dynamic ? 4 : 0 })
    const { spec } = subject.compiled
    let right = 0
    for (const config of withTilesUpTo(spec, 8, drawConfigs(spec, 3, 5)))
      right += Number(subject.outcome({ ...config.data, num_warps: 2 }) === 'right')
    expect(right).toBeGreaterThan(0)
  }
})

it('random tiles of random sizes', () => {
  const size = fc.integer({ min: 0, max: 20 })
  const extent = fc.constantFrom(1, 2, 4, 8)
  fc.assert(
    fc.property(size, size, extent, extent, fc.boolean(), (m, n, i, j, dynamic) => {
      const subject = new OnCpu(nested, [input(m, n)], { dynamic, tolerance: CLOSE })
      subject.expectRight({ block_sizes: [i, j], num_warps: 1 })
    }),
    { numRuns: Number(process.env.RANDOM_PROGRAMS ?? 12), seed: 1 },
  )
})
