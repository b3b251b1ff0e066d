/**
 * Rows that are scanned from their end, ready to be streamed: chunks come from the front, so the row is
 * walked the other way round. Its positions are counted from the end then, and its scans go forwards.
 */
import { type NodeFactory, RegionBuilder, sizeNode } from '../../ir/build.ts'
import type { Combine, Node, NodeSpec, Region } from '../../ir/node.ts'
import { crossedAxes } from '../../ir/node_rules.ts'
import { sizeOp } from '../../ir/size.ts'
import type { TileBlock } from '../../ir/tile_program.ts'
import { rewriteRegion } from '../../ir/traverse.ts'
import { scanDirections } from '../analysis/row_levels.ts'

/** The region with scans along the row that go forwards; there are none, or all come from the end. */
export function walkedForwards(region: Region, row: TileBlock, nodes: NodeFactory): Region {
  if (!scanDirections(region, row.id).has(true)) return region
  const builder = new RegionBuilder(nodes)
  const exchanged = new Map<Combine, Combine>()
  rewriteRegion(region, builder, new Map(), (spec, _node, inner) => {
    if (spec.kind === 'index' && spec.block === row.id) return fromEnd(inner, spec, row)
    if (!('combine' in spec) || !crossedAxes(spec).includes(row.id)) return spec
    if (spec.kind === 'scan') return { ...spec, reverse: false }
    const { left, right, results } = spec.combine
    const combine = exchanged.get(spec.combine) ?? { left: right, right: left, results }
    exchanged.set(spec.combine, combine)
    return { ...spec, combine }
  })
  return builder.nodes
}

/** The position as far from the end as the given one is from the begin. */
function fromEnd(builder: RegionBuilder, index: NodeSpec, { size }: TileBlock): NodeSpec {
  const { type, location } = index
  const args: readonly Node[] = [sizeNode(builder, sizeOp('sub', size, 1)), builder.add(index)]
  return { kind: 'map', type, location, op: 'sub', args }
}
