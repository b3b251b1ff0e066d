/**
 * Sums that are rescaled whenever a maximum grows. A product that adds to them does it itself, where its
 * sums are: in parts that threads hold (`mma: 'direct'`), or in fragments of matrix units. Out of these it
 * takes them, so there they are rescaled by an older maximum as long as the present one has not got far
 * ahead of it, and once more after the loop. The sums and the maximum that they are rescaled by go
 * together, so the end is the same (the threshold of FlashAttention-4, Dao et al. 2025).
 */
import { constantTile, type NodeFactory, RegionBuilder, tileType } from '../../ir/build.ts'
import {
  type DotNode,
  type LoopNode,
  type Node,
  ONE,
  type PhiNode,
  type Region,
  type ResultNode,
} from '../../ir/node.ts'
import { isMoving } from '../../ir/node_rules.ts'
import type { OpName } from '../../ir/ops.ts'
import { mapGrids, type TileProgram } from '../../ir/tile_program.ts'
import { loopWithBody, operandsOf, rewriteRegion } from '../../ir/traverse.ts'
import { type RescaledSums, rescaledSums } from '../analysis/rescaled_sums.ts'
import type { BoundConfig } from '../plan/bound_config.ts'
import type { Plan } from '../plan/plan.ts'
import { spread } from './total_of_parts.ts'

/** How far the maximum may get ahead: factors up to 2^8, which are far from the largest f16. */
const SLACK: Readonly<Record<RescaledSums['exp'], number>> = { exp2: 8, exp: 8 * Math.LN2 }

export function rescaleInProducts({ program, bound }: Plan, nodes: NodeFactory): TileProgram {
  return mapGrids(program, (grid) => {
    const loops = new Map<LoopNode, Rescaling>()
    for (const node of grid.body) {
      const rescaled = node.kind === 'loop' ? rescaledSums(node) : undefined
      if (node.kind !== 'loop' || !rescaled) continue
      const products = new Set([...rescaled.sums].flatMap((index) => productAt(node, index, bound) ?? []))
      const isLazy = isWorthwhile(node, rescaled, bound)
      if (products.size > 0) loops.set(node, { rescaled, products, isLazy })
    }
    return loops.size === 0 ? grid : { ...grid, body: newRegion(grid.body, loops, new RegionBuilder(nodes)) }
  })
}

/** How sums are rescaled: by these products. */
interface Rescaling {
  readonly rescaled: RescaledSums
  readonly products: ReadonlySet<Node>
  readonly isLazy: boolean
}

/** A product that can rescale what it adds to; undefined for other sums. */
function productAt({ yields }: LoopNode, index: number, bound: BoundConfig): DotNode | undefined {
  const next = yields[index]
  return next?.kind === 'dot' && bound.mma(next) !== 'fma' ? next : undefined
}

/** True for sums in fragments, of which nothing overflows: halves are operands of products only. */
function isWorthwhile(
  { phis, yields, body }: LoopNode,
  { top, sums, factors }: RescaledSums,
  bound: BoundConfig,
): boolean {
  const onMatrices = [...sums].some((index) => {
    const next = yields[index]
    return next?.kind === 'dot' && bound.mma(next) === 'subgroup_matrix'
  })
  const isSingle = (node: Node | undefined): boolean => node?.type.dtype === 'f32'
  return (
    onMatrices &&
    [top.index, ...sums].every((index) => isSingle(phis[index])) &&
    body.every(
      (node) =>
        keepsMagnitude(node) || operandsOf(node).every((value) => !factors.has(value) || isSingle(value)),
    )
  )
}

/** True for what halves can go through with a factor in them: products, whose sums are larger, and masks. */
function keepsMagnitude(node: Node): boolean {
  return node.kind === 'dot' || isMoving(node) || (node.kind === 'map' && node.op === 'where')
}

/** A loop as it is now, and where its maximum is among what it carries. */
interface Lazy {
  readonly loop: LoopNode
  readonly rescaled: RescaledSums
  readonly highest: number
}

function newRegion(region: Region, loops: ReadonlyMap<LoopNode, Rescaling>, builder: RegionBuilder): Region {
  const map = new Map<Node, Node>()
  const lazy = new Map<LoopNode, Lazy>()
  for (const node of region) {
    const found = node.kind === 'loop' ? loops.get(node) : undefined
    const done = node.kind === 'result' ? lazy.get(node.loop) : undefined
    if (node.kind === 'loop' && found?.isLazy) lazy.set(node, addLazy(node, found, builder, map))
    else if (node.kind === 'loop' && found) addRescaled(node, found, builder, map)
    else if (node.kind === 'result' && done) map.set(node, resultOf(node, done, builder))
    else rewriteRegion([node], builder, map)
  }
  return builder.nodes
}

