import { describe, expect, it } from 'vitest'
import { NodeFactory, RegionBuilder, tileType } from '../../src/ir/build.ts'
import type { Node } from '../../src/ir/node.ts'
import { printRegion } from '../../src/ir/print.ts'
import {
  hasEffect,
  operandsOf,
  removeDeadNodes,
  rewriteRegion,
  walk,
  withOperands,
} from '../../src/ir/traverse.ts'
import { block, Maker } from './regions.ts'

const BLOCKS = [block(0), block(1)]

/** out[i] = sum over the rows of x, plus one; with a value nobody needs. */
function accumulate(): Maker {
  const maker = new Maker()
  const i = maker.index(0)
  maker.map('exp', [maker.load(0, [i], [0])], [0])
  const init = maker.load(1, [i], [0])
  const [, total] = maker.loop(1, init, (inside, carried) => {
    const row = inside.load(0, [inside.index(1), i], [1, 0])
    const sum = inside.node({
      kind: 'reduce',
      op: 'sum',
      type: tileType('f32', [0]),
      location: undefined,
      arg: row,
      axis: 0,
    })
    inside.map('exp', [sum], [0])
    return inside.map('add', [carried, sum], [0])
  })
  maker.store(1, [i], maker.map('add', [total, maker.number(1)], [0]))
  return maker
}

describe('operands', () => {
  it('of every kind of node come back after being replaced', () => {
    const maker = accumulate()
    const kinds = new Set<string>()
    walk(maker.nodes, (node) => {
      kinds.add(node.kind)
      const seen: Node[] = []
      const copy = withOperands(node, (operand) => {
        seen.push(operand)
        return operand
      })
      expect(seen).toEqual(operandsOf(node))
      const { id: _id, ...content } = node
      expect(copy).toEqual(content)
    })
    expect([...kinds].sort()).toEqual([
      'constant',
      'index',
      'load',
      'loop',
      'map',
      'reduce',
      'result',
      'store',
    ])
  })

  it('of the kinds that this region lacks', () => {
    const maker = new Maker()
    const [a, b, acc] = [maker.number(1), maker.number(2), maker.number(3)]
    const common = { type: tileType('f32'), location: undefined }
    const dot = maker.node({ kind: 'dot', ...common, site: 0, a, b, acc })
    expect(operandsOf(dot)).toEqual([a, b, acc])
    expect(operandsOf(maker.node({ kind: 'dot', ...common, site: 0, a, b, acc: undefined }))).toEqual([a, b])
    const cast = maker.node({ kind: 'cast', ...common, arg: a, bits: false })
    const view = maker.node({ kind: 'view', ...common, arg: cast, axes: [] })
    const broadcast = maker.node({ kind: 'broadcast', ...common, arg: view })
    const atomic = maker.node({
      kind: 'atomic',
      expected: undefined,
      ...common,
      op: 'add',
      tensor: 0,
      index: [a],
      mask: undefined,
      value: broadcast,
    })
    expect([cast, view, broadcast, atomic].map(operandsOf)).toEqual([[a], [cast], [view], [a, broadcast]])
    const swapped = withOperands(dot, (operand) => (operand === a ? b : operand))
    expect(swapped).toMatchObject({ a: b, b, acc })
  })
})

describe('walking', () => {
  it('visits loops before their bodies, with the depth', () => {
    const seen: string[] = []
    walk(accumulate().nodes, (node, depth) => seen.push(`${depth} ${node.kind}`))
    expect(seen.slice(5, 14)).toEqual([
      '0 constant',
      '0 loop',
      '1 index',
      '1 load',
      '1 reduce',
      '1 map',
      '1 map',
      '0 result',
      '0 constant',
    ])
  })

  it('knows effects inside of loops', () => {
    const maker = accumulate()
    const effects = maker.nodes.filter(hasEffect).map((node) => node.kind)
    expect(effects).toEqual(['store'])
    const outer = new Maker()
    const [loop] = outer.loop(1, outer.number(0), (inside, carried) => {
      inside.store(0, [inside.index(1)], carried)
      return carried
    })
    expect(hasEffect(loop)).toBe(true)
  })
})

