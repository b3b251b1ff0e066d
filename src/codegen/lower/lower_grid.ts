/**
 * From workgroups to tiles: the order in which programs are numbered (`loop_orders`, `l2_groupings`), and how
 * workgroups take them (`pid_type`): one each, along x or over three dimensions, or as many as the launch
 * has.
 */
import type { BlockId } from '../../ir/node.ts'
import { maxOf, type Size, sizeOp, sizeProduct } from '../../ir/size.ts'
import { blockOf } from '../../ir/tile_program.ts'
import { ConfigError, unreachable } from '../../support/errors.ts'
import type { BoundConfig } from '../plan/bound_config.ts'
import type { LaunchGrid } from '../program.ts'
import type { Lowering } from '../state/lowering.ts'
import type { Expr } from '../thread/expr.ts'
import { typeOf } from '../thread/types.ts'

/**
 * Emits the choice of the tile and then `body`; gives the workgroups to launch. `blocks` are the grid's
 * dimensions as the author wrote them, those in `backwards` numbered from the last tile.
 */
export function lowerGrid(
  lowering: Lowering,
  { blocks, backwards }: GridDimensions,
  body: () => void,
): LaunchGrid {
  const counts = blocks.map((id) => {
    const block = blockOf(lowering.program, id)
    return sizeOp('cdiv', block.size, block.extent)
  })
  const total = sizeProduct(counts)
  const { pidType } = lowering.bound
  const dimensions = { blocks, backwards, counts, total }
  switch (pidType) {
    case 'xyz':
      return lowerXyz(lowering, dimensions, body)
    case 'flat':
      return lowerFlat(lowering, dimensions, body)
    case 'persistent_blocked':
    case 'persistent_interleaved':
      return lowerPersistent(lowering, dimensions, pidType === 'persistent_blocked', body)
    default:
      return unreachable(pidType)
  }
}

/** The dimensions of a grid, outermost first. */
export interface GridDimensions {
  readonly blocks: readonly BlockId[]
  readonly backwards: ReadonlySet<BlockId>
}

/** The same with the tiles along each of them, and of all. */
interface CountedDimensions extends GridDimensions {
  readonly counts: readonly Size[]
  readonly total: Size
}

function lowerFlat(lowering: Lowering, dimensions: CountedDimensions, body: () => void): LaunchGrid {
  const { total } = dimensions
  const { out, e, bound, launch } = lowering
  const folded = maxOf(total) > bound.limits.maxWorkgroupsPerDimension
  const along = e.builtin('workgroup.x')
  const below = e.mul(e.builtin('workgroup.y'), e.builtin('workgroups.x'))
  const pid = out.let('program_id', folded ? e.add(along, below) : along)
  if (folded) out.if('branch', e.binary('>=', pid, launch.size(total)), () => out.return())
  enterTiles(lowering, dimensions, pid)
  body()
  return { kind: 'linear', count: total }
}

const WORKGROUP_IDS = ['workgroup.x', 'workgroup.y', 'workgroup.z'] as const

function lowerXyz(lowering: Lowering, dimensions: CountedDimensions, body: () => void): LaunchGrid {
  const { blocks, counts } = dimensions
  if (blocks.length > 3) {
    throw new ConfigError(`pid_type 'xyz' needs at most 3 dimensions; the grid has ${blocks.length}`, {
      remedy: `Use pid_type 'flat'.`,
    })
  }
  // The dimension that is walked fastest lies along x.
  const order = [...lowering.bound.orderOf(blocks)].reverse()
  const sizes: Size[] = order.map((dimension) => counts[dimension] ?? 1)
  order.forEach((dimension, i) => {
    const number = lowering.e.builtin(WORKGROUP_IDS[i] ?? 'workgroup.z')
    enterTile(lowering, dimensions, blocks[dimension] ?? 0, number)
  })
  body()
  return { kind: 'xyz', counts: [sizes[0] ?? 1, sizes[1] ?? 1, sizes[2] ?? 1] }
}

