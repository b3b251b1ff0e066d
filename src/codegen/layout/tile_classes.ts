/**
 * Groups the tile values of a region into classes that should share one layout: element-wise operations want
 * their operands where the result is, carried values stay where they are. Reductions, broadcasts and computed
 * indices tie a smaller class to a larger one, whose layout it should be a part of.
 */
import { type BlockId, type DotNode, type Node, ONE, type Region } from '../../ir/node.ts'
import { operandsOf, walk } from '../../ir/traverse.ts'
import { type MemoryNode, stripViews } from '../memory/access.ts'

export interface TileClass {
  readonly blocks: ReadonlySet<BlockId>
  /** Dots whose result is in the class. */
  readonly dots: DotNode[]
  /** Dots that read the class, as left (`a`) or right (`b`) operand. */
  readonly operandOf: { readonly dot: DotNode; readonly side: 'a' | 'b' }[]
  readonly accesses: MemoryNode[]
  /** Blocks that reductions remove. */
  readonly reduced: Set<BlockId>
  /** Larger classes that this one is a part of. */
  readonly parents: Set<TileClass>
}

export interface TileClasses {
  readonly all: readonly TileClass[]
  /** The class of a value; undefined for scalars and for values that can be made in any layout. */
  of(node: Node): TileClass | undefined
}

/** True for values with an extent along some block. */
export function isTile(node: Node): boolean {
  return node.type.axes.some((axis) => axis !== ONE)
}

export function classifyTiles(region: Region): TileClasses {
  const groups = new UnionFind()
  const flexible = new Set<Node>()
  walk(region, (node) => {
    if (node.kind === 'loop') for (const phi of node.phis) groups.add(phi)
    if (!isTile(node)) return
    if (isFlexible(node, flexible)) flexible.add(node)
    else groups.add(node)
  })
  walk(region, (node) => joinSharing(node, groups))
  const classes = new Map<Node, TileClass>()
  const of = (node: Node | undefined): TileClass | undefined => {
    const root = node && groups.find(node)
    return root && (classes.get(root) ?? newClass(classes, root))
  }
  walk(region, (node) => describe(node, of))
  return { all: [...classes.values()], of }
}

/** Index arithmetic and spread scalars cost nothing to make again where they are needed. */
function isFlexible(node: Node, flexible: ReadonlySet<Node>): boolean {
  switch (node.kind) {
    case 'index':
    case 'inside':
      return true
    case 'map':
    case 'cast':
    case 'view':
    case 'broadcast':
      return operandsOf(node).every((operand) => !isTile(operand) || flexible.has(operand))
    default:
      return false
  }
}

function joinSharing(node: Node, groups: UnionFind): void {
  switch (node.kind) {
    case 'map':
    case 'cast':
    case 'view':
      for (const operand of operandsOf(node)) groups.join(node, operand)
      return
    case 'dot':
      if (node.acc) groups.join(node, node.acc)
      return
    case 'result':
      groups.join(node, node.loop.phis[node.index])
      return
    case 'loop':
      node.phis.forEach((phi, i) => {
        groups.join(phi, node.inits[i])
        groups.join(phi, node.yields[i])
      })
      return
    case 'load':
    case 'atomic':
    case 'store':
      // Computed indices over the same blocks as the access belong right beside it.
      for (const index of node.index) {
        const value = node.kind === 'load' ? node : node.value
        if (sameBlocks(index, value)) groups.join(value, index)
      }
      return
    default:
      return
  }
}

function describe(node: Node, of: (node: Node | undefined) => TileClass | undefined): void {
  const part = (child: Node, parent: Node): void => {
    const [small, large] = [of(child), of(parent)]
    if (small && large && small !== large && small.blocks.size < large.blocks.size) small.parents.add(large)
  }
  switch (node.kind) {
    case 'broadcast':
      part(node.arg, node)
      return
    case 'reduce':
      part(node, node.arg)
      of(node.arg)?.reduced.add(node.arg.type.axes[node.axis] ?? ONE)
      return
    case 'dot':
      of(node)?.dots.push(node)
      of(node.a)?.operandOf.push({ dot: node, side: 'a' })
      of(node.b)?.operandOf.push({ dot: node, side: 'b' })
      return
    case 'load':
      of(node)?.accesses.push(node)
      for (const index of node.index) part(index, node)
      return
    case 'store':
    case 'atomic':
      of(node.value)?.accesses.push(node)
      for (const index of node.index) part(index, node.value)
      return
    default:
      of(isTile(node) ? node : undefined)
  }
}

function newClass(classes: Map<Node, TileClass>, root: Node): TileClass {
  const blocks = new Set(root.type.axes.filter((axis) => axis !== ONE))
  const made = {
    blocks,
    dots: [],
    operandOf: [],
    accesses: [],
    reduced: new Set<BlockId>(),
    parents: new Set<TileClass>(),
  }
  classes.set(root, made)
  return made
}

/** True when `a`, behind its views, has the blocks of `b`. */
export function sameBlocks(a: Node, b: Node): boolean {
  const [left, right] = [stripViews(a).type.axes, b.type.axes].map((axes) =>
    axes.filter((axis) => axis !== ONE),
  )
  return left?.length === right?.length && (left ?? []).every((axis) => right?.includes(axis))
}

/** Disjoint sets of nodes; nodes that were never added are in none. */
class UnionFind {
  readonly #parent = new Map<Node, Node>()

  add(node: Node): void {
    if (isTile(node) && !this.#parent.has(node)) this.#parent.set(node, node)
  }

  find(node: Node): Node | undefined {
    let root = this.#parent.get(node)
    while (root && this.#parent.get(root) !== root) root = this.#parent.get(root)
    return root
  }

  join(a: Node | undefined, b: Node | undefined): void {
    const [left, right] = [a && this.find(a), b && this.find(b)]
    if (left && right && left !== right) this.#parent.set(right, left)
  }
}
