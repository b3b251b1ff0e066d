/** Sums that workgroups share out: where that is offered, what becomes of a kernel, and that it is right. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ConfigInput } from '../../src/config/config.ts'
import { printProgram } from '../../src/ir/print.ts'
import { hl, type Tensor } from '../../src/language/index.ts'
import type { KernelFunction } from '../../src/language/trace/trace_kernel.ts'
import { drawConfigs, withTilesUpTo } from '../config/random_configs.ts'
import { whole } from '../gpu/inputs.ts'
import * as kernels from '../gpu/kernels.ts'
import type { HostArgument } from '../language/harness.ts'
import { Compiled } from './compiling.ts'
import { DEVICES } from './devices.ts'
import { OnCpu } from './on_cpu.ts'

const CLOSE = { abs: 1e-3, rel: 1e-4 }

function input(...shape: readonly number[]): HostArgument {
  return { ...whole(shape), dynamic: undefined }
}

function rowSums(x: Tensor): Tensor {
  const out = hl.empty([x.shape[0]])
  for (const t of hl.tile(x.shape[0])) out.at(t).set(x.at(t, ':').sum(1))
  return out
}

/** Two passes, and what comes after them. */
function variance(x: Tensor): Tensor {
  const out = hl.empty([x.shape[0]])
  for (const t of hl.tile(x.shape[0])) out.at(t).set(x.at(t, ':').var(1))
  return out
}

/** Sums, products, maxima and minima in one loop, which begins with something, and knows where it is. */
function several(x: Tensor, y: Tensor): Tensor {
  const [m, n] = x.shape
  const out = hl.empty([4, n])
  for (const j of hl.tile(n)) {
    const [sum, most, least] = [y.at(0, j).clone(), hl.full([j], -2), hl.full([j], 1)]
    const product = hl.full([], 0.5)
    for (const i of hl.tile(2, m)) {
      // Nothing, if tiles are numbered through.
      const nothing = i.id.mul(i.blockSize).add(2).sub(i.begin)
      sum.addAssign(x.at(i, j).sum(0).add(nothing.to('f32')))
      most.maximumAssign(x.at(i, j).amax(0))
      least.minimumAssign(x.at(i, j).amin(0))
      product.mulAssign(hl.where(x.at(i, 0).amax().gt(100), 2, 1))
    }
    out.at(0, j).set(sum.add(y.at(0, j)))
    out.at(1, j).set(most)
    out.at(2, j).set(least)
    out.at(3, j).set(product)
  }
  return out
}

/** Each program has a total of its own, which runs along no dimension of the grid. */
function totals(x: Tensor, y: Tensor): Tensor {
  const out = hl.empty([x.shape[0], y.shape[1]])
  for (const [i, j] of hl.tile([x.shape[0], y.shape[1]], { blockSize: [4, 2] })) {
    const total = hl.zeros([])
    for (const k of hl.tile(x.shape[1])) total.addAssign(x.at(i, k).sum().sub(y.at(k, j).sum()))
    out.at(i, j).set(total)
  }
  return out
}

/** The second loop needs what the first has added up; the first needs what stands before it. */
function chained(x: Tensor, y: Tensor): Tensor {
  const [m, k] = x.shape
  const out = hl.empty([m, y.shape[1]])
  for (const [i, j] of hl.tile([m, y.shape[1]])) {
    const scale = x.at(i, 0).mul(2)
    const mean = hl.zeros([i])
    for (const t of hl.tile(k)) mean.addAssign(x.at(i, t).mul(scale.unsqueeze(1)).sum(1))
    const acc = hl.zeros([i, j])
    for (const t of hl.tile(k)) acc.addDot(x.at(i, t).sub(mean.unsqueeze(1)), y.at(t, j))
    out.at(i, j).set(acc.add(scale.unsqueeze(1)).maximum(0))
  }
  return out
}

/** What is summed is changed before, or after. */
const inPlace =
  (first: boolean): KernelFunction =>
  (x: Tensor) => {
    const out = hl.empty([x.shape[0]])
    for (const i of hl.tile(x.shape[0])) {
      if (first) x.at(i, 0).set(x.at(i, 0).add(1))
      const sum = hl.zeros([i])
      for (const t of hl.tile(x.shape[1])) sum.addAssign(x.at(i, t).sum(1))
      if (!first) x.at(i, 0).set(sum)
      out.at(i).set(sum)
    }
    return out
  }

