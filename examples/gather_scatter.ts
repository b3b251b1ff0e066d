/** Elements picked along each row, and rows added up where their numbers say, several at one place. */
import { hl, kernel, randn, type Tensor } from 'helion-aot'
import { type Example, randomIntegers, runIfMain } from './shared/example.ts'
import type { Matrix, Vector } from './shared/plain.ts'

/** `out[i, j] = x[i, ids[i, j]]`. */
export const gather = kernel(function gather(x: Tensor, ids: Tensor) {
  const [m, n] = ids.shape
  const out = hl.empty([m, n], x.dtype)
  for (const [i, j] of hl.tile([m, n])) out.at(i, j).set(x.at(i, ids.at(i, j)))
  return out
})

/** `out[ids[i], j] += x[i, j]`: tiles that meet at a row add to it atomically. */
export const scatterAdd = kernel(function scatterAdd(x: Tensor, ids: Tensor, rows: number) {
  const [m, n] = x.shape
  const out = hl.zeros([hl.specialize(rows), n])
  for (const [i, j] of hl.tile([m, n])) out.at(ids.at(i), j).atomicAdd(x.at(i, j))
  return out
})

export const examples: readonly Example[] = [
  {
    kernel: gather,
    args: (m, n, count) => [randn([m, n]), randomIntegers([m, count], 0, n)],
    reference: (x: Matrix, ids: Matrix) => ids.map((row, i) => row.map((id) => x[i][id])),
    sizes: [[5, 9, 37]],
    bench: [4096, 4096, 1024],
  },
  {
    kernel: scatterAdd,
    args: (m, n, rows) => [randn([m, n]), randomIntegers([m], 0, rows), rows],
    reference: (x: Matrix, ids: Vector, rows: number) => {
      const out = Array.from({ length: rows }, () => x[0].map(() => 0))
      x.forEach((row, i) => {
        for (const [j, value] of row.entries()) out[ids[i]][j] += value
      })
      return out
    },
    sizes: [[11, 37, 4]],
    bench: [8192, 1024, 512],
  },
]

await runIfMain(import.meta.url, examples)
