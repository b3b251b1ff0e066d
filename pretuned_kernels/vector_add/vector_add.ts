/** `x + y` for tensors of one dimension. */
import { aotKernel, hl, randn, type Tensor } from 'helion-aot'
import { runIfMain, type Sweep } from '../sweep.ts'

export const vector_add = aotKernel({ source: import.meta.url }, function vector_add(x: Tensor, y: Tensor) {
  const out = hl.emptyLike(x)
  for (const tile of hl.tile(x.shape[0])) out.at(tile).set(x.at(tile).add(y.at(tile)))
  return out
})

const powers = (from: number, to: number): number[][] =>
  Array.from({ length: to - from + 1 }, (_, i) => [2 ** (from + i)])

export const SWEEP: Sweep = {
  kernel: vector_add,
  shapes: [...powers(10, 28), [1_000], [100_003], [3_000_000], [50_000_000]],
  softwareShapes: [[1024], [4096], [10_000], [32_768], [65_536], [100_003], [262_144], [1_048_576]],
  makeArgs: ([n = 0]) => [randn([n]), randn([n])],
  reference: (_shape, [x = [], y = []], positions) => positions.map((i) => (x[i] ?? 0) + (y[i] ?? 0)),
  tolerance: 1e-6,
  work: ([n = 0]) => ({ bytes: 12 * n }),
}

await runIfMain(import.meta.url, SWEEP)