/** A loop with an effect, which no other grid may repeat. */
function inPlaceColumns(x: Tensor): Tensor {
  const out = hl.empty([x.shape[1]])
  for (const j of hl.tile(x.shape[1])) {
    const acc = hl.zeros([j])
    for (const i of hl.tile(x.shape[0])) {
      acc.addAssign(x.at(i, j).sum(0))
      x.at(i, j).set(0)
    }
    out.at(j).set(acc)
  }
  return out
}

const linear = (x: Tensor, weight: Tensor, bias: Tensor): Tensor => kernels.linearRelu(x, weight, bias)

describe('split sums', () => {
  it('makes two grids of one: parts of the rounds, and their total with all the rest', () => {
    let text = ''
    new Compiled(kernels.columnSums, [input(70, 12)]).program(
      { split_sums: [4], block_sizes: [4, 8] },
      {
        onPass(_, program) {
          text = printProgram(program)
        },
      },
    )
    expect(text).toMatchInlineSnapshot(`
      "program k
        argument x: f32[70, 12]
        local local1: f32[12]
        scratch parts0: f32[4, 12]
        grid part in 4, tile0 in 12 by 4
          %0: i32 = 0
          %1: i32 = 70
          %2: i32 = id part
          %3: i32 = 2
          %4: i32 = mul %2, %3
          %5: i32 = 3
          %6: i32 = sub %2, %5
          %7: i32 = maximum %6, %0
          %8: i32 = add %4, %7
          %9: bool = eq %2, %5
          %10: i32 = 1
          %11: i32 = add %2, %10
          %12: i32 = mul %11, %3
          %13: i32 = sub %11, %5
          %14: i32 = maximum %13, %0
          %15: i32 = add %12, %14
          %16: i32 = 8
          %17: i32 = mul %15, %16
          %18: i32 = add %0, %17
          %19: i32 = mul %8, %16
          %20: i32 = add %0, %19
          %21: i32 = where %9, %1, %18
          %22: f32 = 0
          %23: f32[tile1, tile0] = broadcast %22
          %25 = loop tile1 in %20..%21 by 8 carrying %24: f32[tile1, tile0] = %23
            %26: i32[tile1] = index tile1
            %27: i32[tile0] = index tile0
            %28: f32[tile1, tile0] = load x[%26, %27]
            %29: f32[tile1, tile0] = add %24, %28
            yield %29
          %30: f32[tile1, tile0] = result %25 0
          %31: f32[tile0] = sum %30 along 0
          %32: i32[tile0] = index tile0
          store parts0[%2, %32] = %31
        grid tile0 in 12 by 4
          parts in 4 by 4
          %33: f32 = 0
          %34: f32[tile0] = broadcast %33
          %35: i32 = 0
          %36: i32 = 4
          %37: f32[parts, tile0] = broadcast %33
          %39 = loop parts in %35..%36 by 4 carrying %38: f32[parts, tile0] = %37
            %40: i32[parts] = index parts
            %41: i32[tile0] = index tile0
            %42: f32[parts, tile0] = load parts0[%40, %41]
            %43: f32[parts, tile0] = add %38, %42
            yield %43
          %44: f32[parts, tile0] = result %39 0
          %45: f32[tile0] = sum %44 along 0
          %46: f32[tile0] = add %34, %45
          %47: i32[tile0] = index tile0
          store local1[%47] = %46"
    `)
  })

  const maxParts = (fn: KernelFunction, ...args: readonly HostArgument[]): readonly number[] =>
    (new Compiled(fn, args).input.sums ?? []).map((sum) => sum.maxParts)

  it('is offered for loops that only add up, and rows of which nothing but sums is wanted', () => {
    expect(maxParts(kernels.matmul, input(8, 64), input(64, 8))).toEqual([8])
    expect(maxParts(kernels.columnSums, input(4096, 8))).toEqual([512])
    expect(maxParts(rowSums, input(4, 100))).toEqual([8])
    expect(maxParts(variance, input(4, 100))).toEqual([8])
    expect(maxParts(chained, input(4, 40), input(40, 8))).toEqual([4, 4])
    expect(maxParts(inPlace(false), input(4, 40))).toEqual([4])
  })

  it('is not offered where rows are stored, states are more than sums, or memory has changed', () => {
    const rows = input(4, 64)
    expect(maxParts(kernels.softmax, rows)).toEqual([])
    expect(maxParts(kernels.argmaxRows, rows)).toEqual([])
    expect(maxParts(kernels.prefixSums, input(64))).toEqual([])
    expect(maxParts(inPlace(true), rows)).toEqual([])
  })
})

