/**
 * Sums of products that loops around each other add up: they stay where they are until the outermost ends.
 */
import { expect, it } from 'vitest'
import type { ConfigInput } from '../../src/config/config.ts'
import { hl } from '../../src/language/hl.ts'
import type { Tensor } from '../../src/language/tensors/tensor.ts'
import { whole } from '../gpu/inputs.ts'
import type { HostArgument } from '../language/harness.ts'
import { OnCpu } from './on_cpu.ts'

/** A convolution: a loop over taps around one over channels. */
function convolution(x: Tensor, w: Tensor): Tensor {
  const [images, height, width, channels] = x.shape
  const [rows, columns, , outputs] = w.shape
  const out = hl.empty([images, height, width, outputs], x.dtype)
  const pixels = out.reshape([-1, outputs])
  for (const [p, o] of hl.tile([pixels.shape[0], outputs])) {
    const image = p.index.floorDiv(hl.mul(height, width))
    const top = p.index.floorDiv(width).mod(height).sub(1)
    const left = p.index.mod(width).sub(1)
    const acc = hl.zeros([p, o])
    for (const [r, c] of hl.grid([rows, columns]))
      for (const t of hl.tile(channels)) acc.addDot(x.at(image, top.add(r), left.add(c), t), w.at(r, c, t, o))
    pixels.at(p, o).set(acc)
  }
  return out
}

/** Sums that begin with a bias, and that a loop within a loop within a loop adds to. */
function sumOfProducts(x: Tensor, y: Tensor, bias: Tensor): Tensor {
  const [a, b, m, k] = x.shape
  const n = y.shape[1]
  const out = hl.empty([m, n])
  for (const [tm, tn] of hl.tile([m, n])) {
    const acc = hl.zeros([tm, tn]).add(bias.at(tn)).clone()
    for (const i of hl.grid(a))
      for (const j of hl.grid(b)) for (const tk of hl.tile(k)) acc.addDot(x.at(i, j, tm, tk), y.at(tk, tn))
    out.at(tm, tn).set(acc)
  }
  return out
}

/** Sums that somebody looks at between the loops. */
function watched(x: Tensor, y: Tensor): Tensor {
  const [a, m, k] = x.shape
  const n = y.shape[1]
  const out = hl.empty([a, m, n])
  for (const [tm, tn] of hl.tile([m, n])) {
    const acc = hl.zeros([tm, tn])
    for (const i of hl.grid(a)) {
      for (const tk of hl.tile(k)) acc.addDot(x.at(i, tm, tk), y.at(tk, tn))
      out.at(i, tm, tn).set(acc)
    }
  }
  return out
}

/** Two loops in a loop add to the same sums. */
function twice(x: Tensor, y: Tensor): Tensor {
  const [a, m, k] = x.shape
  const n = y.shape[1]
  const out = hl.empty([m, n])
  for (const [tm, tn] of hl.tile([m, n])) {
    const acc = hl.zeros([tm, tn])
    for (const i of hl.grid(a)) {
      for (const tk of hl.tile(k)) acc.addDot(x.at(i, tm, tk), y.at(tk, tn))
      for (const tk of hl.tile(k)) acc.addDot(x.at(i, tm, tk), y.at(tk, tn))
    }
    out.at(tm, tn).set(acc)
  }
  return out
}

function of(shape: readonly number[]): HostArgument {
  return { ...whole(shape, 'f16'), dynamic: undefined }
}

interface Case {
  readonly fn: (...args: never[]) => unknown
  readonly args: readonly HostArgument[]
  /** Whether one set of sums goes through all loops. */
  readonly stay: boolean
}

const CASES: Readonly<Record<string, Case>> = {
  'of a convolution': { fn: convolution, args: [of([1, 5, 7, 24]), of([3, 2, 24, 19])], stay: true },
  'of one tap': { fn: convolution, args: [of([1, 4, 4, 16]), of([1, 1, 16, 16])], stay: true },
  'from a bias on': { fn: sumOfProducts, args: [of([2, 3, 20, 32]), of([32, 33]), of([33])], stay: true },
  'of no rounds': { fn: sumOfProducts, args: [of([0, 3, 16, 16]), of([16, 16]), of([16])], stay: true },
  'that are read on the way': { fn: watched, args: [of([3, 17, 32]), of([32, 16])], stay: false },
  'of two loops': { fn: twice, args: [of([3, 17, 32]), of([32, 16])], stay: false },
}

const CONFIGS: readonly ConfigInput[] = [
  { block_sizes: [16, 16, 16], num_warps: 1, mma: ['subgroup_matrix', 'subgroup_matrix'] },
  { block_sizes: [32, 32, 16], num_warps: 2, num_stages: 2, mma: ['subgroup_matrix', 'subgroup_matrix'] },
  { block_sizes: [16, 16, 8], num_warps: 2, num_stages: 2 },
  { block_sizes: [16, 16, 16], num_warps: 2, slice_k: [2, 2] },
  { block_sizes: [4, 32, 16], num_warps: 2, mma: ['direct', 'direct'] },
  { block_sizes: [16, 16, 16], num_warps: 1, static_ranges: [true, true, true, true] },
]

it.each(Object.keys(CASES).flatMap((name) => [true, false].map((dynamic) => ({ name, dynamic }))))(
  'sums $name, dynamic: $dynamic',
  ({ name, dynamic }) => {
    const { fn, args, stay } = CASES[name] ?? expect.fail(name)
    const subject = new OnCpu(fn as never, args, {
      dynamic,
      subgroupMatrices: [{ m: 16, n: 16, k: 16, operand: 'f16', result: 'f32' }],
      tolerance: { abs: 1e-2, rel: 1e-2 },
    })
    for (const config of CONFIGS) {
      const { data } = subject.compiled.spec.normalize(config, 'repair')
      expect(subject.outcome(data)).toBe('right')
      expect(subject.compiled.wgsl(data).includes('carried_')).toBe(!stay)
    }
  },
)
