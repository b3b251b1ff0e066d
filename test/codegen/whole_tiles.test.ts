/**
 * Tiles that meet whole dimensions of their length, such as accumulators over a block size, and values that
 * meet themselves and cannot be computed once more: right under random configs. RANDOM_CONFIGS asks for more
 * of them.
 */
import { expect, it } from 'vitest'
import { hl, type Tensor } from '../../src/language/index.ts'
import type { KernelFunction } from '../../src/language/trace/trace_kernel.ts'
import { drawConfigs, withTilesUpTo } from '../config/random_configs.ts'
import { expectRun, host, ramp } from '../language/harness.ts'
import { mistake } from '../language/mistakes.ts'
import { OnCpu } from './on_cpu.ts'

const CONFIGS = Number(process.env.RANDOM_CONFIGS ?? 4)
const LARGEST_TILE = 16

/** Sums of rows; what `value` makes of nothing is not added up. */
function longSum(x: Tensor) {
  const [m, n] = x.shape
  const out = hl.empty([m])
  const block = hl.registerBlockSize(n)
  for (const row of hl.tile(m)) {
    const acc = hl.zeros([row, block])
    for (const t of hl.tile(n, { blockSize: block })) acc.addAssign(x.at(row, t).add(1))
    out.at(row).set(acc.sum(-1))
  }
  return out
}

/** Accumulators over two block sizes, which are written to tiles of them. */
function losses(x: Tensor, y: Tensor) {
  const [m, n] = x.shape
  const [each, sums] = [hl.empty([m, n]), hl.empty([m])]
  const [bm, bn] = [hl.registerBlockSize(m), hl.registerBlockSize(n)]
  for (const row of hl.tile(m, { blockSize: bm })) {
    const total = hl.zeros([row, bn])
    for (const t of hl.tile(n, { blockSize: bn })) {
      const loss = hl.zeros([bm, bn])
      loss.addAssign(x.at(row, t).mul(y.at(row, t)))
      each.at(row, t).set(loss)
      total.addAssign(loss)
    }
    sums.at(row).set(total.sum(-1))
  }
  return [each, sums]
}

/** Rows of a chunk beside the columns of another tensor. */
function chunks(x: Tensor, weight: Tensor) {
  const [n, m] = x.shape
  const out = hl.emptyLike(x)
  for (const [t, j] of hl.tile([n, m], { blockSize: [4, null] })) {
    const rows = x.at(t, j).mul(weight.at(':').unsqueeze(1))
    out.at(t, j).set(rows.maximum(hl.arange(4).unsqueeze(1)))
  }
  return out
}

/** A matrix that a loop carries meets itself: transposed, and in a product. */
function powers(x: Tensor) {
  const n = x.shape[0]
  const out = hl.empty([n, n])
  for (const _ of hl.grid(1)) {
    const matrix = x.at(':', ':').clone()
    for (const _ of hl.grid(2)) {
      matrix.assign(matrix.dot(matrix))
      matrix.assign(matrix.add(matrix.T).maximum(matrix.sum(1).unsqueeze(1)))
    }
    out.at(':', ':').set(matrix)
  }
  return out
}

/** A row that was overwritten since it was read. */
function overwritten(x: Tensor) {
  const out = hl.empty([x.shape[0]])
  for (const _ of hl.grid(1)) {
    const row = x.at(':')
    x.at(':').set(0)
    out.at(':').set(row.unsqueeze(0).mul(row.unsqueeze(1)).sum(0))
  }
  return out
}

const KERNELS: Readonly<Record<string, readonly [KernelFunction, ...ReturnType<typeof ramp>[]]>> = {
  longSum: [longSum, ramp([5, 37])],
  losses: [losses, ramp([6, 11]), ramp([6, 11])],
  powers: [powers, host([3, 3], [1, 2, 0, 0, 1, 1, 2, 0, 1])],
  overwritten: [overwritten, host([5], [1, 2, 3, 4, 5])],
  chunks: [chunks, ramp([10, 3]), host([4], [1, 2, 3, 4])],
}

it.each(Object.entries(KERNELS))('%s', (_, [kernel, ...args]) => {
  for (const dynamic of [false, true]) {
    const subject = new OnCpu(kernel, args, { dynamic })
    const { spec } = subject.compiled
    subject.expectRight()
    const configs = withTilesUpTo(spec, LARGEST_TILE, drawConfigs(spec, 4 * CONFIGS, Number(dynamic)))
    const right = configs.filter(({ data }) => subject.outcome(data) === 'right')
    expect(right.length).toBeGreaterThanOrEqual(CONFIGS)
  }
})

it('a value that meets itself has its elements moved', () => {
  expectRun(overwritten, [host([3], [1, 2, 3])], [6, 12, 18], [undefined])
  const square = (x: Tensor) => {
    const out = hl.empty([2, 2])
    for (const _ of hl.grid(1)) {
      const matrix = x.at(':', ':').clone()
      for (const _ of hl.grid(2)) matrix.assign(matrix.dot(matrix))
      out.at(':', ':').set(matrix.sub(matrix.T))
    }
    return out
  }
  expectRun(square, [host([2, 2], [1, 1, 0, 1])], [0, 4, -4, 0], [undefined])
})

it('a tile of one position fits an axis of one', () => {
  const kernel = (x: Tensor) => {
    const out = hl.empty([3, 2])
    for (const t of hl.tile(3, { blockSize: 1 })) {
      const row = t.begin.add(hl.arange(t.blockSize)).unsqueeze(1)
      hl.store(out, [row, hl.arange(2).unsqueeze(0)], x.at(t, ':').mul(2))
    }
    return out
  }
  expectRun(kernel, [host([3, 2], [1, 2, 3, 4, 5, 6])], [2, 4, 6, 8, 10, 12])
})

it('past the end of a range there is nothing', () => {
  const kernel = (x: Tensor) => {
    const out = hl.empty([1])
    const block = hl.registerBlockSize(4, 4)
    for (const _ of hl.grid(1)) {
      const acc = hl.zeros([block])
      for (const t of hl.tile(x.shape[0], { blockSize: block })) acc.addAssign(x.at(t).add(1))
      out.at(0).set(acc.sum())
    }
    return out
  }
  expectRun(kernel, [host([5], [1, 2, 3, 4, 5])], [20])
})

it('no element moves', () => {
  const wgsl = new OnCpu(longSum, [ramp([5, 37])]).compiled.wgsl({ block_sizes: [8, 4] })
  expect(wgsl).not.toContain('var<workgroup>')
})

it('tiles whose length the config chooses for them alone are other axes', () => {
  const kernel = (x: Tensor) => {
    for (const t of hl.tile(x.shape[0])) x.at(t).set(x.at(t).add(hl.zeros([4]))) // ✗
  }
  expect(mistake(kernel, [ramp([4])], { dynamic: false })).toContain(
    'add of tiles with shapes [tile0 of 4] and [:4]',
  )
})
