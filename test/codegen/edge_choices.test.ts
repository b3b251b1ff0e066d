/** Choices by comparing positions of two tiles: only a tile with the edge in it looks at positions. */
import { describe, expect, it } from 'vitest'
import { hl } from '../../src/language/hl.ts'
import type { Tensor } from '../../src/language/tensor.ts'
import type { TileValue } from '../../src/language/value.ts'
import { spread } from '../gpu/inputs.ts'
import { OnCpu } from './on_cpu.ts'

const COMPARISONS = {
  le: (a: TileValue, b: TileValue) => a.le(b),
  lt: (a: TileValue, b: TileValue) => a.lt(b),
  ge: (a: TileValue, b: TileValue) => a.ge(b),
  gt: (a: TileValue, b: TileValue) => a.gt(b),
  eq: (a: TileValue, b: TileValue) => a.eq(b),
}
type Comparison = keyof typeof COMPARISONS

/** Sums of rows of `x`, of what is on one side of the diagonal, and of -2 on the other. */
function sides(comparison: Comparison, isTurned: boolean): (x: Tensor) => Tensor {
  return (x) => {
    const out = hl.empty([x.shape[0]])
    for (const row of hl.tile(x.shape[0])) {
      const sum = hl.zeros([row])
      for (const column of hl.tile(x.shape[1])) {
        const [a, b] = [row.index.unsqueeze(1), column.index.unsqueeze(0)]
        const isIn = isTurned ? COMPARISONS[comparison](b, a) : COMPARISONS[comparison](a, b)
        sum.addAssign(hl.where(isIn, x.at(row, column), -2).sum(1))
      }
      out.at(row).set(sum)
    }
    return out
  }
}

const TILES = [
  [4, 4],
  [8, 2],
  [2, 8],
  [1, 4],
]

describe.each(['le', 'lt', 'ge', 'gt'] as const)('where %s', (comparison) => {
  it.each([false, true])('is right and asks for the edge first, turned: %s', (isTurned) => {
    for (const shape of [
      [16, 16],
      [13, 19],
    ])
      for (const dynamic of [false, true]) {
        const subject = new OnCpu(sides(comparison, isTurned) as never, [spread(shape)], {
          dynamic,
          tolerance: { abs: 1e-4, rel: 1e-4 },
        })
        for (const block_sizes of TILES) subject.expectRight({ block_sizes, num_warps: 1 })
        expect(subject.compiled.wgsl({ block_sizes: [4, 4], num_warps: 1 })).toMatch(/if \(tile.*begin/)
      }
  })
})

it('does not where nothing is on one side as a whole', () => {
  const subject = new OnCpu(sides('eq', false) as never, [spread([8, 8])])
  expect(subject.compiled.wgsl({ block_sizes: [4, 4], num_warps: 1 })).not.toMatch(/if \(tile.*begin/)
})
