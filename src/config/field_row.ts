/**
 * The shape of one row of the table of config fields: what a field is per, what an entry may be, and which
 * range a kernel and a device leave it.
 */
import { tupleOf } from './composite_fragments.ts'
import type { Fragment } from './fragments.ts'
import { leastBlockSizes } from './least_block_sizes.ts'
import type { Indexing } from './modes.ts'
import type { BlockInput, ConfigSpecInput, DotInput, LoopInput, RowInput, SumInput } from './spec_input.ts'
import { type DefaultTiles, defaultTiles } from './tile_sizes.ts'
import type { ConfigValue } from './value.ts'
import type { ValueRule } from './value_rule.ts'

/** The places in a kernel that fields have one entry for; `kernel` means a single value instead of a list. */
interface Places {
  readonly kernel: ConfigSpecInput
  readonly 'tile dimension': BlockInput
  readonly row: RowInput
  readonly 'multi-dimensional loop': LoopInput
  readonly 'multi-dimensional grid': LoopInput
  readonly 'device loop': LoopInput
  /** The ways in which it may access memory. */
  readonly 'load or store': readonly Indexing[]
  readonly dot: DotInput
  readonly 'sum that can be split': SumInput
}

/** What fields that act may have one entry for. */
export type ActingScope = keyof Places
/** What a field has one entry for. */
export type FieldScope = ActingScope | 'load' | 'store' | 'atomic' | 'loop'

const PLACES: { readonly [S in ActingScope]: (input: ConfigSpecInput) => readonly Places[S][] } = {
  kernel: (input) => [input],
  'tile dimension': ({ blocks }) => blocks,
  row: ({ rows }) => rows,
  'multi-dimensional loop': ({ loops }) => severalBlocks(loops),
  'multi-dimensional grid': ({ loops }) => severalBlocks(loops).filter(({ kind }) => kind === 'grid'),
  'device loop': ({ loops }) => loops.filter(({ kind }) => kind === 'device'),
  'load or store': ({ memoryOps }) => memoryOps,
  dot: ({ dots }) => dots,
  'sum that can be split': ({ sums = [] }) => sums,
}

/** What the range of an entry may depend on, beside its place. */
export interface RangeContext {
  readonly input: ConfigSpecInput
  readonly defaults: DefaultTiles
  /** Block sizes below which no device needs as many tiles. */
  readonly leastSizes: readonly number[]
  /** Number of the place in its list. */
  readonly index: number
}

/** What is known of a field without a kernel. */
export interface FieldRow {
  readonly per: FieldScope
  /** Singular name that stands for a list of one entry. */
  readonly alias?: string
  /** What one entry may be. */
  readonly entry: ValueRule
  /** What one entry is when the field says nothing; block sizes depend on the kernel instead. */
  readonly default: ConfigValue
  /** The range of an entry follows the sizes of a call: larger values are reduced to it, never refused. */
  readonly fitted?: true
}

interface RowPer<S extends ActingScope> extends FieldRow {
  readonly per: S
  /** What the field does, for people and language models. */
  readonly doc: string
  /** The values that an entry may have in this place; undefined leaves a kernel nothing to decide. */
  readonly range: (
    place: Places[S],
    context: RangeContext,
  ) => Fragment | (S extends 'kernel' ? undefined : never)
}

/** The row of a field that has such values: those that are lists have a place for each entry. */
export type ActingRow<Value> = Value extends readonly unknown[]
  ? { readonly [S in ActingScope]: RowPer<S> }[Exclude<ActingScope, 'kernel'>]
  : RowPer<'kernel'>

export type AnyActingRow = { readonly [S in ActingScope]: RowPer<S> }[ActingScope]

/** What ranges depend on, for one kernel. */
export function rangeContext(input: ConfigSpecInput): Omit<RangeContext, 'index'> {
  const defaults = defaultTiles(input)
  return { input, defaults, leastSizes: leastBlockSizes(input, defaults.sizes) }
}

/** The range of a whole field; undefined where the kernel has no such place. */
export function rangeOf(row: AnyActingRow, context: Omit<RangeContext, 'index'>): Fragment | undefined {
  // A row's places are those that its range takes, which types cannot say of a row of any scope.
  const range = row.range as (place: unknown, context: RangeContext) => Fragment | undefined
  const places: readonly unknown[] = PLACES[row.per](context.input)
  const ranges = places.flatMap((place, index) => range(place, { ...context, index }) ?? [])
  if (row.per === 'kernel') return ranges[0]
  return ranges.length > 0 ? tupleOf(ranges) : undefined
}

/** Loops over several blocks, in the order of `loop_orders`. */
export function severalBlocks(loops: readonly LoopInput[]): readonly LoopInput[] {
  return loops.filter((loop) => loop.blocks.length > 1)
}
