/**
 * From workgroups to tiles: the order in which programs are numbered (`loop_orders`, `l2_groupings`), and how
 * workgroups take them (`pid_type`): one each, along x or over three dimensions, or as many as the launch
 * has.
 */
import type { BlockId } from '../ir/node.ts'
import { maxOf, type Size, sizeOp, sizeProduct } from '../ir/size.ts'
import { operand } from '../ir/wgsl_text.ts'
import { ConfigError, unreachable } from '../support/errors.ts'
import { sumText } from './coordinates.ts'
import type { Lowering } from './lowering.ts'
import type { LaunchGrid } from './program.ts'

export interface GridText {
  readonly launch: LaunchGrid
  /** The `@builtin` parameters that the text uses. */
  readonly builtins: readonly string[]
}

const WORKGROUP = '@builtin(workgroup_id) workgroup: vec3u'
const WORKGROUPS = '@builtin(num_workgroups) workgroups: vec3u'

/**
 * Emits the choice of the tile and then `body`. `blocks` are the grid's dimensions as the author wrote them.
 */
export function lowerGrid(lowering: Lowering, blocks: readonly BlockId[], body: () => void): GridText {
  const wanted = blocks.map((id) => {
    const block = lowering.bound.block(id)
    return sizeOp('cdiv', block.size, lowering.bound.extent(id))
  })
  const total = sizeProduct(wanted)
  // Nothing is launched for an empty dimension, but WGSL refuses a text that divides by it.
  const counts = wanted.map((count) => (count === 0 ? 1 : count))
  const { pidType } = lowering.bound
  switch (pidType) {
    case 'xyz':
      return lowerXyz(lowering, blocks, wanted, body)
    case 'flat':
      return lowerFlat(lowering, blocks, counts, total, body)
    case 'persistent_blocked':
    case 'persistent_interleaved':
      return lowerPersistent(lowering, blocks, counts, total, pidType === 'persistent_blocked', body)
    default:
      return unreachable(pidType)
  }
}

function lowerFlat(
  lowering: Lowering,
  blocks: readonly BlockId[],
  counts: readonly Size[],
  total: Size,
  body: () => void,
): GridText {
  const { out, bound, launch } = lowering
  const folded = maxOf(total) > bound.limits.maxWorkgroupsPerDimension
  out.line(folded ? 'let pid = workgroup.x + workgroup.y * workgroups.x;' : 'let pid = workgroup.x;')
  if (folded) out.block('branch', `if (pid >= ${launch.size(total)})`, () => out.line('return;'))
  enterTiles(lowering, blocks, counts, 'pid')
  body()
  return {
    launch: { kind: 'linear', count: total },
    builtins: folded ? [WORKGROUP, WORKGROUPS] : [WORKGROUP],
  }
}

function lowerXyz(
  lowering: Lowering,
  blocks: readonly BlockId[],
  counts: readonly Size[],
  body: () => void,
): GridText {
  if (blocks.length > 3) {
    throw new ConfigError(`pid_type 'xyz' needs at most 3 dimensions; the grid has ${blocks.length}`, {
      remedy: `Use pid_type 'flat'.`,
    })
  }
  // The dimension that is walked fastest lies along x.
  const order = [...lowering.bound.orderOf(blocks)].reverse()
  const sizes: Size[] = order.map((dimension) => counts[dimension] ?? 1)
  order.forEach((dimension, i) => {
    enterTile(lowering, blocks[dimension] ?? 0, `workgroup.${'xyz'[i]}`)
  })
  body()
  return {
    launch: { kind: 'xyz', counts: [sizes[0] ?? 1, sizes[1] ?? 1, sizes[2] ?? 1] },
    builtins: [WORKGROUP],
  }
}

