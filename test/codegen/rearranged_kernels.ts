/** Kernels that give the elements of tile values other places, with what they compute in plain JavaScript. */
import { hl, type Tensor } from '../../src/language/index.ts'
import type { KernelFunction } from '../../src/language/trace/trace_kernel.ts'
import { type HostArgument, host } from '../language/harness.ts'
import { parts } from './part_kernels.ts'

/** A kernel, its arguments, and the elements of its result. */
export type Rearranged = readonly [KernelFunction, readonly HostArgument[], number[]]

const whole = (...shape: number[]): HostArgument => host(shape, (i) => ((i * 7) % 23) - 11)

/** Each element where `at` says that it comes from. */
function from(x: HostArgument, count: number, at: (i: number) => number): number[] {
  return Array.from({ length: count }, (_, i) => x.data[at(i)] ?? 0)
}

/** Sums of pairs of neighbours, each once. */
function pairSums(x: Tensor): Tensor {
  const out = hl.empty([x.shape[0], hl.floorDiv(x.shape[1], 2)])
  for (const r of hl.tile(x.shape[0])) out.at(r, ':').set(x.at(r, ':').mul(2).reshape([r, -1, 2]).sum(-1))
  return out
}

/** The first half of a row beside the second: [r, 2 * n] becomes [r, n, 2], through a reduction. */
function interleaved(x: Tensor): Tensor {
  const out = hl.emptyLike(x)
  for (const r of hl.tile(x.shape[0])) {
    const halves = x
      .at(r, ':')
      .sub(x.at(r, ':').amax(-1, { keepdim: true }))
      .reshape([r, 2, -1])
    out.at(r, ':').set(halves.transpose().reshape([r, x.shape[1]]))
  }
  return out
}

/** [a, b, c] as [c, a * b] and back, over whole dimensions. */
function merged(x: Tensor): Tensor {
  const [a, b, c] = x.shape
  const out = hl.empty([c, hl.mul(a, b)])
  for (const _ of hl.grid(1)) out.at(':', ':').set(x.at(':', ':', ':').permute(2, 0, 1).reshape([c, -1]))
  return out
}

function reversed(x: Tensor): Tensor {
  const out = hl.emptyLike(x)
  for (const r of hl.tile(x.shape[0])) out.at(r, ':').set(x.at(r, ':').add(1).flip(-1))
  return out
}

/** Rotary embedding by pairs: (a, b) becomes (-b, a). */
function rotated(x: Tensor): Tensor {
  const out = hl.emptyLike(x)
  for (const r of hl.tile(x.shape[0])) {
    const [a, b] = hl.split(x.at(r, ':').reshape([r, -1, 2]))
    out.at(r, ':').set(hl.join(b.neg(), a).reshape(x.at(r, ':').shape))
  }
  return out
}

function stacked(x: Tensor, y: Tensor): Tensor {
  const [m, n] = x.shape
  const out = hl.empty([m, 3, n])
  for (const r of hl.tile(m))
    out.at(r, ':', ':').set(hl.stack([x.at(r, ':'), y.at(r, ':'), x.at(r, ':').mul(2)], 1))
  return out
}

/** Rows behind one another, the sum of each in between. */
function concatenated(x: Tensor, y: Tensor): Tensor {
  const [m, n] = x.shape
  const out = hl.empty([m, hl.add(n, hl.add(y.shape[1], 1))])
  for (const r of hl.tile(m)) {
    const a = x.at(r, ':')
    out.at(r, ':').set(hl.cat([a, a.sum(-1, { keepdim: true }), y.at(r, ':').mul(2)], -1))
  }
  return out
}

/** What a product gives, walked backwards. */
function flippedProduct(x: Tensor, y: Tensor): Tensor {
  const out = hl.empty([x.shape[0], y.shape[1]])
  for (const t of hl.tile(x.shape[0])) out.at(t, ':').set(x.at(t, ':').dot(y.at(':', ':')).flip(1))
  return out
}

