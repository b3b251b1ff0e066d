/** Rows of a table, by number. */
import { hl, kernel, randn, type Tensor } from 'helion-aot'
import { type Example, randomIntegers, runIfMain } from './shared/example.ts'
import type { Matrix, Vector } from './shared/plain.ts'

export const embedding = kernel(function embedding(ids: Tensor, table: Tensor) {
  const [n] = ids.shape
  const width = table.shape[1]
  const out = hl.empty([n, width], table.dtype)
  for (const [t, column] of hl.tile([n, width])) out.at(t, column).set(table.at(ids.at(t), column))
  return out
})

export const examples: readonly Example[] = [
  {
    kernel: embedding,
    args: (n, rows, width) => [randomIntegers([n], 0, rows), randn([rows, width])],
    reference: (ids: Vector, table: Matrix) => ids.map((id) => table[id]),
    sizes: [[5, 9, 37]],
    bench: [8192, 32_000, 1024],
  },
]

await runIfMain(import.meta.url, examples)
