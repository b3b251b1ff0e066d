/** A kernel is the same for a size of one as for longer ones: as many axes, the same ranges kept apart. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { hl, type Tensor, type TileValue } from '../../src/language/index.ts'
import { expectRun, host, ramp, run } from './harness.ts'

/** An index along ranges of one length, in one or more axes. */
type Index =
  | { readonly kind: 'range' | 'read' | 'whole' | 'matrix'; readonly first: boolean }
  | { readonly kind: 'unsqueeze' | 'total' | 'sum'; readonly of: Index; readonly axis: 0 | 1 }
  | { readonly kind: 'transpose'; readonly of: Index }
  | { readonly kind: 'add' | 'gather' | 'dot'; readonly left: Index; readonly right: Index }

const { index } = fc.letrec<{ index: Index }>((tie) => ({
  index: fc.oneof(
    { depthSize: 'small' },
    fc.record({
      kind: fc.constantFrom('range' as const, 'read' as const, 'whole' as const, 'matrix' as const),
      first: fc.boolean(),
    }),
    fc.record({
      kind: fc.constantFrom('unsqueeze' as const, 'total' as const, 'sum' as const),
      of: tie('index'),
      axis: fc.constantFrom(0 as const, 1 as const),
    }),
    fc.record({ kind: fc.constant('transpose' as const), of: tie('index') }),
    fc.record({
      kind: fc.constantFrom('add' as const, 'gather' as const, 'dot' as const),
      left: tie('index'),
      right: tie('index'),
    }),
  ),
}))

const range: Index = { kind: 'range', first: false }
const read: Index = { kind: 'read', first: false }

/** Values one range of which stands at two places: it is read once more, at a size of one too. */
const MEETS_ITSELF: readonly Index[] = [
  {
    kind: 'gather',
    left: range,
    right: {
      kind: 'unsqueeze',
      of: { kind: 'add', left: read, right: { kind: 'gather', left: read, right: range } },
      axis: 0,
    },
  },
  {
    kind: 'gather',
    left: read,
    right: {
      kind: 'unsqueeze',
      of: { kind: 'add', left: range, right: { kind: 'gather', left: range, right: read } },
      axis: 0,
    },
  },
]

describe('kernels for a size of one', () => {
  it('have as many axes as those for longer ones', () => {
    const rankFor = (of: Index, n: number): number => {
      let rank = 0
      const kernel = (table: Tensor, ids: Tensor, square: Tensor): void => {
        for (const t of hl.tile(4)) {
          const ranges = [hl.arange(n), hl.arange(n)] as const
          const values = [ids.at(':'), ids.at(':')] as const
          const at = (index: Index): TileValue => {
            switch (index.kind) {
              case 'range':
                return ranges[index.first ? 0 : 1]
              case 'read':
                return values[index.first ? 0 : 1]
              case 'whole':
                return index.first ? table.at(t, ':') : table.at(0, ':')
              case 'matrix':
                return index.first ? square.at(':', ':') : square.at(...ranges)
              case 'unsqueeze':
                return at(index.of).unsqueeze(index.axis)
              case 'total':
                return at(index.of).sum(index.axis, { keepdim: true })
              case 'sum':
                return at(index.of).sum(index.axis)
              case 'transpose':
                return at(index.of).transpose()
              case 'dot':
                return at(index.left).to('f32').dot(at(index.right).to('f32')).to('i32')
              case 'add':
                return at(index.left).add(at(index.right))
              case 'gather':
                return table.at(at(index.left), at(index.right))
            }
          }
          const value = at(of)
          rank = value.ndim
          table.at(0, 0).set(value.sum())
        }
      }
      run(kernel, [ramp([4, n], 'i32'), ramp([n], 'i32'), ramp([n, n], 'i32')], { dynamic: false })
      return rank
    }
    const ranks = new Set<number>()
    fc.assert(
      fc.property(index, (of) => {
        let rank: number
        try {
          rank = rankFor(of, 3)
        } catch {
          return
        }
        ranks.add(rank)
        expect(rankFor(of, 1)).toBe(rank)
      }),
      { numRuns: 150, examples: MEETS_ITSELF.map((of): [Index] => [of]) },
    )
    expect(ranks.size).toBeGreaterThan(3)
  })

  it('gather along a range of one', () => {
    const kernel = (table: Tensor, ids: Tensor): Tensor => {
      const out = hl.empty(ids.shape)
      for (const t of hl.tile(ids.shape[0])) out.at(t, ':').set(table.at(ids.at(t, ':')))
      return out
    }
    expectRun(kernel, [host([4], [1, 2, 3, 4]), host([3, 1], [2, 0, 1], 'i32')], [3, 1, 2])
    expectRun(kernel, [host([4], [1, 2, 3, 4]), host([2, 2], [2, 0, 1, 9], 'i32')], [3, 1, 2, 0])
  })
})