describe('rewriting', () => {
  it('copies loops with their carried values and substitutes operands', () => {
    const maker = accumulate()
    const builder = new RegionBuilder(new NodeFactory())
    rewriteRegion(maker.nodes, builder, new Map(), (spec) =>
      spec.kind === 'map' && spec.op === 'add' ? { ...spec, op: 'maximum' } : spec,
    )
    expect(printRegion(builder.nodes, BLOCKS)).toBe(
      printRegion(maker.nodes, BLOCKS).replaceAll(' add ', ' maximum '),
    )
    const old = new Set<Node>()
    walk(maker.nodes, (node) => old.add(node))
    walk(builder.nodes, (node) => {
      for (const operand of operandsOf(node)) expect(old.has(operand)).toBe(false)
    })
  })

  it('can answer a node with one that is there already', () => {
    const maker = new Maker()
    const x = maker.load(0, [maker.index(0)], [0])
    maker.store(0, [maker.index(0)], maker.map('mul', [x, maker.number(1)], [0]))
    const builder = new RegionBuilder(new NodeFactory())
    const timesOne = (node: Node | undefined): boolean => node?.kind === 'constant' && node.value === 1
    rewriteRegion(maker.nodes, builder, new Map(), (spec) =>
      spec.kind === 'map' && timesOne(spec.args[1]) ? spec.args[0] : spec,
    )
    expect(printRegion(builder.nodes, BLOCKS)).toMatchInlineSnapshot(`
      "%0: i32[tile0] = index tile0
      %1: f32[tile0] = load tensor0[%0]
      %2: f32 = 1
      store tensor0[%0] = %1"
    `)
  })
})

describe('removing dead nodes', () => {
  it('keeps what leads to a store, also through loops', () => {
    const maker = accumulate()
    const kept = removeDeadNodes(maker.nodes, new RegionBuilder(new NodeFactory()))
    expect(printRegion(maker.nodes, BLOCKS)).toMatchInlineSnapshot(`
      "%0: i32[tile0] = index tile0
      %1: f32[tile0] = load tensor0[%0]
      %2: f32[tile0] = exp %1
      %3: f32[tile0] = load tensor1[%0]
      %4: i32 = 0
      %5: i32 = 8
      %7 = loop tile1 in %4..%5 carrying %6: f32[tile0] = %3
        %8: i32[tile1] = index tile1
        %9: f32[tile1, tile0] = load tensor0[%8, %0]
        %10: f32[tile0] = sum %9 along 0
        %11: f32[tile0] = exp %10
        %12: f32[tile0] = add %6, %10
        yield %12
      %13: f32[tile0] = result %7 0
      %14: f32 = 1
      %15: f32[tile0] = add %13, %14
      store tensor1[%0] = %15"
    `)
    expect(printRegion(kept, BLOCKS)).toMatchInlineSnapshot(`
      "%0: i32[tile0] = index tile0
      %1: f32[tile0] = load tensor1[%0]
      %2: i32 = 0
      %3: i32 = 8
      %5 = loop tile1 in %2..%3 carrying %4: f32[tile0] = %1
        %6: i32[tile1] = index tile1
        %7: f32[tile1, tile0] = load tensor0[%6, %0]
        %8: f32[tile0] = sum %7 along 0
        %9: f32[tile0] = add %4, %8
        yield %9
      %10: f32[tile0] = result %5 0
      %11: f32 = 1
      %12: f32[tile0] = add %10, %11
      store tensor1[%0] = %12"
    `)
  })

  it('removes a loop that nothing needs, and keeps one that stores', () => {
    const maker = new Maker()
    maker.loop(1, maker.number(0), (_inside, carried) => carried)
    maker.loop(1, maker.number(0), (inside, carried) => {
      inside.store(0, [inside.index(1)], carried)
      return carried
    })
    const kept = removeDeadNodes(maker.nodes, new RegionBuilder(new NodeFactory()))
    expect(kept.filter((node) => node.kind === 'loop')).toHaveLength(1)
    expect(removeDeadNodes(kept.slice(0, -2), new RegionBuilder(new NodeFactory()))).toEqual([])
  })
})
