/**
 * The fields of a config as people write them, and as getters of `Config`, each with the words of its row,
 * which editors show. Written from `FieldValues` by `npm run functions`: change that.
 */
import type { FieldValues } from './fields.ts'

/** The value, or one entry for all places where that is a list of plain values. */
type Written<Value> = Value extends readonly (infer Entry)[]
  ? Value | (Entry extends readonly unknown[] ? never : Entry)
  : Value

/** Every field that acts, as people write it. */
export interface FieldInputs {
  /** Elements of a tile along each dimension of `hl.tile`. */
  readonly block_sizes?: Written<FieldValues['block_sizes']>
  /** Threads that share a row taken with `':'`; 0 lets the compiler choose. */
  readonly num_threads?: Written<FieldValues['num_threads']>
  /** Order in which the dimensions of a loop are walked, outermost first. */
  readonly loop_orders?: Written<FieldValues['loop_orders']>
  /** Walk all dimensions of a loop as one. */
  readonly flatten_loops?: Written<FieldValues['flatten_loops']>
  /**
   * Rows of tiles that are walked column by column, so that neighbours in time share cache lines; 1 is off.
   */
  readonly l2_groupings?: Written<FieldValues['l2_groupings']>
  /** `null` keeps a row in registers; a number streams it in chunks of that many elements. */
  readonly reduction_loops?: Written<FieldValues['reduction_loops']>
  /** Iterations written out one after another; 0 lets the compiler choose. */
  readonly range_unroll_factors?: Written<FieldValues['range_unroll_factors']>
  /** Write out the whole loop, where its length is known and small. */
  readonly static_ranges?: Written<FieldValues['static_ranges']>
  /** Threads of a workgroup, in units of 32. */
  readonly num_warps?: Written<FieldValues['num_warps']>
  /** 2 loads the next block of dot operands while the present one is used; more means 2. */
  readonly num_stages?: Written<FieldValues['num_stages']>
  /** On matrix units, what `num_stages: 2` loads is asked for after the first step of the products. */
  readonly late_loads?: Written<FieldValues['late_loads']>
  /**
   * Vector accesses (`block_ptr`), scalar ones (`pointer`), or staged in workgroup memory
   * (`tensor_descriptor`).
   */
  readonly indexing?: Written<FieldValues['indexing']>
  /** Rows of the result of a dot that one thread computes; 0 lets the compiler choose. */
  readonly dot_rows?: Written<FieldValues['dot_rows']>
  /**
   * Groups of warps that share out each block of what a dot in a loop contracts, for results too small to
   * keep all threads busy.
   */
  readonly slice_k?: Written<FieldValues['slice_k']>
  /**
   * How a dot is computed: from workgroup memory (`fma`), from registers as they were loaded (`direct`), for
   * results of few rows, or on the matrix units of subgroups (`subgroup_matrix`), where the device has them
   * for its dtypes.
   */
  readonly mma?: Written<FieldValues['mma']>
  /**
   * Parts that workgroups share out a sum in: a loop that only adds up, or a row that is only reduced, or a
   * scan; a second dispatch adds the parts.
   */
  readonly split_sums?: Written<FieldValues['split_sums']>
  /**
   * Rounds of a scan that each workgroup has, in one dispatch in which it looks back at what those before it
   * come to; 0 is off.
   */
  readonly chained_scans?: Written<FieldValues['chained_scans']>
  /**
   * How workgroups find their tile: one each, in one or several dimensions, or several each (persistent).
   */
  readonly pid_type?: Written<FieldValues['pid_type']>
  /** Workgroups per compute unit of a persistent launch. */
  readonly num_sm_multiplier?: Written<FieldValues['num_sm_multiplier']>
}

/**
 * `blockSizes` for `block_sizes`, and so on; where nothing is said lists are empty, values the default.
 */
export interface FieldGetters {
  /** Elements of a tile along each dimension of `hl.tile`. */
  readonly blockSizes: FieldValues['block_sizes']
  /** Threads that share a row taken with `':'`; 0 lets the compiler choose. */
  readonly numThreads: FieldValues['num_threads']
  /** Order in which the dimensions of a loop are walked, outermost first. */
  readonly loopOrders: FieldValues['loop_orders']
  /** Walk all dimensions of a loop as one. */
  readonly flattenLoops: FieldValues['flatten_loops']
  /**
   * Rows of tiles that are walked column by column, so that neighbours in time share cache lines; 1 is off.
   */
  readonly l2Groupings: FieldValues['l2_groupings']
  /** `null` keeps a row in registers; a number streams it in chunks of that many elements. */
  readonly reductionLoops: FieldValues['reduction_loops']
  /** Iterations written out one after another; 0 lets the compiler choose. */
  readonly rangeUnrollFactors: FieldValues['range_unroll_factors']
  /** Write out the whole loop, where its length is known and small. */
  readonly staticRanges: FieldValues['static_ranges']
  /** Threads of a workgroup, in units of 32. */
  readonly numWarps: FieldValues['num_warps']
  /** 2 loads the next block of dot operands while the present one is used; more means 2. */
  readonly numStages: FieldValues['num_stages']
  /** On matrix units, what `num_stages: 2` loads is asked for after the first step of the products. */
  readonly lateLoads: FieldValues['late_loads']
  /**
   * Vector accesses (`block_ptr`), scalar ones (`pointer`), or staged in workgroup memory
   * (`tensor_descriptor`).
   */
  readonly indexing: FieldValues['indexing']
  /** Rows of the result of a dot that one thread computes; 0 lets the compiler choose. */
  readonly dotRows: FieldValues['dot_rows']
  /**
   * Groups of warps that share out each block of what a dot in a loop contracts, for results too small to
   * keep all threads busy.
   */
  readonly sliceK: FieldValues['slice_k']
  /**
   * How a dot is computed: from workgroup memory (`fma`), from registers as they were loaded (`direct`), for
   * results of few rows, or on the matrix units of subgroups (`subgroup_matrix`), where the device has them
   * for its dtypes.
   */
  readonly mma: FieldValues['mma']
  /**
   * Parts that workgroups share out a sum in: a loop that only adds up, or a row that is only reduced, or a
   * scan; a second dispatch adds the parts.
   */
  readonly splitSums: FieldValues['split_sums']
  /**
   * Rounds of a scan that each workgroup has, in one dispatch in which it looks back at what those before it
   * come to; 0 is off.
   */
  readonly chainedScans: FieldValues['chained_scans']
  /**
   * How workgroups find their tile: one each, in one or several dimensions, or several each (persistent).
   */
  readonly pidType: FieldValues['pid_type']
  /** Workgroups per compute unit of a persistent launch. */
  readonly numSmMultiplier: FieldValues['num_sm_multiplier']
}
