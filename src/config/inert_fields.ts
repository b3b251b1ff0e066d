/**
 * Fields of Helion's that have no counterpart in WGSL: they may stand in a config, are never searched, and
 * are named in a warning.
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
  | 'xcd_remap'
  | 'pallas_load_buffer_count'

const TRI_STATE = oneOfRule(null, false, true)

export const INERT_FIELDS: Readonly<Record<InertField, FieldRow>> = {
  range_warp_specializes: { per: 'loop', alias: 'range_warp_specialize', entry: TRI_STATE, default: null },
  range_num_stages: { per: 'loop', alias: 'range_num_stage', entry: integerRule(0, 8), default: 0 },
  range_multi_buffers: { per: 'loop', alias: 'range_multi_buffer', entry: TRI_STATE, default: null },
  range_flattens: { per: 'loop', alias: 'range_flatten', entry: TRI_STATE, default: null },
  load_eviction_policies: { per: 'load', entry: oneOfRule('', 'first', 'last'), default: '' },
  load_cache_modifiers: { per: 'load', entry: TEXT_RULE, default: '' },
  store_cache_modifiers: { per: 'store', entry: TEXT_RULE, default: '' },
  atomic_indexing: { per: 'atomic', entry: oneOfRule(...INDEXINGS), default: 'pointer' },
  maxnreg: { per: 'kernel', entry: oneOfRule(32, 64, 128, 256), default: null },
  advanced_controls_file: { per: 'kernel', entry: TEXT_RULE, default: '' },
  epilogue_subtile: { per: 'kernel', entry: oneOfRule(true, 2, 4), default: null },
  xcd_remap: { per: 'kernel', entry: BOOLEAN_RULE, default: false },
  pallas_load_buffer_count: { per: 'load', entry: integerRule(0, 64), default: 0 },
}
