/**
 * Masked loads, stores and atomic operations, compiled: on the workgroup interpreter, under random
 * configs, of which RANDOM_CONFIGS asks for more.
 */
import { describe, expect, it } from 'vitest'
import type { ConfigInput } from '../../src/config/config.ts'
import { hl, type Tensor } from '../../src/language/index.ts'
import type { KernelFunction } from '../../src/language/trace/trace_kernel.ts'
import { type Argument, host, ramp } from '../language/harness.ts'
import { OnCpu } from './on_cpu.ts'
import { programConfigs } from './random_programs.ts'

const CONFIGS = Number(process.env.RANDOM_CONFIGS ?? 2)
const SIZES = [13, 8, 0, 1, 20, 16]

/** Every config draws anew which elements a thread has, and how wide it reads. */
function expectAll(fn: KernelFunction, argsOf: (size: number) => readonly Argument[], tolerance = 0): void {
  let right = 0
  for (const [seed, size] of SIZES.entries()) {
    const subject = new OnCpu(fn, argsOf(size), {
      dynamic: seed % 2 === 0,
      maxWorkgroupInvocations: 128,
      tolerance: { abs: tolerance, rel: tolerance },
    })
    for (const { data } of programConfigs(subject.compiled.spec, CONFIGS, seed))
      right += subject.outcome(data) === 'right' ? 1 : 0
  }
  expect(right).toBeGreaterThan((SIZES.length * CONFIGS) / 3)
}

function copyWhere(x: Tensor, y: Tensor) {
  const [m, n] = y.shape
  const out = hl.empty([m, n])
  for (const [i, j] of hl.tile([m, n])) {
    const rows = i.index.mod(3).ne(1).unsqueeze(1)
    const both = hl.load(y, [i, j], { mask: y.at(i, j).gt(0).and(rows), other: -1 })
    const byRow = hl.load(x, [j, i], { mask: rows.transpose() }).transpose()
    out.at(i, j).set(hl.load(y, [i, j], { mask: rows }).add(both.mul(100)).add(byRow.mul(10_000)))
  }
  return out
}

function rowsOf(x: Tensor, limits: Tensor) {
  const [m] = x.shape
  const out = [hl.empty([m]), hl.full(x.shape, 7)] as const
  for (const i of hl.tile(m)) {
    const mask = hl.arange(x.shape[1]).unsqueeze(0).lt(limits.at(i).unsqueeze(1))
    const row = hl.load(x, [i, ':'], { mask, other: -Infinity })
    out[0].at(i).set(row.amax(1).maximum(-100))
    hl.store(out[1], [i, ':'], row.sub(row.amax(1, { keepdim: true })), { mask })
  }
  return [...out]
}

/** Of elements that share words with others. */
function packed(x: Tensor, y: Tensor) {
  const out = hl.full(x.shape, 3, x.dtype)
  for (const i of hl.tile(x.shape[0])) {
    const mask = hl.arange(x.shape[1]).le(i.index.mul(3).unsqueeze(1)).and(y.at(i, ':').gt(0))
    const value = hl.load(x, [i, ':'], { mask, other: 1 })
    hl.store(out, [i, ':'], value, { mask: i.index.ne(1).unsqueeze(1) })
    hl.store(out, [i, ':'], value.add(1), { mask: y.at(i, ':').lt(0) })
  }
  return out
}

/** Positions of elements that are masked lie anywhere. */
function scattered(x: Tensor, places: Tensor) {
  const [n] = x.shape
  const out = hl.zerosLike(x)
  const sums = hl.zeros([4], 'i32')
  const before = hl.empty([n], 'i32')
  for (const t of hl.tile(n)) {
    const place = places.at(t)
    const mask = place.lt(n).and(place.ge(0))
    hl.store(out, [place], hl.load(x, [place], { mask }).add(1), { mask })
    hl.atomicAdd(sums, [t.index.mod(4)], place, { mask })
    before.at(t).set(sums.at(t.index.mod(4)).atomicMax(-1, { mask: mask.not() }).mul(0))
  }
  return [out, sums, before]
}

/** Every program reads the first half and writes a part of the second. */
function secondHalf(x: Tensor) {
  const [n] = x.shape
  const half = hl.floorDiv(n, 2)
  for (const t of hl.tile(half)) {
    const first = hl.load(x, [':'], { mask: hl.arange(n).lt(half) })
    x.at(t.index.add(half)).set(first.sum(0).add(t.index))
  }
}

