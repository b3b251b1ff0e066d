/**
 * Layer normalisation of rows of any length with two readings, not three: mean and squared distances are
 * merged tile by tile as Welford and Chan do, which loses nothing to large means.
 */
import { hl, kernel, randn, type Tensor } from 'helion-aot'
import { type Example, runIfMain } from './shared/example.ts'
import { type Matrix, mean, type Vector } from './shared/plain.ts'

export const welford = kernel(function welford(x: Tensor, weight: Tensor, bias: Tensor, eps: number) {
  const [m, n] = x.shape
  const out = hl.emptyLike(x)
  for (const row of hl.tile(m)) {
    const count = hl.zeros([row])
    const center = hl.zeros([row])
    const distance = hl.zeros([row])
    for (const t of hl.tile(n)) {
      const values = x.at(row, t)
      const size = t.end.sub(t.begin).to('f32')
      const tileCenter = values.sum(1).div(size)
      const centered = values.sub(tileCenter.unsqueeze(1))
      const delta = tileCenter.sub(center)
      const total = count.add(size)
      distance.addAssign(centered.square().sum(1).add(delta.square().mul(count).mul(size).div(total)))
      center.addAssign(delta.mul(size).div(total))
      count.assign(total)
    }
    const scale = distance.div(count).add(eps).rsqrt()
    for (const t of hl.tile(n)) {
      const normal = x.at(row, t).sub(center.unsqueeze(1)).mul(scale.unsqueeze(1))
      out.at(row, t).set(normal.mul(weight.at(t)).add(bias.at(t)))
    }
  }
  return out
})

export const examples: readonly Example[] = [
  {
    kernel: welford,
    args: (m, n) => [randn([m, n]), randn([n]), randn([n]), 1e-5],
    reference: (x: Matrix, weight: Vector, bias: Vector, eps: number) =>
      x.map((row) => {
        const center = mean(row)
        const scale = 1 / Math.sqrt(mean(row.map((value) => (value - center) ** 2)) + eps)
        return row.map((value, j) => (value - center) * scale * weight[j] + bias[j])
      }),
    sizes: [[3, 21]],
    bench: [1024, 16_384],
  },
]

await runIfMain(import.meta.url, examples)