/** The loop with its sums rescaled by the products that add to them. */
function addRescaled(
  loop: LoopNode,
  { products }: Rescaling,
  builder: RegionBuilder,
  map: Map<Node, Node>,
): void {
  const spec = loopWithBody(loop, builder, map, (inner, known) =>
    rewriteRegion(loop.body, inner, known, (made, node) =>
      products.has(node) && made.kind === 'dot' ? rescaledDot(made) : made,
    ),
  )
  map.set(loop, builder.add(spec))
}

function addLazy(loop: LoopNode, rescaling: Rescaling, builder: RegionBuilder, map: Map<Node, Node>): Lazy {
  const { rescaled, products } = rescaling
  const { top, exp } = rescaled
  const { phi, next } = top
  const init = loop.inits[top.index]
  if (!init) throw new Error('a loop without a maximum')
  const carried: { phi: PhiNode; next: Node }[] = []
  const spec = loopWithBody(loop, builder, map, (inner, known) => {
    const { id: _id, ...plain } = phi
    const highest = inner.make(plain)
    rewriteRegion(loop.body, inner, known, (made, node, at) => {
      if (node === next) {
        const [own, seen] = [known.get(phi) ?? phi, known.get(top.seen) ?? top.seen]
        carried.push({ phi: highest, next: mapOf(at, next, 'maximum', highest, seen) })
        const limit = mapOf(at, next, 'add', own, constantTile(at, next, SLACK[exp]))
        return mapOf(at, next, 'where', mapOf(at, next, 'gt', seen, limit), seen, own)
      }
      return products.has(node) && made.kind === 'dot' ? rescaledDot(made) : made
    })
  })
  const [highest] = carried
  if (!highest) throw new Error('a loop without a maximum')
  const made = builder.add({
    ...spec,
    phis: [...spec.phis, highest.phi],
    inits: [...spec.inits, map.get(init) ?? init],
    yields: [...spec.yields, highest.next],
  })
  map.set(loop, made)
  return { loop: made, rescaled, highest: loop.phis.length }
}

/** The dot with what it adds to, and what that is multiplied by, apart. */
function rescaledDot(dot: Omit<DotNode, 'id'>): Omit<DotNode, 'id'> {
  const { acc } = dot
  const [phi, factor] =
    acc?.kind === 'map'
      ? acc.args.toSorted((a, b) => Number(b.kind === 'phi') - Number(a.kind === 'phi'))
      : []
  const rows = factor?.kind === 'broadcast' ? factor.arg : undefined
  return phi && rows?.type.axes.at(-1) === ONE ? { ...dot, acc: phi, rescale: rows } : dot
}

/** What a loop that was written anew gives: the maximum, and the sums as if that had rescaled them. */
function resultOf(
  { index, type, location }: ResultNode,
  { loop, rescaled, highest }: Lazy,
  builder: RegionBuilder,
): Node {
  const { top, sums, exp } = rescaled
  const given = (at: number, like: Node): Node =>
    builder.add({ kind: 'result', type: like.type, location, loop, index: at })
  const [own, phi] = [loop.phis[index], loop.phis[top.index]]
  if (!own || !phi) throw new Error('a loop without a maximum')
  if (index === top.index) return given(highest, own)
  const sum = given(index, own)
  if (!sums.has(index)) return sum
  const [older, latest] = [given(top.index, phi), given(highest, phi)]
  const less = mapOf(builder, phi, exp, mapOf(builder, phi, 'sub', older, latest))
  const one = builder.add({ kind: 'constant', type: tileType('f32'), location, value: 1 })
  // Where both are infinite, their difference is NaN.
  const factor = mapOf(builder, phi, 'where', mapOf(builder, phi, 'eq', older, latest), one, less)
  return builder.add({
    kind: 'map',
    type,
    location,
    op: 'mul',
    args: [sum, spread(builder, factor, type.axes)],
  })
}

function mapOf(builder: RegionBuilder, { type, location }: Node, op: OpName, ...args: readonly Node[]): Node {
  const dtype = op === 'gt' || op === 'eq' ? 'bool' : type.dtype
  return builder.add({ kind: 'map', type: tileType(dtype, type.axes), location, op, args })
}
