/**
 * The config fields, one row each, with the type of its values above: all that there is to say about a
 * field. `ConfigInput`, the getters of `Config`, the slots of a search space and what language models are
 * told derive from here, and a test keeps docs/configs_and_settings.md equal. The order of the rows is the
 * order of the slots. Names are Helion's, so that stored configs read alike.
 */
import { nextPowerOf2 } from '../support/maths.ts'
import { permutation } from './composite_fragments.ts'
import type { ActingRow, AnyActingRow, FieldRow } from './field_row.ts'
import { boolean, choice, type Fragment, fixed, integer, optional, powerOf2 } from './fragments.ts'
import { INERT_FIELDS, type InertField } from './inert_fields.ts'
import { INDEXINGS, type Indexing, isPersistent, MMAS, type Mma, PID_TYPES, type PidType } from './modes.ts'
import type { RowInput } from './spec_input.ts'
import { isThin } from './thin_tiles.ts'
import {
  defaultChunks,
  defaultNumWarps,
  defaultParts,
  LEAST_CHUNK,
  mostChunk,
  mostWarps,
} from './tile_sizes.ts'
import { BOOLEAN_RULE, integerRule, oneOfRule, orRule, PERMUTATION_RULE, powerOf2Rule } from './value_rule.ts'

const MAX_GROUPING = 64
const MAX_UNROLL = 4
const MAX_STAGES = 2
const MAX_MULTIPLIER = 32
const MAX_ROUNDS = 16
/** Of chained scans, which no search tries: see docs/benchmarks.md. */
const CHAINED_ROUNDS = [0, 1, 2, 4, 8, 16]

/** Fields that change the generated WGSL or its launch, with their values: lists have an entry per place. */
export interface FieldValues {
  /** Elements of a tile along each dimension of `hl.tile`. */
  readonly block_sizes: readonly number[]
  /** Threads that share a row taken with `':'`; 0 lets the compiler choose. */
  readonly num_threads: readonly number[]
  /** Order in which the dimensions of a loop are walked, outermost first. */
  readonly loop_orders: readonly (readonly number[])[]
  /** Walk all dimensions of a loop as one. */
  readonly flatten_loops: readonly boolean[]
  /**
   * Rows of tiles that are walked column by column, so that neighbours in time share cache lines; 1 is off.
   */
  readonly l2_groupings: readonly number[]
  /** `null` keeps a row in registers; a number streams it in chunks of that many elements. */
  readonly reduction_loops: readonly (number | null)[]
  /** Iterations written out one after another; 0 lets the compiler choose. */
  readonly range_unroll_factors: readonly number[]
  /** Write out the whole loop, where its length is known and small. */
  readonly static_ranges: readonly boolean[]
  /** Threads of a workgroup, in units of 32. */
  readonly num_warps: number
  /** 2 loads the next block of dot operands while the present one is used; more means 2. */
  readonly num_stages: number
  /** On matrix units, what `num_stages: 2` loads is asked for after the first step of the products. */
  readonly late_loads: boolean
  /**
   * Vector accesses (`block_ptr`), scalar ones (`pointer`), or staged in workgroup memory
   * (`tensor_descriptor`).
   */
  readonly indexing: readonly Indexing[]
  /** Rows of the result of a dot that one thread computes; 0 lets the compiler choose. */
  readonly dot_rows: readonly number[]
  /**
   * Groups of warps that share out each block of what a dot in a loop contracts, for results too small to
   * keep all threads busy.
   */
  readonly slice_k: readonly number[]
  /**
   * How a dot is computed: from workgroup memory (`fma`), from registers as they were loaded (`direct`), for
   * results of few rows, or on the matrix units of subgroups (`subgroup_matrix`), where the device has them
   * for its dtypes.
   */
  readonly mma: readonly Mma[]
  /**
   * Parts that workgroups share out a sum in: a loop that only adds up, or a row that is only reduced, or a
   * scan; a second dispatch adds the parts.
   */
  readonly split_sums: readonly number[]
  /**
   * Rounds of a scan that each workgroup has, in one dispatch in which it looks back at what those before it
   * come to; 0 is off.
   */
  readonly chained_scans: readonly number[]
  /**
   * How workgroups find their tile: one each, in one or several dimensions, or several each (persistent).
   */
  readonly pid_type: PidType
  /** Workgroups per compute unit of a persistent launch. */
  readonly num_sm_multiplier: number
}

