import fc from 'fast-check'
import { describe, it } from 'vitest'
import { hl, type Tensor, type TileValue } from '../../src/language/index.ts'
import { host, run } from '../language/harness.ts'

/** A random elementwise program as a tree; every step is exact in f32 for the small integers used. */
type Tree =
  | { readonly kind: 'x' | 'y' | 'column' | 'row' }
  | { readonly kind: 'number'; readonly value: number }
  | {
      readonly kind: 'add' | 'sub' | 'minimum' | 'maximum' | 'eq' | 'lt'
      readonly args: readonly [Tree, Tree]
    }
  | { readonly kind: 'neg' | 'abs' | 'sign' | 'relu'; readonly args: readonly [Tree] }
  | { readonly kind: 'where'; readonly args: readonly [Tree, Tree, Tree] }

const { tree } = fc.letrec<{ tree: Tree; leaf: Tree }>((tie) => ({
  leaf: fc.oneof(
    fc.constantFrom<Tree>({ kind: 'x' }, { kind: 'y' }, { kind: 'column' }, { kind: 'row' }),
    fc.integer({ min: -9, max: 9 }).map((value): Tree => ({ kind: 'number', value })),
  ),
  tree: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    tie('leaf'),
    fc
      .tuple(
        fc.constantFrom('add', 'sub', 'minimum', 'maximum', 'eq', 'lt'),
        fc.tuple(tie('tree'), tie('tree')),
      )
      .map(([kind, args]) => ({ kind, args }) as Tree),
    fc
      .tuple(fc.constantFrom('neg', 'abs', 'sign', 'relu'), fc.tuple(tie('tree')))
      .map(([kind, args]) => ({ kind, args }) as Tree),
    fc.tuple(tie('tree'), tie('tree'), tie('tree')).map((args): Tree => ({ kind: 'where', args })),
  ),
}))

type Leaves<T> = Record<'x' | 'y' | 'column' | 'row', T>

/** The program on tiles. */
function onTiles(node: Tree, leaves: Leaves<TileValue>): TileValue | number {
  if (node.kind === 'number') return node.value
  if (!('args' in node)) return leaves[node.kind]
  const [a = 0, b = 0, c = 0] = node.args.map((arg) => onTiles(arg, leaves))
  const first = typeof a === 'number' ? hl.full([], a) : a
  switch (node.kind) {
    case 'where':
      return first.ne(0).where(b, c)
    case 'neg':
    case 'abs':
    case 'sign':
    case 'relu':
      return first[node.kind]()
    default:
      return first[node.kind](b).to('f32')
  }
}

/** The same program on one element, in plain JavaScript. */
function onNumbers(node: Tree, leaves: Leaves<number>): number {
  if (node.kind === 'number') return node.value
  if (!('args' in node)) return leaves[node.kind]
  const [a = 0, b = 0, c = 0] = node.args.map((arg) => onNumbers(arg, leaves))
  switch (node.kind) {
    case 'add':
      return a + b
    case 'sub':
      return a - b
    case 'minimum':
      return b < a ? b : a
    case 'maximum':
      return b > a ? b : a
    case 'eq':
      return a === b ? 1 : 0
    case 'lt':
      return a < b ? 1 : 0
    case 'neg':
      return 0 - a
    case 'abs':
      return a < 0 ? 0 - a : a
    case 'sign':
      return a < 0 ? -1 : a > 0 ? 1 : 0
    case 'relu':
      return a > 0 ? a : 0
    case 'where':
      return a !== 0 ? b : c
  }
}

const programs = fc.record({
  tree,
  m: fc.integer({ min: 0, max: 7 }),
  n: fc.integer({ min: 0, max: 7 }),
  extent: fc.constantFrom(1, 2, 4, 8),
  dynamic: fc.boolean(),
  wholeRows: fc.boolean(),
})

describe('random elementwise programs', () => {
  it('mean the same over tiles as element by element', () => {
    fc.assert(
      fc.property(programs, ({ tree, m, n, extent, dynamic, wholeRows }) => {
        const x = host([m, n], (i) => ((i * 5) % 13) - 6)
        const y = host([m, n], (i) => ((i * 3) % 7) - 3)
        const column = host([m, 1], (i) => i - 2)
        const row = host([n], (i) => 3 - i)
        const kernel = (xs: Tensor, ys: Tensor, columns: Tensor, rows: Tensor): Tensor => {
          const out = hl.empty(xs.shape)
          const ends = wholeRows ? [xs.shape[0]] : [xs.shape[0], xs.shape[1]]
          for (const [i, tile] of hl.tile(ends)) {
            const j = tile ?? ':'
            if (!i) throw new Error('no tile')
            const leaves = { x: xs.at(i, j), y: ys.at(i, j), column: columns.at(i, ':'), row: rows.at(j) }
            out.at(i, j).set(onTiles(tree, leaves))
          }
          return out
        }
        const { returned } = run(kernel, [x, y, column, row], { extent, dynamic })
        const expected = x.data.map((value, i) => {
          const [r, c] = [Math.floor(i / n), i % n]
          return onNumbers(tree, {
            x: value,
            y: y.data[i] ?? 0,
            column: column.data[r] ?? 0,
            row: row.data[c] ?? 0,
          })
        })
        // Zeros may differ in sign: 0 - 0 and -0 are both right.
        const same = (returned as number[]).map((value) => value + 0)
        return JSON.stringify(same) === JSON.stringify(expected.map((value) => value + 0))
      }),
      { numRuns: 150, seed: 20260101 },
    )
  })
})

describe('random reductions', () => {
  const shapes = fc.record({
    m: fc.integer({ min: 0, max: 6 }),
    n: fc.integer({ min: 0, max: 9 }),
    extent: fc.constantFrom(1, 2, 4, 16),
    dynamic: fc.boolean(),
    how: fc.constantFrom<'whole' | 'loop'>('whole', 'loop'),
  })

  it('mean the same for a whole row as for a loop over its tiles', () => {
    fc.assert(
      fc.property(shapes, ({ m, n, extent, dynamic, how }) => {
        const x = host([m, n], (i) => ((i * 5) % 13) - 6)
        const kernel = (xs: Tensor): Tensor[] => {
          const [rows, columns] = xs.shape
          const [sums, tops] = [hl.empty([rows]), hl.empty([rows])]
          for (const i of hl.tile(rows)) {
            const [sum, top] = [hl.zeros([i]), hl.full([i], Number.NEGATIVE_INFINITY)]
            if (how === 'whole') {
              sum.assign(xs.at(i, ':').sum(1))
              top.assign(xs.at(i, ':').amax(1))
            } else {
              for (const j of hl.tile(columns)) {
                sum.addAssign(xs.at(i, j).sum(-1))
                top.maximumAssign(xs.at(i, j).amax(-1))
              }
            }
            sums.at(i).set(sum)
            tops.at(i).set(top)
          }
          return [sums, tops]
        }
        const { returned } = run(kernel, [x], { extent, dynamic })
        const rows = Array.from({ length: m }, (_, r) => x.data.slice(r * n, (r + 1) * n))
        const sums = rows.map((row) => row.reduce((a, b) => a + b, 0))
        const tops = rows.map((row) => Math.max(...row))
        return String(returned) === String([sums, tops])
      }),
      { numRuns: 100, seed: 20260102 },
    )
  })
})
