/**
 * Where each row is largest: of a whole row, by a reduction of value and position together, and tile by tile,
 * with the best so far beside its position.
 */
import { hl, kernel, randn, type Tensor } from 'helion-aot'
import { type Example, runIfMain } from './shared/example.ts'
import type { Matrix, Vector } from './shared/plain.ts'

export const argmax = kernel(function argmax(x: Tensor) {
  const [m] = x.shape
  const out = hl.empty([m], 'i32')
  for (const row of hl.tile(m)) out.at(row).set(x.at(row, ':').argmax(-1))
  return out
})

/** The largest value, too: `hl.reduce` combines pairs as its function says. */
export const maxWithPosition = kernel(function maxWithPosition(x: Tensor) {
  const [m, n] = x.shape
  const values = hl.empty([m], x.dtype)
  const positions = hl.empty([m], 'i32')
  for (const row of hl.tile(m)) {
    const [value, position] = hl.reduce(
      ([v, i], [w, j]) => [hl.maximum(v, w), hl.where(w.gt(v), j, i)],
      [x.at(row, ':'), hl.arange(n)],
      1,
      { identity: [-Infinity, 0] },
    )
    values.at(row).set(value)
    positions.at(row).set(position)
  }
  return { values, positions }
})

export const argmaxTiled = kernel(function argmaxTiled(x: Tensor) {
  const [m, n] = x.shape
  const out = hl.empty([m], 'i32')
  for (const row of hl.tile(m)) {
    const best = hl.full([row], -Infinity)
    const place = hl.zeros([row], 'i32')
    for (const t of hl.tile(n)) {
      const values = x.at(row, t)
      const top = values.amax(1)
      place.assign(hl.where(top.gt(best), values.argmax(1).add(t.begin), place))
      best.maximumAssign(top)
    }
    out.at(row).set(place)
  }
  return out
})

const positionOf = (row: Vector): number => row.indexOf(Math.max(...row))

const common = {
  args: (m: number, n: number) => [randn([m, n])],
  sizes: [[3, 21]],
  bench: [4096, 4096],
}

export const examples: readonly Example[] = [
  { kernel: argmax, reference: (x: Matrix) => x.map(positionOf), ...common },
  {
    kernel: maxWithPosition,
    reference: (x: Matrix) => ({
      values: x.map((row) => Math.max(...row)),
      positions: x.map(positionOf),
    }),
    ...common,
  },
  { kernel: argmaxTiled, reference: (x: Matrix) => x.map(positionOf), ...common },
]

await runIfMain(import.meta.url, examples)
