/**
 * Folds and scans of a row that a loop streams in chunks: what came before a chunk is carried as a state,
 * combined with the chunk's own.
 */
import { constantTile, type RegionBuilder, tileType } from '../../ir/build.ts'
import { combined, operationOf } from '../../ir/combine.ts'
import {
  type Axis,
  type BlockId,
  type Combine,
  type FoldNode,
  type Node,
  type NodeSpec,
  ONE,
  type PhiNode,
  type Region,
  type ScanNode,
} from '../../ir/node.ts'
import { crossedAxes } from '../../ir/node_rules.ts'
import { reductionBy } from '../analysis/reduce_rules.ts'

type Combining = FoldNode | ScanNode

/** The parts of one computation along the row. */
interface Streamed {
  readonly like: Combining
  /** What came before the chunk, a value for every part. */
  readonly carried: readonly PhiNode[]
  /** The parts of the scan, once they are made. */
  scanned: readonly Node[] | undefined
}

/** The folds and scans of one pass over a row. */
export class StreamedStates {
  readonly #streamed: Streamed[] = []
  readonly #of = new Map<Node, Streamed>()
  readonly #row: BlockId
  readonly #inner: RegionBuilder

  /** `inner` makes the loop's body. */
  constructor(nodes: Region, row: BlockId, inner: RegionBuilder) {
    this.#row = row
    this.#inner = inner
    for (const node of nodes) {
      if ('combine' in node && crossedAxes(node).includes(row)) this.#of.set(node, this.#find(node))
    }
  }

  get phis(): readonly PhiNode[] {
    return this.#streamed.flatMap(({ carried }) => carried)
  }

  /** The identity, or anything where none is known: it is not looked at then. */
  inits(builder: RegionBuilder): readonly Node[] {
    return this.#streamed.flatMap(({ like, carried }) =>
      carried.map(({ type }, part) => {
        const { location, identity } = like
        return constantTile(builder, { type, location }, identity?.[part] ?? 0)
      }),
    )
  }

  /** What the scan of the whole row has in the chunk; `spec` is the scan with operands of the chunk. */
  scanned(node: ScanNode, spec: NodeSpec): NodeSpec | Node {
    const streamed = this.#of.get(node)
    if (!streamed || spec.kind !== 'scan') return spec
    const { axes } = node.type
    const own = (): readonly Node[] =>
      spec.args.map(({ type }, part) => this.#inner.add({ ...spec, type, part }))
    streamed.scanned ??= this.#joined(
      streamed,
      streamed.carried.map((carried) => this.#along(carried, axes, node.axis)),
      own(),
    )
    return streamed.scanned[node.part] ?? spec
  }

  /** What is carried behind the chunk; `local` has the values of the chunk. */
  yields(local: ReadonlyMap<Node, Node>): readonly Node[] {
    return this.#streamed.flatMap((streamed) => {
      const { like, carried } = streamed
      const { combine, axis, identity, location } = like
      const args = like.args.map((arg) => local.get(arg) ?? arg)
      const op = identity && reductionBy(operationOf(combine))
      const totals = carried.map(({ type }, part) => {
        const [arg] = args
        return op && arg
          ? this.#inner.add({ kind: 'reduce', type, location, op, arg, axis })
          : this.#inner.add({ kind: 'fold', type, location, combine, args, axis, part, identity })
      })
      return this.#joined(streamed, carried, totals)
    })
  }

  /** The folds, each with the place of its value among what is carried. */
  get folds(): readonly (readonly [FoldNode, number])[] {
    return [...this.#of].flatMap(([node, { carried }]) => {
      const phi = node.kind === 'fold' ? carried[node.part] : undefined
      return node.kind === 'fold' && phi ? [[node, this.phis.indexOf(phi)] as const] : []
    })
  }

  #find(node: Combining): Streamed {
    const known = this.#streamed.find(({ like }) => isPartOf(node, like))
    if (known) return known
    const { location, axis } = node
    const carried = node.args.map(({ type }) => {
      const axes = type.axes.filter((_, i) => i !== axis)
      return this.#inner.make({ kind: 'phi', type: tileType(type.dtype, axes), location } as const)
    })
    const streamed: Streamed = { like: node, carried, scanned: undefined }
    this.#streamed.push(streamed)
    return streamed
  }

  /** `before` combined with the chunk's state; that alone in the first chunk, if there is no identity. */
  #joined({ like }: Streamed, before: readonly Node[], own: readonly Node[]): readonly Node[] {
    const axes = own[0]?.type.axes ?? []
    const both = combinedTiles(this.#inner, like.combine, before, own)
    if (like.identity) return both
    const first = this.#isFirst()
    return both.map((value, part) => {
      const state = own[part] ?? value
      const { type, location } = state
      const args = [first, state, spreadOver(this.#inner, value, axes)]
      return this.#inner.add({ kind: 'map', type, location, op: 'where', args })
    })
  }

  /** True in the first chunk. */
  #isFirst(): Node {
    const [location, scalar] = [undefined, tileType('i32')]
    const begin = { kind: 'range', type: scalar, location, block: this.#row, what: 'begin' } as const
    const zero = this.#inner.add({ kind: 'constant', type: scalar, location, value: 0 })
    const args = [this.#inner.add(begin), zero]
    return this.#inner.add({ kind: 'map', type: tileType('bool'), location, op: 'eq', args })
  }

  /** A carried value, repeated along the row. */
  #along(value: Node, axes: readonly Axis[], axis: number): Node {
    const { type, location } = value
    if (type.axes.length === 0) return value
    const unsqueezed = axes.map((other, i) => (i === axis ? ONE : other))
    const view = this.#inner.add({
      kind: 'view',
      type: tileType(type.dtype, unsqueezed),
      location,
      arg: value,
      axes: unsqueezed.map((_, i) => (i === axis ? ONE : i < axis ? i : i - 1)),
    })
    return spreadOver(this.#inner, view, axes)
  }
}

function isPartOf(node: Combining, like: Combining): boolean {
  const { combine, axis, args } = like
  return node.combine === combine && node.axis === axis && node.args.every((arg, i) => arg === args[i])
}

/** `combine` of whole tiles: its operations on every element. */
function combinedTiles(
  builder: RegionBuilder,
  combine: Combine,
  left: readonly Node[],
  right: readonly Node[],
): readonly Node[] {
  const axes = right[0]?.type.axes ?? []
  const values = combined<Node>(combine, left, right, {
    fact: ({ id: _id, ...spec }) => builder.add(spec),
    operation({ id: _id, ...spec }, args) {
      const type = tileType(spec.type.dtype, args.some((arg) => arg.type.axes.length > 0) ? axes : [])
      return spec.kind === 'cast'
        ? builder.add({ ...spec, type, arg: args[0] ?? builder.add(spec) })
        : builder.add({ ...spec, type, args })
    },
  })
  return values.map((value) => spreadOver(builder, value, axes))
}

/** `node`, which has these axes, ONE for some of them, or none. */
function spreadOver(builder: RegionBuilder, node: Node, axes: readonly Axis[]): Node {
  const { type, location } = node
  if (type.axes.length === axes.length && axes.every((axis, i) => axis === type.axes[i])) return node
  return builder.add({ kind: 'broadcast', type: tileType(type.dtype, axes), location, arg: node })
}
