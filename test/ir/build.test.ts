import { describe, expect, it } from 'vitest'
import { NodeFactory, RegionBuilder, sizeNode, tileType } from '../../src/ir/build.ts'
import { type ConstantNode, UNNUMBERED } from '../../src/ir/node.ts'
import { isPure } from '../../src/ir/node_rules.ts'
import { type SizeSymbol, sizeOp } from '../../src/ir/size.ts'
import type { DType } from '../../src/support/dtypes.ts'

const SCALAR = tileType('f32')
const M: SizeSymbol = { op: 'symbol', key: 'm', tensor: 0, axis: 0, multipleOf: 1, max: undefined }

function newBuilder(): RegionBuilder {
  return new RegionBuilder(new NodeFactory())
}

function constant(builder: RegionBuilder, value: number, dtype: DType = 'f32'): ConstantNode {
  return builder.add({ kind: 'constant', type: tileType(dtype), location: undefined, value })
}

describe('equal pure nodes are one node', () => {
  it('by kind, type and operands, wherever they were written', () => {
    const builder = newBuilder()
    const [one, again] = [constant(builder, 1), constant(builder, 1)]
    expect(again).toBe(one)
    const spec = { kind: 'map', op: 'add', type: SCALAR, args: [one, again] } as const
    const sum = builder.add({ ...spec, location: { file: 'a.ts', line: 1, column: 1 } })
    expect(builder.add({ ...spec, location: { file: 'b.ts', line: 2, column: 2 } })).toBe(sum)
    expect(builder.nodes).toEqual([one, sum])
    const { kind, op, type, args } = spec
    expect(builder.add({ args, type, op, kind, location: undefined })).toBe(sum)
  })

  it('but not of another dtype, operation, operand or value', () => {
    const builder = newBuilder()
    const [one, two] = [constant(builder, 1), constant(builder, 2)]
    expect(constant(builder, 1, 'f16')).not.toBe(one)
    const map = (op: 'add' | 'sub', args: readonly ConstantNode[]) =>
      builder.add({ kind: 'map', op, type: SCALAR, location: undefined, args })
    const sum = map('add', [one, two])
    expect(map('sub', [one, two])).not.toBe(sum)
    expect(map('add', [two, one])).not.toBe(sum)
  })

  it('and numbers that JavaScript confuses stay apart', () => {
    const builder = newBuilder()
    const values = [0, -0, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
    const nodes = values.map((value) => constant(builder, value))
    expect(new Set(nodes).size).toBe(values.length)
    expect(values.map((value) => constant(builder, value))).toEqual(nodes)
    expect(nodes.map((node) => node.value)).toEqual(values)
  })

  it('but reading memory twice stays twice', () => {
    const builder = newBuilder()
    const spec = {
      kind: 'load',
      type: SCALAR,
      location: undefined,
      site: UNNUMBERED,
      tensor: 0,
      index: [],
      mask: undefined,
    } as const
    expect(builder.add(spec)).not.toBe(builder.add(spec))
    expect(isPure({ kind: 'load' })).toBe(false)
    expect(isPure({ kind: 'reduce' })).toBe(false)
    expect(isPure({ kind: 'map' })).toBe(true)
  })
})

describe('regions', () => {
  it('see what was made around them, and hide what is made inside', () => {
    const outer = newBuilder()
    const one = constant(outer, 1)
    const inner = outer.nested()
    expect(constant(inner, 1)).toBe(one)
    const two = constant(inner, 2)
    expect(inner.nodes).toEqual([two])
    expect(constant(outer, 2)).not.toBe(two)
    expect(constant(outer.nested(), 2)).not.toBe(two)
  })

  it('number nodes over all builders of a factory', () => {
    const outer = newBuilder()
    const first = constant(outer, 1)
    const phi = outer.nested().make({ kind: 'phi', type: SCALAR, location: undefined } as const)
    const third = constant(outer, 3)
    expect([first.id, phi.id, third.id]).toEqual([0, 1, 2])
    const copy = outer.make({ ...first })
    expect(copy.id).toBe(3)
    expect(Object.isFrozen(copy)).toBe(true)
  })

  it('hold sizes as numbers where they are known', () => {
    const builder = newBuilder()
    expect(sizeNode(builder, 7)).toMatchObject({ kind: 'constant', value: 7, type: { dtype: 'i32' } })
    expect(sizeNode(builder, M)).toMatchObject({ kind: 'size', size: M, type: { dtype: 'i32' } })
    expect(sizeNode(builder, { ...M })).toBe(builder.nodes[1])
    expect(sizeNode(builder, sizeOp('add', M, 1))).not.toBe(builder.nodes[1])
    expect(sizeNode(builder, sizeOp('add', M, 1))).toBe(builder.nodes[2])
  })
})
