/** Types of values of one invocation: a scalar or a short vector of one dtype. */
import type { DType } from '../../support/dtypes.ts'

export type Width = 1 | 2 | 4

export interface ThreadType {
  readonly dtype: DType
  readonly width: Width
}

const WIDTHS = [1, 2, 4] as const

const TYPES: Readonly<Record<DType, ReadonlyMap<Width, ThreadType>>> = {
  f32: widthsOf('f32'),
  f16: widthsOf('f16'),
  i32: widthsOf('i32'),
  u32: widthsOf('u32'),
  bool: widthsOf('bool'),
}

/** The type; equal types are one object. */
export function typeOf(dtype: DType, width: Width): ThreadType {
  const type = TYPES[dtype].get(width)
  if (!type) throw new Error(`no vector of ${width} elements`)
  return type
}

/** What stands for the type in memory that invocations share: truth values are whole words there. */
export function memoryType({ dtype, width }: ThreadType): ThreadType {
  return typeOf(dtype === 'bool' ? 'u32' : dtype, width)
}

function widthsOf(dtype: DType): ReadonlyMap<Width, ThreadType> {
  return new Map(WIDTHS.map((width) => [width, Object.freeze({ dtype, width })]))
}
