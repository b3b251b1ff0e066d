/** Products without staging: who holds what, and the right sums under every config. */
import { expect, it } from 'vitest'
import { hl, type Tensor } from '../../src/language/index.ts'
import type { StorageType } from '../../src/support/storage_types.ts'
import { drawConfigs } from '../config/random_configs.ts'
import { whole } from '../gpu/inputs.ts'
import type { HostArgument } from '../language/harness.ts'
import * as batched from './batched_kernels.ts'
import { OnCpu } from './on_cpu.ts'

const CONFIGS = Number(process.env.RANDOM_CONFIGS ?? 5)

function input(shape: readonly number[], dtype: StorageType = 'f32'): HostArgument {
  return { ...whole(shape, dtype, [-3, 3]), dynamic: undefined }
}

function product(x: Tensor, w: Tensor) {
  const out = hl.empty([x.shape[0], w.shape[1]], x.dtype)
  for (const [tm, tn] of hl.tile([x.shape[0], w.shape[1]])) {
    const acc = hl.zeros([tm, tn], x.dtype === 'f16' ? 'f32' : x.dtype)
    for (const tk of hl.tile(x.shape[1])) acc.addDot(x.at(tm, tk), w.at(tk, tn))
    out.at(tm, tn).set(acc.to(out.dtype))
  }
  return out
}

/** With weights `[n, k]`, sums that begin with the bias, and a function of them. */
function linear(x: Tensor, w: Tensor, bias: Tensor) {
  const out = hl.empty([x.shape[0], w.shape[0]])
  for (const [tm, tn] of hl.tile([x.shape[0], w.shape[0]])) {
    const acc = hl.full([tm, tn], 2)
    acc.addAssign(bias.at(tn))
    for (const tk of hl.tile(x.shape[1])) acc.addDot(x.at(tm, tk), w.at(tn, tk).transpose())
    out.at(tm, tn).set(hl.maximum(acc, 0))
  }
  return out
}

/** Sums that are read in every round, and the sums of two products of one left operand. */
function running(x: Tensor, y: Tensor, z: Tensor) {
  const out = hl.empty([x.shape[0], y.shape[1]])
  for (const [tm, tn] of hl.tile([x.shape[0], y.shape[1]])) {
    const most = hl.zeros([tm, tn])
    const acc = hl.zeros([tm, tn])
    for (const tk of hl.tile(x.shape[1])) {
      const left = x.at(tm, tk)
      acc.addDot(left, z.at(tk, tn))
      most.addAssign(left.dot(y.at(tk, tn)).mul(2))
    }
    out.at(tm, tn).set(acc.add(most))
  }
  return out
}

/** Weights with a scale for each group of rows. */
function grouped(x: Tensor, w: Tensor, scale: Tensor) {
  const out = hl.empty([x.shape[0], w.shape[1]])
  for (const [tm, tn] of hl.tile([x.shape[0], w.shape[1]])) {
    const acc = hl.zeros([tm, tn])
    for (const tk of hl.tile(x.shape[1])) {
      const scales = scale.at(tk.index.floorDiv(4), tn)
      acc.addDot(x.at(tm, tk), w.at(tk, tn).to('f32').mul(scales))
    }
    out.at(tm, tn).set(acc)
  }
  return out
}

const CASES: Readonly<Record<string, readonly [(...args: never[]) => unknown, readonly HostArgument[]]>> = {
  'of a vector': [product, [input([1, 40]), input([40, 24])]],
  'of four rows': [product, [input([4, 32]), input([32, 16])]],
  'of ragged sizes': [product, [input([5, 19]), input([19, 11])]],
  'of ragged vectors': [product, [input([3, 21]), input([21, 12])]],
  'of i32': [product, [input([3, 16], 'i32'), input([16, 8], 'i32')]],
  'of f16': [product, [input([2, 24], 'f16'), input([24, 16], 'f16')]],
  'of one column': [product, [input([6, 16]), input([16, 1])]],
  'of one number each': [product, [input([1, 1]), input([1, 1])]],
  'along nothing': [product, [input([3, 0]), input([0, 4])]],
  'without rows': [product, [input([0, 4]), input([4, 4])]],
  'with transposed weights': [linear, [input([3, 24]), input([12, 24]), input([12])]],
  'of a row with transposed weights': [linear, [input([1, 64]), input([8, 64]), input([8])]],
  'of ragged transposed weights': [linear, [input([5, 13]), input([7, 13]), input([7])]],
  'whose sums are read': [running, [input([2, 20]), input([20, 8]), input([20, 8])]],
  'of groups of i4': [grouped, [input([2, 24]), input([24, 16], 'i4'), input([6, 16])]],
  'of groups of u4': [grouped, [input([1, 16]), input([16, 8], 'u4'), input([4, 8])]],
  'of groups of i8': [grouped, [input([3, 12]), input([12, 8], 'i8'), input([3, 8])]],
  'of a batch': [batched.bmm, [input([3, 2, 12]), input([3, 12, 8])]],
  'of a batch with one matrix for all': [
    batched.sharedWeights,
    [input([3, 2, 8]), input([8, 12]), input([12])],
  ],
  'of heads': [batched.attentionOfHeads, [input([2, 2, 4]), input([2, 9, 4]), input([2, 9, 4])]],
}

it.each(Object.keys(CASES).flatMap((name) => [true, false].map((dynamic) => ({ name, dynamic }))))(
  'a product $name, dynamic: $dynamic',
  ({ name, dynamic }) => {
    const [fn, args] = CASES[name] ?? expect.fail(name)
    const subject = new OnCpu(fn as never, args, {
      dynamic,
      subgroupSize: dynamic ? 8 : 0,
      maxWorkgroupInvocations: 128,
      tolerance: { abs: 1e-4, rel: 1e-4 },
    })
    const block_sizes = [1, 2, 8, 16].slice(-subject.compiled.spec.input.blocks.length)
    subject.expectRight({ block_sizes, mma: 'direct' })
    const configs = drawConfigs(subject.compiled.spec, CONFIGS, 3)
    const outcomes = configs.map(({ data }) => subject.outcome({ ...data, mma: 'direct' }))
    expect(outcomes).toContain('right')
  },
)
