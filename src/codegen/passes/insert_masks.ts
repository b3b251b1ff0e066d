/**
 * Makes explicit what tiles at the edge of a range must not contribute: reductions and dots read the neutral
 * value there. A load is zero outside anyway, so what only renames or converts a load needs no mask for sums
 * and dots.
 */
import { type NodeSpec, type RegionBuilder, tileType } from '../../ir/build.ts'
import { type BlockId, type Node, ONE, type ReduceOp, type Region } from '../../ir/node.ts'
import { rewriteRegion } from '../../ir/traverse.ts'
import type { DType } from '../../support/dtypes.ts'
import { neutralOf } from '../lower/reduce_rules.ts'
import { readsZeroOutside } from '../memory/access.ts'
import type { BoundConfig } from '../plan/bound_config.ts'

export function insertMasks(region: Region, bound: BoundConfig, builder: RegionBuilder): Region {
  rewriteRegion(region, builder, new Map(), (spec, _node, inner) => {
    if (spec.kind === 'reduce') {
      const block = spec.arg.type.axes[spec.axis] ?? ONE
      return { ...spec, arg: masked(inner, bound, spec.arg, block, neutralFor(spec.op, spec.arg.type.dtype)) }
    }
    if (spec.kind === 'dot') return maskedDot(inner, bound, spec)
    return spec
  })
  return builder.nodes
}

function maskedDot(
  builder: RegionBuilder,
  bound: BoundConfig,
  spec: Extract<NodeSpec, { kind: 'dot' }>,
): NodeSpec {
  const block = spec.a.type.axes[1] ?? ONE
  return { ...spec, a: masked(builder, bound, spec.a, block, 0), b: masked(builder, bound, spec.b, block, 0) }
}

function masked(
  builder: RegionBuilder,
  bound: BoundConfig,
  value: Node,
  block: BlockId,
  neutral: number,
): Node {
  if (block === ONE || !bound.isRagged(block)) return value
  if (neutral === 0 && isZeroOutside(value, block, bound)) return value
  const { axes, dtype } = value.type
  const { location } = value
  const at = axes.indexOf(block)
  const inside = builder.add({ kind: 'inside', type: tileType('bool', [block]), location, block })
  const view = builder.add({
    kind: 'view',
    type: tileType(
      'bool',
      axes.map((axis) => (axis === block ? block : ONE)),
    ),
    location,
    arg: inside,
    axes: axes.map((_, i) => (i === at ? 0 : ONE)),
  })
  const condition =
    axes.length === 1
      ? inside
      : builder.add({ kind: 'broadcast', type: tileType('bool', axes), location, arg: view })
  const constant = builder.add({ kind: 'constant', type: tileType(dtype), location, value: neutral })
  return builder.add({
    kind: 'map',
    type: value.type,
    location,
    op: 'where',
    args: [condition, value, constant],
  })
}

/** True when elements outside the range of `block` are certainly zero. */
function isZeroOutside(node: Node, block: BlockId, bound: BoundConfig): boolean {
  if (!node.type.axes.includes(block)) return false
  switch (node.kind) {
    case 'load':
      return readsZeroOutside(node, block, bound)
    case 'cast':
      return !node.bits && isZeroOutside(node.arg, block, bound)
    case 'view':
    case 'broadcast':
      return isZeroOutside(node.arg, block, bound)
    default:
      return false
  }
}

function neutralFor(op: ReduceOp, dtype: DType): number {
  if (op === 'argmax') return neutralOf('max', dtype)
  if (op === 'argmin') return neutralOf('min', dtype)
  return neutralOf(op, dtype)
}
