/**
 * The config fields, one row each: every fact about a field that does not depend on a kernel. The order of
 * the rows is the order of the slots in a search space. Names are Helion's, so that stored configs read
 * alike; `acts: false` marks those that mean nothing in WGSL: they may stand in a config, are never searched,
 * and are named in a warning.
 */

import type { ConfigValue } from './value.ts'
import {
  BOOLEAN_RULE,
  integerRule,
  oneOfRule,
  orRule,
  PERMUTATION_RULE,
  powerOf2Rule,
  TEXT_RULE,
  type ValueRule,
} from './value_rule.ts'

/** What a field has one entry for; `kernel` means a single value instead of a list. */
export type FieldScope =
  | 'kernel'
  | 'tile dimension'
  | 'row'
  | 'multi-dimensional loop'
  | 'multi-dimensional grid'
  | 'device loop'
  | 'load or store'
  | 'load'
  | 'store'
  | 'atomic'
  | 'dot'
  | 'loop'

export interface FieldRow {
  readonly per: FieldScope
  /** Singular name that stands for a list of one entry. */
  readonly alias?: string
  /** What one entry may be. */
  readonly entry: ValueRule
  /** What one entry is when the field says nothing; block sizes depend on the kernel instead. */
  readonly default: ConfigValue
  readonly acts: boolean
  /** The range of an entry follows the sizes of a call: larger values are reduced to it, never refused. */
  readonly fitted?: true
}

export const PID_TYPES = ['flat', 'xyz', 'persistent_blocked', 'persistent_interleaved'] as const
export type PidType = (typeof PID_TYPES)[number]

export const INDEXINGS = ['block_ptr', 'pointer', 'tensor_descriptor'] as const
export type Indexing = (typeof INDEXINGS)[number]

/** A field that changes the generated WGSL or its launch. */
export type ActingField =
  | 'block_sizes'
  | 'num_threads'
  | 'loop_orders'
  | 'flatten_loops'
  | 'l2_groupings'
  | 'reduction_loops'
  | 'range_unroll_factors'
  | 'static_ranges'
  | 'num_warps'
  | 'num_stages'
  | 'indexing'
  | 'dot_rows'
  | 'slice_k'
  | 'pid_type'
  | 'num_sm_multiplier'

/** A field of Helion's that has no counterpart in WGSL. */
export type InertField =
  | 'range_warp_specializes'
  | 'range_num_stages'
  | 'range_multi_buffers'
  | 'range_flattens'
  | 'load_eviction_policies'
  | 'load_cache_modifiers'
  | 'store_cache_modifiers'
  | 'atomic_indexing'
  | 'maxnreg'
  | 'advanced_controls_file'
  | 'epilogue_subtile'
  | 'xcd_remap'
  | 'pallas_load_buffer_count'

export type FieldName = ActingField | InertField