function lowerPersistent(
  lowering: Lowering,
  dimensions: CountedDimensions,
  blocked: boolean,
  body: () => void,
): LaunchGrid {
  const { total } = dimensions
  const { out, e, bound, launch } = lowering
  const all = launch.size(total)
  const [workgroup, workgroups] = [e.builtin('workgroup.x'), e.builtin('workgroups.x')]
  const counter = out.counter('program_id', typeOf('u32', 1))
  const round = (): void => {
    enterTiles(lowering, dimensions, counter)
    body()
  }
  if (blocked) {
    const share = out.let('programs_each', e.div(e.sub(e.add(all, workgroups), e.u32(1)), workgroups))
    const last = out.let('programs_end', e.call('min', e.mul(e.add(workgroup, e.u32(1)), share), all))
    const init = e.mul(workgroup, share)
    const condition = e.binary('<', counter, last)
    out.loop({ flow: 'programs', counter, init, condition, step: e.u32(1) }, round)
  } else {
    const condition = e.binary('<', counter, all)
    out.loop({ flow: 'programs', counter, init: workgroup, condition, step: workgroups }, round)
  }
  return { kind: 'linear', count: sizeOp('min', total, persistentWorkgroups(bound)) }
}

/** The most workgroups of a launch that stay until all programs are done. */
export function persistentWorkgroups({ limits, config }: BoundConfig): number {
  return Math.min(limits.computeUnits * config.numSmMultiplier, limits.maxWorkgroupsPerDimension)
}

/** From a program's number to the tile of every dimension; the last in the order is walked fastest. */
function enterTiles(lowering: Lowering, dimensions: CountedDimensions, pid: Expr): void {
  const { blocks, counts } = dimensions
  const { out, e, bound, launch } = lowering
  const order = bound.orderOf(blocks)
  const grouping = bound.l2Grouping(blocks)
  const countOf = (position: number): Size => counts[order[position] ?? 0] ?? 1
  const blockAt = (position: number): BlockId => blocks[order[position] ?? 0] ?? 0
  let rest = pid
  let last = order.length - 1
  if (grouping > 1 && order.length > 1) {
    const plane = launch.size(sizeOp('mul', countOf(last - 1), countOf(last)))
    const inPlane = order.length > 2 ? out.let('id_in_plane', e.binary('%', rest, plane)) : rest
    enterGrouped(
      lowering,
      dimensions,
      inPlane,
      grouping,
      [blockAt(last - 1), blockAt(last)],
      [countOf(last - 1), countOf(last)],
    )
    if (order.length > 2) rest = out.let('id_rest', e.div(rest, plane))
    last -= 2
  }
  for (let position = last; position > 0; position--) {
    const count = countOf(position)
    if (count === 1) {
      enterTile(lowering, dimensions, blockAt(position), e.u32(0))
      continue
    }
    const divisor = launch.size(count)
    enterTile(lowering, dimensions, blockAt(position), e.binary('%', rest, divisor))
    rest = out.let('id_rest', e.div(rest, divisor))
  }
  if (last >= 0) enterTile(lowering, dimensions, blockAt(0), rest)
}

/**
 * Walks `grouping` rows of tiles column by column before moving on, so that neighbours share what they read.
 */
function enterGrouped(
  lowering: Lowering,
  dimensions: GridDimensions,
  pid: Expr,
  grouping: number,
  [rowBlock, columnBlock]: readonly [BlockId, BlockId],
  [rows, columns]: readonly [Size, Size],
): void {
  const { out, e, launch } = lowering
  const perGroup = launch.size(sizeOp('mul', columns, grouping))
  const first = out.let('first_row', e.mul(e.div(pid, perGroup), e.u32(grouping)))
  const height = out.let('rows_here', e.call('min', e.sub(launch.size(rows), first), e.u32(grouping)))
  const within = out.let('id_in_group', e.binary('%', pid, perGroup))
  enterTile(lowering, dimensions, rowBlock, e.add(first, e.binary('%', within, height)))
  enterTile(lowering, dimensions, columnBlock, e.div(within, height))
}

function enterTile(lowering: Lowering, { backwards }: GridDimensions, id: BlockId, tile: Expr): void {
  const { out, e, program, launch } = lowering
  const block = blockOf(program, id)
  const fromLast = (): Expr => {
    const count = launch.size(sizeOp('cdiv', block.size, block.extent))
    return e.sub(e.sub(count, e.u32(1)), tile)
  }
  const number = out.let(`${block.name}_id`, backwards.has(id) ? fromLast() : tile)
  const end = block.end ?? block.size
  const offset = sizeOp('sub', end, block.size)
  const begin = e.add(e.mul(number, e.u32(block.extent)), launch.size(offset))
  lowering.places.set(id, {
    begin: out.shared(`${block.name}_begin`, begin),
    end: launch.size(end),
    id: number,
  })
}
