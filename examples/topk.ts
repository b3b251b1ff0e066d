/** The largest elements of each row, in descending order, with their positions; and whole rows sorted. */
import { hl, kernel, randn, type Tensor } from 'helion-aot'
import { type Example, runIfMain } from './shared/example.ts'
import type { Matrix, Vector } from './shared/plain.ts'

export const topk = kernel(function topk(x: Tensor, k: number) {
  const [m] = x.shape
  const count = hl.specialize(k)
  const values = hl.empty([m, count], x.dtype)
  const positions = hl.empty([m, count], 'i32')
  for (const row of hl.tile(m)) {
    const top = x.at(row, ':').topk(count, 1)
    values.at(row, ':').set(top.values)
    positions.at(row, ':').set(top.indices)
  }
  return { values, positions }
})

export const sortRows = kernel(function sortRows(x: Tensor) {
  const out = hl.emptyLike(x)
  for (const row of hl.tile(x.shape[0])) out.at(row, ':').set(x.at(row, ':').sort(1).values)
  return out
})

/** Positions of the largest elements. */
function largest(row: Vector, k: number): Vector {
  return [...row.keys()].sort((i, j) => row[j] - row[i]).slice(0, k)
}

export const examples: readonly Example[] = [
  {
    kernel: topk,
    args: (m, n, k) => [randn([m, n]), k],
    reference: (x: Matrix, k: number) => ({
      values: x.map((row) => largest(row, k).map((i) => row[i])),
      positions: x.map((row) => largest(row, k)),
    }),
    sizes: [[2, 9, 3]],
    bench: [4096, 1024, 16],
  },
  {
    kernel: sortRows,
    args: (m, n) => [randn([m, n])],
    reference: (x: Matrix) => x.map((row) => [...row].sort((a, b) => a - b)),
    sizes: [[2, 9]],
    bench: [4096, 1024],
  },
]

await runIfMain(import.meta.url, examples)
