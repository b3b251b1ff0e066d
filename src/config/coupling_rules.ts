/**
 * Rules between config fields, one function each: a combination that makes no sense is an error for people
 * and is set right silently for a search, so that one config has one form.
 */
import { ConfigError } from '../support/errors.ts'
import { clamp, nextPowerOf2 } from '../support/maths.ts'
import { severalBlocks } from './field_row.ts'
import { isPersistent } from './modes.ts'
import type { ConfigSpecInput } from './spec_input.ts'
import { LEAST_CHUNK, mostChunk } from './tile_sizes.ts'
import { type ConfigValue, isList } from './value.ts'

/** Chunks of a chained scan of a row that would be whole otherwise. */
const LINKS = 8

type Rule = (data: Record<string, ConfigValue>, mode: 'strict' | 'repair', input: ConfigSpecInput) => void

/** Applied in order to complete data whose values are in range. */
export const COUPLING_RULES: readonly Rule[] = [
  multiplierNeedsPersistence,
  matricesFitTheTile,
  threadsFitTheWorkgroup,
  unrolledOnce,
  flatLoopsHaveNoOrder,
  splitRowsAreStreamed,
]

function multiplierNeedsPersistence(data: Record<string, ConfigValue>, mode: 'strict' | 'repair'): void {
  const { pid_type: pidType, num_sm_multiplier: multiplier } = data
  if (multiplier === undefined || multiplier === 1 || isPersistent(String(pidType))) return
  if (mode === 'strict')
    throw new ConfigError(`config has num_sm_multiplier: ${multiplier} with pid_type: '${pidType}'`, {
      remedy: 'Remove num_sm_multiplier, or choose a persistent pid_type.',
    })
  data.num_sm_multiplier = 1
}

/**
 * A search that asks for subgroup matrices gets tiles and workgroups that can be cut into them; what people
 * ask for is for the compiler to judge.
 */
function matricesFitTheTile(
  data: Record<string, ConfigValue>,
  mode: 'strict' | 'repair',
  { dots, blocks, rows }: ConfigSpecInput,
): void {
  if (mode === 'strict') return
  for (const [dot, { matrix }] of dots.entries()) {
    if (!matrix || entries(data.mma)[dot] !== 'subgroup_matrix') continue
    const { rows: down, columns: across, depth, lanes } = matrix
    const axes = [down, across, depth]
    const least = (id: number): number =>
      Math.max(1, ...axes.filter((axis) => axis.id === id).map((axis) => axis.least))
    const raised = (field: string, inputs: readonly { readonly id: number }[]): void => {
      const sizes = entries(data[field])
      if (sizes.length === 0) return
      data[field] = sizes.map((size, i) =>
        typeof size === 'number' ? Math.max(size, least(inputs[i]?.id ?? -1)) : size,
      )
    }
    raised('block_sizes', blocks)
    raised('reduction_loops', rows)
    const sizeOf = (field: string, inputs: readonly { readonly id: number }[], id: number | undefined) =>
      entries(data[field])[inputs.findIndex((input) => input.id === id)]
    const [below = 1, beside = 1, behind = 1] = axes.map(({ id, extent, least: each }) => {
      const size = sizeOf('block_sizes', blocks, id) ?? sizeOf('reduction_loops', rows, id)
      return (typeof size === 'number' ? size : extent) / each
    })
    const slices = Math.min(behind, Number(entries(data.slice_k)[dot] ?? 1))
    const most = (below * beside * slices * lanes) / 32
    data.num_warps = Math.max(1, Math.min(Number(data.num_warps), most))
  }
}

function threadsFitTheWorkgroup(
  data: Record<string, ConfigValue>,
  mode: 'strict' | 'repair',
  { maxInvocations }: ConfigSpecInput,
): void {
  const warps = Number(data.num_warps)
  const fit = (field: 'num_threads' | 'slice_k', perWarp: number, unit: string): void => {
    const limit = warps * perWarp
    const counts = entries(data[field]).map(Number)
    const worst = Math.max(0, ...counts)
    if (worst <= limit) return
    if (mode === 'strict')
      throw new ConfigError(`config has ${field} of ${worst} in a workgroup of ${limit} ${unit}`, {
        remedy:
          worst * (32 / perWarp) <= maxInvocations
            ? `Set num_warps to at least ${worst / perWarp}, or ${field} to at most ${limit}.`
            : `Set ${field} to at most ${limit}.`,
      })
    data[field] = counts.map((count) => Math.min(count, limit))
  }
  fit('num_threads', 32, 'threads')
  fit('slice_k', 1, 'warps')
}

function unrolledOnce(data: Record<string, ConfigValue>): void {
  const isStatic = entries(data.static_ranges)
  if (isStatic.includes(true))
    data.range_unroll_factors = entries(data.range_unroll_factors).map((factor, loop) =>
      isStatic[loop] ? 0 : factor,
    )
}

function flatLoopsHaveNoOrder(
  data: Record<string, ConfigValue>,
  mode: 'strict' | 'repair',
  { loops }: ConfigSpecInput,
): void {
  const flat = entries(data.flatten_loops)
  if (mode === 'strict' || !flat.includes(true)) return
  const several = severalBlocks(loops)
  data.loop_orders = entries(data.loop_orders).map((order, loop) =>
    flat[loop] ? entries(order).map((_, position) => position) : order,
  )
  const grids = several.flatMap((loop, index) => (loop.kind === 'grid' ? [index] : []))
  data.l2_groupings = entries(data.l2_groupings).map((group, grid) => (flat[grids[grid] ?? -1] ? 1 : group))
}

/** A scan is shared out in one way, and a part of a row is a chunk at most. */
function splitRowsAreStreamed(
  data: Record<string, ConfigValue>,
  _mode: 'strict' | 'repair',
  { rows, sums = [] }: ConfigSpecInput,
): void {
  const chained = entries(data.chained_scans).map(Number)
  const parts = entries(data.split_sums).map((count, i) => (chained[i] ? 1 : Number(count)))
  if (parts.length > 0) data.split_sums = parts
  const isShared = parts.some((count, i) => count > 1 || (chained[i] ?? 0) > 0)
  if (rows.length === 0 || !isShared) return
  data.reduction_loops = entries(data.reduction_loops).map((chunk, row) => {
    const most = rows[row] && mostChunk(rows[row])
    const sum = sums.findIndex(({ id }) => id === rows[row]?.id)
    const count = chained[sum] ? LINKS : (parts[sum] ?? 1)
    if (chunk !== null || count === 1 || !most) return chunk
    return clamp(nextPowerOf2(rows[row]?.size ?? 1) / count, LEAST_CHUNK, most)
  })
}

function entries(value: ConfigValue | undefined): readonly ConfigValue[] {
  return value !== undefined && isList(value) ? value : []
}