const PRODUCTS: readonly (readonly [string, KernelFunction, readonly HostArgument[]])[] = [
  ['a product', kernels.matmul, [input(9, 70), input(70, 11)]],
  ['an epilogue', linear, [input(6, 50), input(10, 50), input(10)]],
  [
    'half precision',
    kernels.matmul,
    (
      [
        [5, 60],
        [60, 8],
      ] as const
    ).map((shape) => ({ ...whole(shape, 'f16', [-2, 2]), dynamic: undefined })),
  ],
  ['several sums', several, [input(43, 9), input(1, 9)]],
  ['totals', totals, [input(6, 33), input(33, 5)]],
  ['two loops', chained, [input(5, 37), input(37, 6)]],
  ['columns', kernels.columnSums, [input(50, 20)]],
  ['rows', rowSums, [input(5, 77)]],
  ['two passes', variance, [input(5, 77)]],
  ['attention', kernels.attention, [input(5, 8), input(30, 8), input(30, 8)]],
  ['memory that changes later', inPlace(false), [input(5, 40)]],
  ['one position', kernels.matmul, [input(3, 1), input(1, 4)]],
  ['nothing', kernels.matmul, [input(3, 0), input(0, 4)]],
]

describe.each(PRODUCTS)('%s', (_, fn, args) => {
  it.each([false, true])('is right in parts, also in more than it has rounds, dynamic: %s', (dynamic) => {
    const subject = new OnCpu(fn, args, { dynamic, tolerance: CLOSE, subgroupSize: dynamic ? 4 : 0 })
    const { spec } = subject.compiled
    let split = 0
    for (const parts of dynamic ? [2, 8] : [4])
      for (const config of withTilesUpTo(spec, 8, drawConfigs(spec, 1, parts))) {
        const slice_k = config.sliceK.map((slices) => Math.min(slices, 2))
        const data: ConfigInput = { ...config.data, split_sums: parts, num_warps: 2, slice_k }
        if (subject.outcome(data) === 'right')
          split += Number(subject.compiled.config(data).splitSums.some((n) => n > 1))
      }
    if ((subject.compiled.input.sums ?? []).some((sum) => sum.maxParts > 1)) expect(split).toBeGreaterThan(0)
  })
})

describe('the launch', () => {
  const args = [input(16, 64), input(64, 16)]
  const grids = (config: ConfigInput) =>
    new Compiled(kernels.matmul, args)
      .program({ block_sizes: [8, 4, 8], ...config })
      .dispatches.map(({ grid }) => grid)

  it('has the parts outermost, in whatever order tiles are taken', () => {
    expect(grids({ split_sums: 4 })).toEqual([
      { kind: 'linear', count: 32 },
      { kind: 'linear', count: 8 },
    ])
    expect(grids({ split_sums: 4, pid_type: 'xyz', loop_orders: [[1, 0]] })).toEqual([
      { kind: 'xyz', counts: [2, 4, 4] },
      { kind: 'xyz', counts: [2, 4, 1] },
    ])
    const subject = new OnCpu(kernels.matmul, args, { tolerance: CLOSE })
    const base = { block_sizes: [8, 4, 8], split_sums: 4 }
    for (const pid_type of ['xyz', 'persistent_blocked', 'persistent_interleaved'] as const)
      subject.expectRight({ ...base, pid_type, loop_orders: [[1, 0]] })
    subject.expectRight({ ...base, l2_groupings: 2, loop_orders: [[1, 0]], num_stages: 2 })
  })

  it('refuses a field without a meaning, by a sentence', () => {
    const softmax = new Compiled(kernels.softmax, [input(4, 64)])
    expect(() => softmax.config({ split_sums: 4 })).toThrow(
      'config field split_sums is 4, but this kernel has no sum that can be split\n  Remove split_sums.',
    )
    expect(softmax.config({ split_sums: 1 }).splitSums).toEqual([])
    expect(() => new Compiled(kernels.matmul, args).config({ split_sums: 3 })).toThrow(
      'config field split_sums is 3; allowed: a power of two from 1 to 1024',
    )
  })

  it('streams the rows that it splits', () => {
    const config = new Compiled(rowSums, [input(4, 200)]).config({ split_sums: 8 })
    expect([config.splitSums, config.reductionLoops]).toEqual([[8], [32]])
  })
})

