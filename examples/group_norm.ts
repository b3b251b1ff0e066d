/** Normalisation of groups of channels of `x[batch, channels, positions]`. */
import { hl, kernel, randn, type Tensor } from 'helion-aot'
import { type Example, runIfMain } from './shared/example.ts'
import { type Matrix, mean, type Vector } from './shared/plain.ts'

export const groupNorm = kernel(function groupNorm(
  x: Tensor,
  groups: number,
  weight: Tensor,
  bias: Tensor,
  eps: number,
) {
  const [batch, channels, positions] = x.shape
  const count = hl.specialize(groups)
  const inGroups = [count, hl.floorDiv(channels, count)]
  const out = hl.emptyLike(x)
  const result = out.reshape([batch, ...inGroups, positions])
  for (const [b, g] of hl.tile([batch, count])) {
    const values = x.reshape([batch, ...inGroups, positions]).at(b, g, ':', ':')
    const center = values.mean(-1, { keepdim: true }).mean(-2, { keepdim: true })
    const centered = values.sub(center)
    const variance = centered.square().mean(-1, { keepdim: true }).mean(-2, { keepdim: true })
    const normal = centered.mul(variance.add(eps).rsqrt())
    const [scale, shift] = [
      weight.reshape(inGroups).at(g, ':', null),
      bias.reshape(inGroups).at(g, ':', null),
    ]
    result.at(b, g, ':', ':').set(normal.mul(scale).add(shift))
  }
  return out
})

function reference(x: readonly Matrix[], groups: number, weight: Vector, bias: Vector, eps: number): unknown {
  return x.map((channels) => {
    const size = channels.length / groups
    return channels.map((channel, c) => {
      const group = channels.filter((_, other) => Math.floor(other / size) === Math.floor(c / size)).flat()
      const center = mean(group)
      const scale = 1 / Math.sqrt(mean(group.map((value) => (value - center) ** 2)) + eps)
      return channel.map((value) => (value - center) * scale * weight[c] + bias[c])
    })
  })
}

export const examples: readonly Example[] = [
  {
    kernel: groupNorm,
    args: (batch, groups, size, positions) => {
      const channels = groups * size
      return [randn([batch, channels, positions]), groups, randn([channels]), randn([channels]), 1e-5]
    },
    reference,
    sizes: [[2, 3, 5, 7]],
    bench: [16, 32, 8, 256],
  },
]

await runIfMain(import.meta.url, examples)
