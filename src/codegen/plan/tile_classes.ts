/**
 * Groups the tile values of a region into classes that should share one layout: element-wise operations want
 * their operands where the result is, carried values stay where they are. Reductions, broadcasts and computed
 * indices tie a smaller class to a larger one, whose layout it should be a part of.
 */
import { sameBlocks } from '../../ir/dim_index.ts'
import { type BlockId, type DotNode, type MemoryNode, type Node, ONE, type Region } from '../../ir/node.ts'
import { accessed, crossedAxes, isMemory, isPure } from '../../ir/node_rules.ts'
import { operandRoles, operandsOf, walk } from '../../ir/traverse.ts'
import { unreachable } from '../../support/errors.ts'

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
  return isPure(node) && operandsOf(node).every((operand) => !isTile(operand) || flexible.has(operand))
}

function joinSharing(node: Node, groups: UnionFind): void {
  const value = isMemory(node) ? accessed(node) : node
  for (const { operand, role } of operandRoles(node)) {
    // Computed indices over the same blocks as the access belong right beside it.
    if (role === 'same' || (role === 'position' && sameBlocks(operand, value))) groups.join(value, operand)
  }
  if (node.kind === 'result') groups.join(node, node.loop.phis[node.index])
  if (node.kind !== 'loop') return
  node.phis.forEach((phi, i) => {
    groups.join(phi, node.inits[i])
    groups.join(phi, node.yields[i])
  })
}

function describe(node: Node, of: (node: Node | undefined) => TileClass | undefined): void {
  const part = (child: Node, parent: Node): void => {
    const [small, large] = [of(child), of(parent)]
    if (small && large && small !== large && small.blocks.size < large.blocks.size) small.parents.add(large)
  }
  const value = isMemory(node) ? accessed(node) : node
  const own = of(value)
  if (isMemory(node)) own?.accesses.push(node)
  if (node.kind === 'dot') own?.dots.push(node)
  for (const { operand, role } of operandRoles(node)) {
    switch (role) {
      case 'part':
      case 'position':
        part(operand, value)
        break
      case 'whole':
        part(node, operand)
        for (const axis of crossedAxes(node)) of(operand)?.reduced.add(axis)
        break
      case 'left':
      case 'right':
        if (node.kind === 'dot') of(operand)?.operandOf.push({ dot: node, side: role === 'left' ? 'a' : 'b' })
        break
      case 'source':
      case 'same':
        for (const axis of crossedAxes(node)) if (own?.blocks.has(axis)) own.reduced.add(axis)
        break
      case 'bound':
      case 'carried':
        break
      default:
        unreachable(role)
    }
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

/** Disjoint sets of nodes; nodes that were never added are in none. */
class UnionFind {
  readonly #parent = new Map<Node, Node>()

  add(node: Node): void {
    if (isTile(node) && !this.#parent.has(node)) this.#parent.set(node, node)
  }

  find(node: Node): Node | undefined {
    let [root, above] = [this.#parent.get(node), node]
    while (root && this.#parent.get(root) !== root) {
      // Shortens the way for the next one: chains of thousands of operations would take time in squares.
      const top = this.#parent.get(root)
      if (top) this.#parent.set(above, top)
      ;[above, root] = [root, top]
    }
    return root
  }

  join(a: Node | undefined, b: Node | undefined): void {
    const [left, right] = [a && this.find(a), b && this.find(b)]
    if (left && right && left !== right) this.#parent.set(right, left)
  }
}