function masked(x: Tensor, y: Tensor) {
  const [m, k] = x.shape
  const [, n] = y.shape
  const out = hl.empty([m, n])
  for (const [i, j] of hl.tile([m, n])) {
    const acc = hl.zeros([i, j])
    for (const t of hl.tile(k)) {
      const causal = t.index.unsqueeze(0).le(i.index.unsqueeze(1))
      acc.addDot(
        hl.load(x, [i, t], { mask: causal }),
        hl.load(y, [t, j], { mask: t.index.ne(2).unsqueeze(1) }),
      )
    }
    out.at(i, j).set(acc)
  }
  return out
}

/** Tiles go on behind the end of tensors, of a view too, where masks are false, and where they are not. */
function behindTheEnd(x: Tensor, y: Tensor) {
  const [m, n] = x.shape
  const [sum, halves] = [hl.add(n, y.shape[1]), hl.empty([m, hl.add(n, y.shape[1])])]
  const out = hl.zeros([m, sum])
  for (const [i, j] of hl.tile([m, sum])) {
    const isFirst = j.index.lt(n).unsqueeze(0)
    const left = hl.load(x, [i, j], { mask: isFirst })
    const right = hl.load(y, [i, j.index.sub(n)], { mask: isFirst.not() })
    out.at(i, j).set(hl.where(isFirst, left, right))
    halves.at(i, j).set(x.slice(1, 0, hl.floorDiv(n, 2)).at(i, j).get({ mask: isFirst, other: -1 }))
    x.at(i, j).set(7, { mask: j.index.ge(1).and(isFirst) })
  }
  return [out, halves]
}

/** Rows in place: what a tile has past the last row is no row of another program. */
function rowsInPlace(rows: Tensor, ids: Tensor) {
  for (const t of hl.tile(ids.shape[0])) {
    const values = rows.at(ids.at(t), ':')
    rows.at(ids.at(t), ':').set(values.add(t.index.unsqueeze(1)))
  }
}

const places = (n: number) => host([n], (i) => [(i * 7) % n, 2 ** 30, -5][i % 3] ?? 0, 'i32')

describe('masks', () => {
  it('of whole vectors, within vectors, and across them', () => {
    expectAll(copyWhere, (n) => [ramp([n, 6]), ramp([6, n])])
  })

  it('of rows, reduced and streamed', () => {
    expectAll(rowsOf, (n) => [ramp([5, n]), host([5], [0, 1, 3, 8, 100], 'i32')])
  })

  it('of tiles behind the end of a tensor', () => {
    expectAll(behindTheEnd, (n) => [ramp([3, n]), ramp([3, 5])])
  })

  it('are not needed where the last tile reads rows that other programs write', () => {
    expectAll(rowsInPlace, (n) => [ramp([n, 3]), host([n], (i) => i, 'i32')])
  })

  it('of elements that share words', () => {
    for (const dtype of ['i8', 'bf16'] as const)
      expectAll(packed, (n) => [host([4, n], (i) => (i * 7) % 6, dtype), ramp([4, n])])
  })

  it('of positions that are anywhere', () => {
    expectAll(scattered, (n) => [ramp([n]), places(n)])
  })

  it('between elements that are read and others that are written', () => {
    const subject = new OnCpu(secondHalf, [ramp([32])])
    for (const block of [4, 8]) subject.expectRight({ block_sizes: [block], num_warps: 1 })
    expectAll(secondHalf, (n) => [ramp([2 * n])])
  })

  it('of the operands of a product', () => {
    expectAll(masked, (n) => [ramp([6, n]), ramp([n, 5])])
  })
})

describe('what is masked is left alone', () => {
  const wgsl = (fn: KernelFunction, args: readonly Argument[], config: ConfigInput): string =>
    new OnCpu(fn, args).compiled.wgsl(config)

  it('in one condition with the bounds, and lane by lane in vectors', () => {
    const text = wgsl(
      function kernel(x: Tensor) {
        const out = hl.emptyLike(x)
        for (const t of hl.tile(x.shape[0])) {
          out.at(t).set(hl.load(x, [t], { mask: t.index.ge(3) }))
        }
        return out
      },
      [ramp([1000])],
      { block_sizes: [1024], num_warps: 8 },
    )
    expect(
      text
        .split('\n')
        .filter((line) => /x_?\d* = |out|local/.test(line))
        .join('\n'),
    ).toMatchInlineSnapshot(`
      "@group(0) @binding(1) var<storage, read_write> local1_vec4: array<vec4f>;
      fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) thread: u32) {
        let index_0 = i32(tile0_at);
        let index_1 = index_0 + vec4i(0i, 1i, 2i, 3i);
        let index_2 = index_1 >= vec4i(3i);
        let x_0 = select(vec4f(0.0f), select(vec4f(0.0f), x_vec4[address_0], index_2), tile0_in);
          local1_vec4[address_0] = x_0;"
    `)
  })
})
