/**
 * Fields of Helion's that have no counterpart in WGSL, each with the reason: they may stand in a config that
 * somebody writes, are never searched, and are named in a warning.
 */
import type { FieldRow } from './field_row.ts'
import { INDEXINGS } from './modes.ts'
import { BOOLEAN_RULE, integerRule, oneOfRule, TEXT_RULE } from './value_rule.ts'

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
  | 'index_dtype'
  | 'xcd_remap'
  | 'pallas_load_buffer_count'

const TRI_STATE = oneOfRule(null, false, true)

/** A field without a meaning here, and why. */
export interface InertRow extends FieldRow {
  readonly reason: string
}

export const INERT_FIELDS: Readonly<Record<InertField, InertRow>> = {
  range_warp_specializes: {
    per: 'loop',
    alias: 'range_warp_specialize',
    entry: TRI_STATE,
    default: null,
    reason: 'all invocations of a workgroup run one program',
  },
  range_num_stages: {
    per: 'loop',
    alias: 'range_num_stage',
    entry: integerRule(0, 8),
    default: 0,
    reason: '`num_stages` holds for all loops',
  },
  range_multi_buffers: {
    per: 'loop',
    alias: 'range_multi_buffer',
    entry: TRI_STATE,
    default: null,
    reason: 'operands wait in registers, which need no second buffer',
  },
  range_flattens: {
    per: 'loop',
    alias: 'range_flatten',
    entry: TRI_STATE,
    default: null,
    reason: 'loops over several dimensions are nested, which WGSL compilers take as it is',
  },
  load_eviction_policies: {
    per: 'load',
    entry: oneOfRule('', 'first', 'last'),
    default: '',
    reason: 'WGSL has no hints for caches',
  },
  load_cache_modifiers: {
    per: 'load',
    entry: TEXT_RULE,
    default: '',
    reason: 'WGSL has no hints for caches',
  },
  store_cache_modifiers: {
    per: 'store',
    entry: TEXT_RULE,
    default: '',
    reason: 'WGSL has no hints for caches',
  },
  atomic_indexing: {
    per: 'atomic',
    entry: oneOfRule(...INDEXINGS),
    default: 'pointer',
    reason: 'atomic operations of WGSL take one word each',
  },
  maxnreg: {
    per: 'kernel',
    entry: oneOfRule(32, 64, 128, 256),
    default: null,
    reason: 'WGSL says nothing of registers',
  },
  advanced_controls_file: {
    per: 'kernel',
    entry: TEXT_RULE,
    default: '',
    reason: 'there is no PTX here to be steered',
  },
  epilogue_subtile: {
    per: 'kernel',
    entry: oneOfRule(true, 2, 4),
    default: null,
    reason: 'results of dots go from registers to memory, through no buffer that could be cut',
  },
  index_dtype: {
    per: 'kernel',
    entry: TEXT_RULE,
    default: '',
    reason: 'positions have 31 bits, and what needs longer ones is refused',
  },
  xcd_remap: {
    per: 'kernel',
    entry: BOOLEAN_RULE,
    default: false,
    reason: 'WebGPU does not say which part of a GPU runs a workgroup',
  },
  pallas_load_buffer_count: {
    per: 'load',
    entry: integerRule(0, 64),
    default: 0,
    reason: 'it counts buffers of TPUs',
  },
}
