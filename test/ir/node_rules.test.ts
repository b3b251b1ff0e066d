import { describe, expect, it } from 'vitest'
import { tileType } from '../../src/ir/build.ts'
import { type Node, ONE } from '../../src/ir/node.ts'
import {
  crossedAxes,
  isCrossing,
  isMemory,
  isMoving,
  isPure,
  isWrite,
  ruleOf,
} from '../../src/ir/node_rules.ts'
import { operandRoles } from '../../src/ir/traverse.ts'
import { Maker } from './regions.ts'

const f32 = (axes: readonly number[]) => ({ type: tileType('f32', axes), location: undefined })

/** One node of each class, by kind. */
function examples(): Readonly<Record<string, Node>> {
  const maker = new Maker()
  const i = maker.index(0)
  const x = maker.load(0, [i, maker.index(1)], [0, 1])
  const y = maker.load(0, [maker.index(1), i], [1, 0])
  return {
    index: i,
    load: x,
    map: maker.map('exp', [x], [0, 1]),
    range: maker.node({ kind: 'range', ...f32([]), block: 0, what: 'begin' }),
    view: maker.node({ kind: 'view', ...f32([0, 1, ONE]), arg: x, axes: [0, 1, ONE] }),
    reduce: maker.node({ kind: 'reduce', ...f32([0]), op: 'sum', arg: x, axis: 1 }),
    dot: maker.node({ kind: 'dot', ...f32([0, 0]), site: 0, a: x, b: y, acc: undefined }),
    store: maker.store(1, [i], x),
    result: maker.loop(1, x, (_inside, carried) => carried)[1],
  }
}

describe('the table of node kinds', () => {
  it('says to which classes a node belongs', () => {
    const classes = { isPure, isMoving, isCrossing, isMemory, isWrite }
    const members = Object.entries(classes).map(([name, belongs]) => [
      name,
      Object.entries(examples()).flatMap(([kind, node]) => (belongs(node) ? [kind] : [])),
    ])
    expect(Object.fromEntries(members)).toEqual({
      isPure: ['index', 'map', 'range', 'view'],
      isMoving: ['view'],
      isCrossing: ['reduce', 'dot'],
      isMemory: ['load', 'store'],
      isWrite: ['store'],
    })
  })

  it('says which axes are mixed, and what depends on tiles', () => {
    const { reduce, dot, map, range } = examples() as Record<'reduce' | 'dot' | 'map' | 'range', Node>
    expect([reduce, dot, map].map(crossedAxes)).toEqual([[1], [1], []])
    expect([map, range].map((node) => ruleOf(node).seesTiles)).toEqual([false, true])
  })

  it('says how operands meet the value', () => {
    const roles = Object.entries(examples()).map(([kind, node]) => [
      kind,
      operandRoles(node)
        .map(({ role }) => role)
        .join(' '),
    ])
    expect(Object.fromEntries(roles)).toEqual({
      index: '',
      load: 'position position',
      map: 'same',
      range: '',
      view: 'same',
      reduce: 'whole',
      dot: 'left right',
      store: 'position same',
      result: 'carried',
    })
  })
})