/** In a loop, of what it carries. */
function shuffled(x: Tensor, steps: Tensor): Tensor {
  const out = hl.emptyLike(x)
  for (const t of hl.tile(x.shape[0])) {
    const acc = x.at(t, ':').clone()
    for (const _ of hl.grid(steps.shape[0])) {
      const [a, b] = acc.reshape([t, 2, -1]).transpose().split()
      acc.assign(hl.cat([b, a], 1))
    }
    out.at(t, ':').set(acc)
  }
  return out
}

function sums(x: HostArgument, row: number, width: number): number {
  return x.data.slice(row * width, (row + 1) * width).reduce((a, b) => a + b, 0)
}

/** Halves of rows turned against each other, and every third element repeated. */
function sliced(x: Tensor): Tensor {
  const width = x.shape[1]
  const half = hl.floorDiv(width, 2)
  const out = hl.empty([x.shape[0], 3, half])
  for (const r of hl.tile(x.shape[0])) {
    const row = x.at(r, ':').mul(2)
    const [first, second] = [row.slice(1, 0, half), row.slice(-1, half)]
    const thirds = row.slice(1, 2, width, 3).slice(1, 1, 2).expand([r, half])
    out.at(r, ':', ':').set(hl.stack([first.sub(second), second.add(first), thirds], 1))
  }
  return out
}

export function rearranged(m: number): Readonly<Record<string, Rearranged>> {
  const [x, y, z] = [whole(m, 12), whole(m, 12), whole(m, 5)]
  const top = (row: number): number => Math.max(...x.data.slice(row * 12, row * 12 + 12))
  const cube = whole(3, 4, m + 1)
  const square = whole(12, 6)
  const product = (row: number, column: number): number =>
    Array.from(
      { length: 12 },
      (_, k) => (x.data[row * 12 + k] ?? 0) * (square.data[k * 6 + column] ?? 0),
    ).reduce((a, b) => a + b, 0)
  const rows = Array.from({ length: m }, (_, row) => row)
  return {
    pairSums: [pairSums, [x], from(x, m * 6, (i) => 2 * i).map((a, i) => 2 * (a + (x.data[2 * i + 1] ?? 0)))],
    interleaved: [
      interleaved,
      [x],
      from(x, m * 12, (i) => Math.floor(i / 12) * 12 + (i % 2) * 6 + Math.floor((i % 12) / 2)).map(
        (value, i) => value - top(Math.floor(i / 12)),
      ),
    ],
    merged: [merged, [cube], from(cube, cube.data.length, (i) => (i % 12) * (m + 1) + Math.floor(i / 12))],
    reversed: [reversed, [x], from(x, m * 12, (i) => i + 11 - 2 * (i % 12)).map((value) => value + 1)],
    rotated: [rotated, [x], from(x, m * 12, (i) => i ^ 1).map((value, i) => (i % 2 === 0 ? -value : value))],
    sliced: [
      sliced,
      [x],
      from(x, m * 18, (i) => Math.floor(i / 18) * 12 + (i % 6)).map((first, i) => {
        const second = x.data[Math.floor(i / 18) * 12 + 6 + (i % 6)] ?? 0
        const third = x.data[Math.floor(i / 18) * 12 + 5] ?? 0
        return 2 * ([first - second, first + second, third][Math.floor((i % 18) / 6)] ?? 0)
      }),
    ],
    stacked: [
      stacked,
      [x, y],
      rows.flatMap((row) =>
        [x, y, x].flatMap((part, i) =>
          part.data.slice(row * 12, row * 12 + 12).map((value) => (i === 2 ? 2 * value : value)),
        ),
      ),
    ],
    concatenated: [
      concatenated,
      [x, z],
      rows.flatMap((row) => [
        ...x.data.slice(row * 12, row * 12 + 12),
        sums(x, row, 12),
        ...z.data.slice(row * 5, row * 5 + 5).map((value) => 2 * value),
      ]),
    ],
    flippedProduct: [
      flippedProduct,
      [x, square],
      rows.flatMap((row) => [5, 4, 3, 2, 1, 0].map((column) => product(row, column))),
    ],
    ...parts(m),
    shuffled: [shuffled, [x, whole(3)], from(x, m * 12, (i) => Math.floor(i / 12) * 12 + ((i + 6) % 12))],
  }
}