const ACTING: Record<ActingField, FieldRow> = {
  /** Extent of each tunable `hl.tile` dimension, in program order. */
  block_sizes: {
    per: 'tile dimension',
    alias: 'block_size',
    entry: powerOf2Rule(1, 2 ** 24),
    default: 1,
    acts: true,
    fitted: true,
  },
  /** Threads along a row taken with `':'`; 0 leaves the choice to the compiler. */
  num_threads: {
    per: 'row',
    entry: orRule(0, powerOf2Rule(1, 1024)),
    default: 0,
    acts: true,
    fitted: true,
  },
  /** Order in which the dimensions of a loop are walked, outermost first. */
  loop_orders: {
    per: 'multi-dimensional loop',
    alias: 'loop_order',
    entry: PERMUTATION_RULE,
    default: null,
    acts: true,
  },
  /** Walk a multi-dimensional loop as one dimension. */
  flatten_loops: {
    per: 'multi-dimensional loop',
    alias: 'flatten_loop',
    entry: BOOLEAN_RULE,
    default: false,
    acts: true,
  },
  /**
   * Rows of tiles that are walked column by column, so that neighbours in time share cache lines; 1 is off.
   */
  l2_groupings: {
    per: 'multi-dimensional grid',
    alias: 'l2_grouping',
    entry: powerOf2Rule(1, 64),
    default: 1,
    acts: true,
  },
  /** null keeps the row in registers, a number streams it in chunks of that many elements. */
  reduction_loops: {
    per: 'row',
    alias: 'reduction_loop',
    entry: orRule(null, powerOf2Rule(1, 2 ** 24)),
    default: null,
    acts: true,
    fitted: true,
  },
  /** Iterations of a loop written out one after another; 0 leaves the choice to the compiler. */
  range_unroll_factors: {
    per: 'device loop',
    alias: 'range_unroll_factor',
    entry: integerRule(0, 16),
    default: 0,
    acts: true,
  },
  /** Write out the whole loop. */
  static_ranges: {
    per: 'device loop',
    alias: 'static_range',
    entry: BOOLEAN_RULE,
    default: false,
    acts: true,
  },
  /** Workgroup size divided by 32. */
  num_warps: { per: 'kernel', entry: powerOf2Rule(1, 32), default: 4, acts: true },
  /** 2 loads the next block of dot operands into registers while the present one is used. */
  num_stages: { per: 'kernel', entry: integerRule(1, 8), default: 1, acts: true },
  /** Vector accesses, scalar accesses, or staged through workgroup memory. */
  indexing: { per: 'load or store', entry: oneOfRule(...INDEXINGS), default: 'block_ptr', acts: true },
  /** Rows of the micro-tile that a thread owns in a dot; 0 leaves the choice to the compiler. */
  dot_rows: { per: 'dot', entry: orRule(0, powerOf2Rule(1, 16)), default: 0, acts: true },
  /** Groups of warps that share out each block of what a dot in a loop contracts. */
  slice_k: { per: 'dot', entry: powerOf2Rule(1, 32), default: 1, acts: true },
  /** How workgroups are mapped to tiles. */
  pid_type: { per: 'kernel', entry: oneOfRule(...PID_TYPES), default: 'flat', acts: true },
  /** Workgroups per compute unit of a persistent launch. */
  num_sm_multiplier: { per: 'kernel', entry: powerOf2Rule(1, 128), default: 1, acts: true },
}

const TRI_STATE = oneOfRule(null, false, true)

const INERT: Record<InertField, FieldRow> = {
  range_warp_specializes: {
    per: 'loop',
    alias: 'range_warp_specialize',
    entry: TRI_STATE,
    default: null,
    acts: false,
  },
  range_num_stages: {
    per: 'loop',
    alias: 'range_num_stage',
    entry: integerRule(0, 8),
    default: 0,
    acts: false,
  },
  range_multi_buffers: {
    per: 'loop',
    alias: 'range_multi_buffer',
    entry: TRI_STATE,
    default: null,
    acts: false,
  },
  range_flattens: { per: 'loop', alias: 'range_flatten', entry: TRI_STATE, default: null, acts: false },
  load_eviction_policies: {
    per: 'load',
    entry: oneOfRule('', 'first', 'last'),
    default: '',
    acts: false,
  },
  load_cache_modifiers: { per: 'load', entry: TEXT_RULE, default: '', acts: false },
  store_cache_modifiers: { per: 'store', entry: TEXT_RULE, default: '', acts: false },
  atomic_indexing: { per: 'atomic', entry: oneOfRule(...INDEXINGS), default: 'pointer', acts: false },
  maxnreg: { per: 'kernel', entry: oneOfRule(32, 64, 128, 256), default: null, acts: false },
  advanced_controls_file: { per: 'kernel', entry: TEXT_RULE, default: '', acts: false },
  epilogue_subtile: { per: 'kernel', entry: oneOfRule(true, 2, 4), default: null, acts: false },
  xcd_remap: { per: 'kernel', entry: BOOLEAN_RULE, default: false, acts: false },
  pallas_load_buffer_count: { per: 'load', entry: integerRule(0, 64), default: 0, acts: false },
}

/** Every config field by name, in slot order. */
export const FIELDS: Readonly<Record<FieldName, FieldRow>> = Object.freeze({ ...ACTING, ...INERT })

/** The fields that a search may vary, in slot order. */
export const ACTING_FIELDS: readonly ActingField[] = Object.freeze(Object.keys(ACTING) as ActingField[])

/** Singular names and the fields they stand for. */
export const ALIASES: ReadonlyMap<string, FieldName> = new Map(
  (Object.entries(FIELDS) as [FieldName, FieldRow][]).flatMap(([name, row]) =>
    row.alias ? [[row.alias, name] as const] : [],
  ),
)

export function isFieldName(name: string): name is FieldName {
  return Object.hasOwn(FIELDS, name)
}
