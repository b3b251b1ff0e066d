/**
 * How a generated module gets at its features: one small function per kind of feature, written into the
 * module only where it is used. They accept anything a call may pass and give 0 or '' where a feature is
 * absent.
 */
import {
  type ArgumentFact,
  parseArgumentFeature,
  parseKeyFeature,
} from '../../../heuristics/feature_names.ts'
import type { Calling, Column } from '../features/columns.ts'

export interface Reading {
  /** The expression that yields the column's value. */
  readonly expression: string
  /** The function it calls. */
  readonly reader: ReaderName
}

export type ReaderName =
  | 'size'
  | 'rank'
  | 'numel'
  | 'dtype'
  | 'dtypeSize'
  | 'dtypeCategory'
  | 'scalar'
  | 'numberOf'
  | 'textOf'

const TENSOR = '(argument as MaybeTensor)'

/** The type that readers of tensors use. */
export const MAYBE_TENSOR: string =
  'type MaybeTensor = { readonly shape?: readonly number[]; readonly dtype?: string } | null | undefined'

/** Source of each reader. */
export const READERS: Readonly<Record<ReaderName, string>> = {
  size: `function size(argument: unknown, dim: number): number {
  return ${TENSOR}?.shape?.[dim] ?? 0
}`,
  rank: `function rank(argument: unknown): number {
  return ${TENSOR}?.shape?.length ?? 0
}`,
  numel: `function numel(argument: unknown): number {
  const shape = ${TENSOR}?.shape
  let product = shape ? 1 : 0
  if (shape) for (let dim = 0; dim < shape.length; dim++) product *= shape[dim] ?? 1
  return product
}`,
  dtype: `function dtype(argument: unknown): string {
  return ${TENSOR}?.dtype ?? ''
}`,
  dtypeSize: `function dtypeSize(argument: unknown): number {
  const name = ${TENSOR}?.dtype ?? ''
  return name.endsWith('bool') ? (name === 'bool' ? 4 : 1) : Number(/[a-z](\\d+)/.exec(name)?.[1] ?? 0) / 8
}`,
  dtypeCategory: `function dtypeCategory(argument: unknown): number {
  const name = ${TENSOR}?.dtype ?? ''
  const kind = /([a-z]+)\\d*(?:_\\w*)?$/.exec(name)?.[1] ?? ''
  if (kind === 'bool') return 0
  if (/^(i|u|int|uint)$/.test(kind)) return 1
  if (/^(f|bf|float|bfloat)$/.test(kind)) return 2
  return kind === 'complex' ? 3 : 4
}`,
  scalar: `function scalar(argument: unknown): number {
  return typeof argument === 'number' ? argument : Number(argument === true)
}`,
  numberOf: `function numberOf(value: unknown): number {
  return typeof value === 'number' ? value : Number(value === true)
}`,
  textOf: `function textOf(value: unknown): string {
  return value === null || value === undefined ? '' : String(value)
}`,
}

/** Feature of an argument, without its index, to its reading. */
const ARGUMENT_READERS: Readonly<
  Record<ArgumentFact, (argument: string, dim: number | undefined) => Reading>
> = {
  dim: (argument, dim) => ({ reader: 'size', expression: `size(${argument}, ${dim})` }),
  numel: (argument) => ({ reader: 'numel', expression: `numel(${argument})` }),
  ndim: (argument) => ({ reader: 'rank', expression: `rank(${argument})` }),
  dtype: (argument) => ({ reader: 'dtype', expression: `dtype(${argument})` }),
  dtype_size: (argument) => ({ reader: 'dtypeSize', expression: `dtypeSize(${argument})` }),
  dtype_cat: (argument) => ({ reader: 'dtypeCategory', expression: `dtypeCategory(${argument})` }),
  scalar: (argument) => ({ reader: 'scalar', expression: `scalar(${argument})` }),
}

/** Position of the parameter that a column reads; `names` are the features passed by position. */
export function parameterOf(column: Column, calling: Calling, names: readonly string[]): number {
  const argument = calling === 'arguments' ? parseArgumentFeature(column.name)?.argument : undefined
  return argument ?? parseKeyFeature(column.name) ?? names.indexOf(column.name)
}

export function readingOf(column: Column, calling: Calling, parameter: string): Reading {
  if (calling === 'positional') {
    const reader = column.kind === 'category' ? 'textOf' : 'numberOf'
    return { reader, expression: `${reader}(${parameter})` }
  }
  const feature = parseArgumentFeature(column.name)
  if (!feature) throw new Error(`no way to read feature ${column.name} from arguments`)
  return ARGUMENT_READERS[feature.what](parameter, feature.dim)
}