describe('the default', () => {
  const parts = (device: object, fn: KernelFunction, ...shapes: readonly (readonly number[])[]) => {
    const compiled = new Compiled(
      fn,
      shapes.map((shape) => ({ shape, data: [], dtype: 'f32' as const, dynamic: undefined })),
      device,
    )
    return compiled.spec.defaultConfig().splitSums
  }

  it('splits where most of a GPU would be idle, and nothing on a processor', () => {
    const { H200 = {}, SwiftShader = {} } = DEVICES
    expect(parts(H200, kernels.matmul, [64, 32_768], [32_768, 64])).toEqual([64])
    expect(parts(H200, kernels.matmul, [1024, 1024], [1024, 1024])).toEqual([1])
    expect(parts(H200, rowSums, [1, 130_000])).toEqual([32])
    expect(parts(H200, rowSums, [4096, 4096])).toEqual([1])
    expect(parts(H200, kernels.columnSums, [4096, 4096])).toEqual([32])
    expect(parts(H200, kernels.columnSums, [64, 16_384])).toEqual([1])
    expect(parts(SwiftShader, rowSums, [1, 130_000])).toEqual([1])
  })
})

describe('columns by default', () => {
  const wholeColumns = (x: Tensor): Tensor => x.sum(0)
  const { H200 = {}, SwiftShader = {} } = DEVICES
  const config = (device: object, fn: KernelFunction, ...shape: readonly number[]) =>
    new Compiled(fn, [{ shape, data: [], dtype: 'f32', dynamic: undefined }], device).spec.defaultConfig()

  it('have tiles of whole lines of memory, and enough programs to keep a GPU reading', () => {
    const looped = config(H200, kernels.columnSums, 4096, 4096)
    expect([looped.blockSizes, looped.splitSums]).toEqual([[128, 16], [32]])
    const whole = config(H200, wholeColumns, 4096, 4096)
    expect([whole.blockSizes, whole.reductionLoops, whole.splitSums]).toEqual([[128], [16], [32]])
    // Few columns leave room for more rows; what nobody can share out stays narrow.
    expect(config(H200, kernels.columnSums, 4096, 16).blockSizes).toEqual([16, 128])
    expect(config(H200, inPlaceColumns, 4096, 4096).blockSizes).toEqual([32, 64])
    expect(config(SwiftShader, wholeColumns, 4096, 4096).reductionLoops).toEqual([16])
  })

  it.each([kernels.columnSums, wholeColumns])('are right', (fn) => {
    const subject = new OnCpu(fn, [input(300, 140)], { ...H200, tolerance: CLOSE })
    subject.expectRight(subject.compiled.spec.defaultConfig().data)
  })
})

it('random parts of random sums', () => {
  const size = fc.integer({ min: 0, max: 40 })
  fc.assert(
    fc.property(
      size,
      fc.constantFrom(1, 2, 4, 8),
      fc.constantFrom(1, 2, 4, 8, 16),
      fc.boolean(),
      (k, parts, block, dynamic) => {
        const subject = new OnCpu(several, [input(k + 2, 5), input(1, 5)], { dynamic, tolerance: CLOSE })
        subject.expectRight({ block_sizes: [4, block], split_sums: parts, num_warps: 1 })
      },
    ),
    { numRuns: Number(process.env.RANDOM_PROGRAMS ?? 12), seed: 1 },
  )
})
