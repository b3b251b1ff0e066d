/**
 * A traced kernel: its tensors, scalars and symbols, and one top-level loop (a grid, one dispatch) after
 * another. Also what a launch must check and compute on the host: guards, output shapes, the structure of the
 * result.
 */
import type { SourceLocation } from '../support/errors.ts'
import type { StorageType } from '../support/storage_types.ts'
import type { Block, BlockId, Region } from './node.ts'
import type { Prints } from './prints.ts'
import type { Size, SizeSymbol } from './size.ts'

export interface TensorInfo {
  readonly id: number
  readonly name: string
  readonly dtype: StorageType
  /** Row-major, contiguous. */
  readonly shape: readonly Size[]
  /**
   * `argument`: passed by the caller; `local`: allocated at every call and returned; `scratch`: allocated at
   * every launch and seen by nobody, so that its shape may depend on the config.
   */
  readonly role: 'argument' | 'local' | 'scratch'
  /** Value that a local tensor is filled with before the first grid; `undefined` leaves it as it is. */
  readonly fill: number | undefined
}

/** A tensor's memory under another shape. Loads and stores name it by a number after those of the tensors. */
export interface TensorView extends Pick<TensorInfo, 'name' | 'dtype' | 'shape'> {
  /** The tensor behind it. */
  readonly tensor: number
}

/** A number among the kernel's arguments, passed at launch. */
export interface ScalarInfo {
  readonly id: number
  readonly name: string
}

/** A top-level loop: `blocks` are cut into tiles, every combination is one program. */
export interface Grid {
  readonly blocks: readonly BlockId[]
  readonly body: Region
  readonly location: SourceLocation | undefined
}

/** A condition on sizes that tracing assumed; checked on the host at every launch. */
export interface Guard {
  readonly relation: 'eq' | 'le'
  readonly left: Size
  readonly right: Size
  /** What the author's code needs, e.g. "y.at(tile, …) reads axis 0 of y up to x.shape[0]". */
  readonly reason: string
  readonly location: SourceLocation | undefined
}

/** The memory of a returned tensor under another shape or dtype: see tensor_view.ts of the language. */
export interface ReturnedView {
  readonly name: string
  readonly dtype: StorageType
  readonly shape: readonly Size[]
  readonly base: readonly Size[]
  readonly dims: readonly {
    readonly dim: number | undefined
    readonly offset: Size
    readonly step: number
  }[]
}

/** The kernel function's return value, with tensors by id. */
export type ReturnTree =
  | { readonly kind: 'tensor'; readonly tensor: number; readonly view?: ReturnedView }
  | { readonly kind: 'list'; readonly items: readonly ReturnTree[] }
  | { readonly kind: 'record'; readonly entries: readonly (readonly [string, ReturnTree])[] }
  /** Undefined, unless it is null. */
  | { readonly kind: 'none'; readonly value?: null }

/** A fact about an argument that tracing used beyond its class of sizes; it joins the specialisation key. */
export type Specialization =
  | {
      readonly kind: 'dim'
      readonly tensor: number
      readonly axis: number
      readonly by: 'value' | 'next_power_of_2'
    }
  | { readonly kind: 'scalar'; readonly scalar: number }

export interface KernelIr {
  readonly name: string
  /** Those of the caller, then those that the kernel returns, then scratch memory. */
  readonly tensors: readonly TensorInfo[]
  readonly views: readonly TensorView[]
  readonly scalars: readonly ScalarInfo[]
  readonly symbols: readonly SizeSymbol[]
  readonly blocks: readonly Block[]
  readonly grids: readonly Grid[]
  readonly guards: readonly Guard[]
  readonly specializations: readonly Specialization[]
  readonly returns: ReturnTree
  /** What it prints, if anything. */
  readonly prints?: Prints | undefined
}

/** What loads and stores name: the tensors, then their views. */
export function addressable({ tensors, views }: Pick<KernelIr, 'tensors' | 'views'>): readonly TensorView[] {
  return [...tensors.map(({ id, name, dtype, shape }) => ({ name, dtype, shape, tensor: id })), ...views]
}

/** Ids of the tensors in a return value, in order. */
export function returnedTensors(tree: ReturnTree): readonly number[] {
  if (tree.kind === 'tensor') return [tree.tensor]
  if (tree.kind === 'list') return tree.items.flatMap(returnedTensors)
  return tree.kind === 'record' ? tree.entries.flatMap(([, item]) => returnedTensors(item)) : []
}

/** The tensors that callers see: their ids are their places. */
export function seenTensors({ tensors }: Pick<KernelIr, 'tensors'>): readonly TensorInfo[] {
  return tensors.filter(({ role }) => role !== 'scratch')
}
