/** Ranges of one position whose tiles have more of them: what a place without that axis gets is the first. */
import { expect, it } from 'vitest'
import { hl, type Tensor, type TileValue } from '../../src/language/index.ts'
import { host } from '../language/harness.ts'
import { OnCpu } from './on_cpu.ts'
import { programConfigs } from './random_programs.ts'

type Seen = (out: Tensor) => Tensor

/** A product with one column, into memory that is seen under another shape. */
const product = (made: (acc: TileValue) => TileValue, seen: Seen) => (x: Tensor, w: Tensor) => {
  const [m, k] = x.shape
  const out = hl.empty([2, hl.floorDiv(m, 2)], 'f32')
  const rows = seen(out)
  for (const [i, j] of hl.tile([m, w.shape[1]])) {
    const acc = hl.zeros([i, j])
    for (const t of hl.tile(k)) acc.addDot(x.at(i, t), w.at(t, j))
    rows.at(i, j).set(made(acc))
  }
  return out
}

const column: Seen = (out) => out.reshape([-1]).unsqueeze(1)

it.each([
  ['the sums', (acc: TileValue) => acc],
  ['what is computed of them', (acc: TileValue) => acc.add(3).exp2()],
  ['a truth', (acc: TileValue) => acc.gt(12).not()],
] as const)('%s', (_, made) => {
  const args = [host([32, 5], (i) => ((i * 5) % 7) / 4), host([5, 1], (i) => i)]
  for (const seen of [column, (out: Tensor) => out.reshape([-1, 1])]) {
    let right = 0
    for (const dynamic of [false, true]) {
      const subject = new OnCpu(product(made, seen), args, { dynamic, tolerance: { abs: 0, rel: 1e-6 } })
      subject.expectRight({ block_sizes: [8, 8, 8], num_warps: 8, slice_k: [1] })
      for (const { data } of programConfigs(subject.compiled.spec, 3, 1))
        if (subject.outcome(data) === 'right') right++
    }
    expect(right).toBeGreaterThan(1)
  }
})
