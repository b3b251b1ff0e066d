/** Where each row is largest: of a whole row, and tile by tile, with the best so far beside its position. */
import { hl, kernel, randn, type Tensor } from 'helion-aot'
import { type Example, runIfMain } from './shared/example.ts'
import type { Matrix } from './shared/plain.ts'

export const argmax = kernel(function argmax(x: Tensor) {
  const [m] = x.shape
  const out = hl.empty([m], 'i32')
  for (const row of hl.tile(m)) out.at(row).set(x.at(row, ':').argmax(-1))
  return out
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

export const examples: readonly Example[] = [argmax, argmaxTiled].map((kernel) => ({
  kernel,
  args: (m, n) => [randn([m, n])],
  reference: (x: Matrix) => x.map((row) => row.indexOf(Math.max(...row))),
  sizes: [[3, 21]],
  bench: [4096, 4096],
}))

await runIfMain(import.meta.url, examples)