/** A field that changes the generated WGSL or its launch. */
export type ActingField = keyof FieldValues
export type FieldName = ActingField | InertField

const ACTING: { readonly [F in ActingField]: ActingRow<FieldValues[F]> } = {
  block_sizes: {
    doc: 'Elements of a tile along each dimension of `hl.tile`',
    per: 'tile dimension',
    alias: 'block_size',
    entry: powerOf2Rule(1, 2 ** 24),
    default: 1,
    fitted: true,
    range: ({ min, max }, { defaults, leastSizes, index }) =>
      powerOf2(min, Math.max(min, max), defaults.sizes[index], leastSizes[index]),
  },
  num_threads: {
    doc: "Threads that share a row taken with `':'`; 0 lets the compiler choose",
    per: 'row',
    entry: orRule(0, powerOf2Rule(1, 1024)),
    default: 0,
    fitted: true,
    range: ({ size }, { input }) =>
      optional(0, powerOf2(1, Math.min(nextPowerOf2(size), 32 * mostWarps(input)))),
  },
  loop_orders: {
    doc: 'Order in which the dimensions of a loop are walked, outermost first',
    per: 'multi-dimensional loop',
    alias: 'loop_order',
    entry: PERMUTATION_RULE,
    default: null,
    range: ({ canReorder, blocks, outermost = 0 }) =>
      canReorder ? permutation(blocks.length, outermost) : fixed(blocks.map((_, index) => index)),
  },
  flatten_loops: {
    doc: 'Walk all dimensions of a loop as one',
    per: 'multi-dimensional loop',
    alias: 'flatten_loop',
    entry: BOOLEAN_RULE,
    default: false,
    range: ({ canFlatten }) => (canFlatten ? boolean() : fixed(false)),
  },
  l2_groupings: {
    doc:
      'Rows of tiles that are walked column by column, so that neighbours in time share cache lines; ' +
      '1 is off',
    per: 'multi-dimensional grid',
    alias: 'l2_grouping',
    entry: powerOf2Rule(1, 64),
    default: 1,
    range: (_grid, { defaults }) => powerOf2(1, MAX_GROUPING, defaults.schedule.grouping),
  },
  reduction_loops: {
    doc: '`null` keeps a row in registers; a number streams it in chunks of that many elements',
    per: 'row',
    alias: 'reduction_loop',
    entry: orRule(null, powerOf2Rule(1, 2 ** 24)),
    default: null,
    fitted: true,
    range: (row, { input, index }) => reductionLoop(row, defaultChunks(input)[index] ?? null),
  },
  range_unroll_factors: {
    doc: 'Iterations written out one after another; 0 lets the compiler choose',
    per: 'device loop',
    alias: 'range_unroll_factor',
    entry: integerRule(0, 16),
    default: 0,
    range: (_loop, { defaults }) => integer(0, MAX_UNROLL, defaults.thin?.unroll ?? 0),
  },
  static_ranges: {
    doc: 'Write out the whole loop, where its length is known and small',
    per: 'device loop',
    alias: 'static_range',
    entry: BOOLEAN_RULE,
    default: false,
    range: ({ canUnrollFully }) => (canUnrollFully ? boolean() : fixed(false)),
  },
  num_warps: {
    doc: 'Threads of a workgroup, in units of 32',
    per: 'kernel',
    entry: powerOf2Rule(1, 32),
    default: 4,
    range: (input, { defaults }) => {
      const most = mostWarps(input)
      return powerOf2(1, most, defaultNumWarps(input, defaults, most))
    },
  },
  num_stages: {
    doc: '2 loads the next block of dot operands while the present one is used; more means 2',
    per: 'kernel',
    entry: integerRule(1, 8),
    default: 1,
    fitted: true,
    range: ({ dots }, { defaults }) =>
      dots.some(({ inLoop = true }) => inLoop) ? integer(1, MAX_STAGES, defaults.schedule.stages) : undefined,
  },
  late_loads: {
    doc: 'On matrix units, what `num_stages: 2` loads is asked for after the first step of the products',
    per: 'kernel',
    entry: BOOLEAN_RULE,
    default: false,
    range: ({ dots }, { defaults }) =>
      dots.some(({ inLoop = true, matrix }) => inLoop && matrix !== undefined)
        ? boolean(defaults.schedule.isLate)
        : undefined,
  },
  indexing: {
    doc:
      'Vector accesses (`block_ptr`), scalar ones (`pointer`), or staged in workgroup memory ' +
      '(`tensor_descriptor`)',
    per: 'load or store',
    entry: oneOfRule(...INDEXINGS),
    default: 'block_ptr',
    range: (modes) => choice(modes),
  },
  dot_rows: {
    doc: 'Rows of the result of a dot that one thread computes; 0 lets the compiler choose',
    per: 'dot',
    entry: orRule(0, powerOf2Rule(1, 16)),
    default: 0,
    range: ({ maxRows }, { defaults }) =>
      optional(0, powerOf2(1, maxRows), Math.min(defaults.schedule.rows ?? 0, maxRows)),
  },
  slice_k: {
    doc:
      'Groups of warps that share out each block of what a dot in a loop contracts, for results too small ' +
      'to keep all threads busy',
    per: 'dot',
    entry: powerOf2Rule(1, 32),
    default: 1,
    range: ({ maxSlices }, { defaults }) => powerOf2(1, maxSlices, defaults.schedule.slices),
  },
  mma: {
    doc:
      'How a dot is computed: from workgroup memory (`fma`), from registers as they were loaded ' +
      '(`direct`), for results of few rows, or on the matrix units of subgroups (`subgroup_matrix`), ' +
      'where the device has them for its dtypes',
    per: 'dot',
    entry: oneOfRule(...MMAS),
    default: 'fma',
    range: ({ resultRows, matrix }, { defaults }) => {
      const searched = MMAS.filter(
        (mma) => mma === 'fma' || (mma === 'direct' ? isThin(resultRows) : matrix !== undefined),
      )
      const first: Mma = defaults.thin ? 'direct' : matrix ? 'subgroup_matrix' : 'fma'
      return choice([first, ...MMAS.filter((mma) => mma !== first)], searched)
    },
  },
  split_sums: {
    doc:
      'Parts that workgroups share out a sum in: a loop that only adds up, or a row that is only reduced, ' +
      'or a scan; a second dispatch adds the parts',
    per: 'sum that can be split',
    entry: powerOf2Rule(1, 1024),
    default: 1,
    fitted: true,
    range: ({ maxParts }, { input, defaults, index }) =>
      powerOf2(1, maxParts, defaultParts(input, defaults, index)),
  },
  chained_scans: {
    doc:
      'Rounds of a scan that each workgroup has, in one dispatch in which it looks back at what those ' +
      'before it come to; 0 is off',
    per: 'sum that can be split',
    entry: orRule(0, powerOf2Rule(1, MAX_ROUNDS)),
    default: 0,
    range: ({ isScan = false }) => (isScan ? choice(CHAINED_ROUNDS, [0]) : fixed(0)),
  },
  pid_type: {
    doc:
      'How workgroups find their tile: one each, in one or several dimensions, or several each ' +
      '(persistent)',
    per: 'kernel',
    entry: oneOfRule(...PID_TYPES),
    default: 'flat',
    range: ({ pidTypes }) => choice(pidTypes),
  },
  num_sm_multiplier: {
    doc: 'Workgroups per compute unit of a persistent launch',
    per: 'kernel',
    entry: powerOf2Rule(1, 128),
    default: 1,
    range: ({ pidTypes }) => (pidTypes.some(isPersistent) ? powerOf2(1, MAX_MULTIPLIER) : undefined),
  },
}

/** The rows of the fields that a search may vary, in slot order. */
export const ACTING_ROWS: ReadonlyMap<ActingField, AnyActingRow> = new Map(
  Object.entries(ACTING) as [ActingField, AnyActingRow][],
)

/** Every config field by name. */
export const FIELDS: Readonly<Record<FieldName, FieldRow>> = Object.freeze({ ...ACTING, ...INERT_FIELDS })

/** Singular names and the fields they stand for. */
export const ALIASES: ReadonlyMap<string, FieldName> = new Map(
  (Object.entries(FIELDS) as [FieldName, FieldRow][]).flatMap(([name, row]) =>
    row.alias ? [[row.alias, name] as const] : [],
  ),
)

export function isFieldName(name: string): name is FieldName {
  return Object.hasOwn(FIELDS, name)
}

/** False for fields of Helion's that mean nothing in WGSL. */
export function isActing(name: string): name is ActingField {
  return Object.hasOwn(ACTING, name)
}

/** The whole row, or chunks of it. */
function reductionLoop(row: RowInput, chunk: number | null): Fragment {
  const most = mostChunk(row)
  return most ? optional(null, powerOf2(LEAST_CHUNK, most), chunk) : fixed(null)
}
