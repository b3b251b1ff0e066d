/** Small regions made by hand, for tests of what works on the IR itself. */
import { NodeFactory, RegionBuilder, tileType } from '../../src/ir/build.ts'
import {
  type Axis,
  type Block,
  type LoopNode,
  NO_VALUE,
  type Node,
  type NodeSpec,
  UNNUMBERED,
} from '../../src/ir/node.ts'
import type { OpName } from '../../src/ir/ops.ts'
import type { DType } from '../../src/support/dtypes.ts'

export function block(id: number, kind: Block['kind'] = 'tile', size = 8): Block {
  return {
    id,
    kind,
    name: `${kind}${id}`,
    size,
    end: size,
    extent: kind === 'grid' ? 1 : undefined,
    grid: 0,
    location: undefined,
  }
}

/** Adds nodes to a region with as few words as possible; nothing is checked. */
export class Maker {
  readonly builder: RegionBuilder

  constructor(builder: RegionBuilder = new RegionBuilder(new NodeFactory())) {
    this.builder = builder
  }

  get nodes(): readonly Node[] {
    return this.builder.nodes
  }

  node<S extends NodeSpec>(spec: S): Node {
    return this.builder.add(spec) as Node
  }

  number(value: number, dtype: DType = 'f32'): Node {
    return this.node({ kind: 'constant', type: tileType(dtype), location: undefined, value })
  }

  index(of: number): Node {
    return this.node({ kind: 'index', type: tileType('i32', [of]), location: undefined, block: of })
  }

  load(tensor: number, index: readonly Node[], axes: readonly Axis[], dtype: DType = 'f32'): Node {
    const type = tileType(dtype, axes)
    return this.node({
      kind: 'load',
      type,
      location: undefined,
      site: UNNUMBERED,
      tensor,
      index,
      mask: undefined,
    })
  }

  store(tensor: number, index: readonly Node[], value: Node): Node {
    const type = tileType(value.type.dtype)
    return this.node({
      kind: 'store',
      type,
      location: undefined,
      site: UNNUMBERED,
      tensor,
      index,
      value,
      mask: undefined,
    })
  }

  map(op: OpName, args: readonly Node[], axes: readonly Axis[], dtype: DType = 'f32'): Node {
    return this.node({ kind: 'map', op, type: tileType(dtype, axes), location: undefined, args })
  }

  /**
   * A loop that carries one value: `body` gets the maker of its region and the carried value, and gives the
   * next.
   */
  loop(over: number, init: Node, body: (inside: Maker, carried: Node) => Node): readonly [LoopNode, Node] {
    const inside = new Maker(this.builder.nested())
    const phi = inside.builder.make({ kind: 'phi', type: init.type, location: undefined } as const)
    const next = body(inside, phi)
    const loop = this.node({
      kind: 'loop',
      type: NO_VALUE,
      location: undefined,
      site: UNNUMBERED,
      blocks: [over],
      begins: [this.number(0, 'i32')],
      ends: [this.number(8, 'i32')],
      phis: [phi],
      inits: [init],
      body: inside.nodes,
      yields: [next],
    }) as LoopNode
    return [loop, this.node({ kind: 'result', type: init.type, location: undefined, loop, index: 0 })]
  }
}