function lowerPersistent(
  lowering: Lowering,
  blocks: readonly BlockId[],
  counts: readonly Size[],
  total: Size,
  blocked: boolean,
  body: () => void,
): GridText {
  const { out, bound, launch } = lowering
  const workers = bound.limits.computeUnits * bound.config.numSmMultiplier
  const launched = Math.min(workers, bound.limits.maxWorkgroupsPerDimension)
  const all = launch.size(total)
  const round = (): void => {
    enterTiles(lowering, blocks, counts, 'pid')
    body()
  }
  if (blocked) {
    out.line(`let share = (${all} + workgroups.x - 1u) / workgroups.x;`)
    out.line(`let last = min((workgroup.x + 1u) * share, ${all});`)
    out.block('programs', 'for (var pid = workgroup.x * share; pid < last; pid++)', round)
  } else out.block('programs', `for (var pid = workgroup.x; pid < ${all}; pid += workgroups.x)`, round)
  return {
    launch: { kind: 'linear', count: sizeOp('min', total, launched) },
    builtins: [WORKGROUP, WORKGROUPS],
  }
}

/** From a program's number to the tile of every dimension; the last in the order is walked fastest. */
function enterTiles(
  lowering: Lowering,
  blocks: readonly BlockId[],
  counts: readonly Size[],
  pid: string,
): void {
  const { out, bound, launch } = lowering
  const order = bound.orderOf(blocks)
  const grouping = bound.l2Grouping(blocks)
  const countOf = (position: number): Size => counts[order[position] ?? 0] ?? 1
  const blockAt = (position: number): BlockId => blocks[order[position] ?? 0] ?? 0
  let rest = pid
  let last = order.length - 1
  if (grouping > 1 && order.length > 1) {
    const plane = launch.size(sizeOp('mul', countOf(last - 1), countOf(last)))
    const inPlane = order.length > 2 ? out.let('plane_pid', `${rest} % ${plane}`) : rest
    enterGrouped(
      lowering,
      inPlane,
      grouping,
      [blockAt(last - 1), blockAt(last)],
      [countOf(last - 1), countOf(last)],
    )
    if (order.length > 2) rest = out.let('pid_rest', `${rest} / ${plane}`)
    last -= 2
  }
  for (let position = last; position > 0; position--) {
    const count = countOf(position)
    if (count === 1) {
      enterTile(lowering, blockAt(position), '0u')
      continue
    }
    const divisor = operand(launch.size(count))
    enterTile(lowering, blockAt(position), `${operand(rest)} % ${divisor}`)
    rest = out.let('pid_rest', `${operand(rest)} / ${divisor}`)
  }
  if (last >= 0) enterTile(lowering, blockAt(0), rest)
}

/**
 * Walks `grouping` rows of tiles column by column before moving on, so that neighbours share what they read.
 */
function enterGrouped(
  lowering: Lowering,
  pid: string,
  grouping: number,
  [rowBlock, columnBlock]: readonly [BlockId, BlockId],
  [rows, columns]: readonly [Size, Size],
): void {
  const { out, launch } = lowering
  const perGroup = launch.size(sizeOp('mul', columns, grouping))
  const first = out.let('first_row', `${pid} / ${perGroup} * ${grouping}u`)
  const height = out.let('rows_here', `min(${launch.size(rows)} - ${first}, ${grouping}u)`)
  const within = out.let('pid_in_group', `${pid} % ${perGroup}`)
  enterTile(lowering, rowBlock, `${first} + ${within} % ${height}`)
  enterTile(lowering, columnBlock, `${within} / ${height}`)
}

function enterTile(lowering: Lowering, id: BlockId, tile: string): void {
  const { out, bound, launch } = lowering
  const block = bound.block(id)
  const number = out.let(`${block.name}_id`, tile)
  const extent = bound.extent(id)
  const end = block.end ?? block.size
  const offset = sizeOp('sub', end, block.size)
  const terms = [extent === 1 ? number : `${number} * ${extent}u`]
  const begin = sumText(offset === 0 ? terms : [...terms, launch.size(offset)])
  lowering.places.set(id, {
    begin: out.shared(`${block.name}_begin`, begin),
    end: launch.size(end),
    id: number,
  })
}
