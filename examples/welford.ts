/**
 * Layer normalisation with mean and variance in one reading, merged as Welford and Chan do, which loses
 * nothing to large means: by a reduction of whole rows with that merge, and by hand for rows of any length.
 */
import { hl, kernel, randn, type Tensor, type TileValue } from 'helion-aot'
import { type Example, runIfMain } from './shared/example.ts'
import { type Matrix, mean, type Vector } from './shared/plain.ts'

type Moments = [count: TileValue, center: TileValue, distance: TileValue]

/** Of two sets of numbers: how many they are, their mean, and the sum of squared distances from it. */
function merged([n0, c0, d0]: Moments, [n1, c1, d1]: Moments): Moments {
  const count = n0.add(n1)
  const [delta, share] = [c1.sub(c0), n1.div(count.maximum(1))]
  return [count, c0.add(delta.mul(share)), d0.add(d1).add(delta.square().mul(n0).mul(share))]
}

export const welford = kernel(function welford(x: Tensor, weight: Tensor, bias: Tensor, eps: number) {
  const out = hl.emptyLike(x)
  for (const row of hl.tile(x.shape[0])) {
    const values = x.at(row, ':')
    const [one, zero] = [hl.where(true, 1, values), hl.where(true, 0, values)]
    const [count, center, distance] = hl.reduce(merged, [one, values, zero], 1, { identity: [0, 0, 0] })
    const scale = distance.div(count).add(eps).rsqrt()
    const normal = values.sub(center.unsqueeze(1)).mul(scale.unsqueeze(1))
    out.at(row, ':').set(normal.mul(weight.at(':')).add(bias.at(':')))
  }
  return out
})

export const welfordTiled = kernel(function welfordTiled(
  x: Tensor,
  weight: Tensor,
  bias: Tensor,
  eps: number,
) {
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
      const [counts, centers, distances] = merged(
        [count, center, distance],
        [size, tileCenter, centered.square().sum(1)],
      )
      count.assign(counts)
      center.assign(centers)
      distance.assign(distances)
    }
    const scale = distance.div(count).add(eps).rsqrt()
    for (const t of hl.tile(n)) {
      const normal = x.at(row, t).sub(center.unsqueeze(1)).mul(scale.unsqueeze(1))
      out.at(row, t).set(normal.mul(weight.at(t)).add(bias.at(t)))
    }
  }
  return out
})

function reference(x: Matrix, weight: Vector, bias: Vector, eps: number): unknown {
  return x.map((row) => {
    const center = mean(row)
    const scale = 1 / Math.sqrt(mean(row.map((value) => (value - center) ** 2)) + eps)
    return row.map((value, j) => (value - center) * scale * weight[j] + bias[j])
  })
}

export const examples: readonly Example[] = [welford, welfordTiled].map((kernel) => ({
  kernel,
  args: (m, n) => [randn([m, n]), randn([n]), randn([n]), 1e-5],
  reference,
  sizes: [[3, 21]],
  bench: [1024, 4096],
}))

await runIfMain(import.meta.url, examples)
