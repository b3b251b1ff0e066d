/** Types of values of one invocation: a scalar or a short vector of one dtype. */
import { DTYPE_NAMES, type DType } from '../../support/dtypes.ts'
import { STORAGE } from '../../support/storage_types.ts'

export type Width = 1 | 2 | 4

export interface ThreadType {
  readonly dtype: DType
  readonly width: Width
}

const WIDTHS = [1, 2, 4] as const

const TYPES: ReadonlyMap<DType, ReadonlyMap<Width, ThreadType>> = new Map(
  DTYPE_NAMES.map((dtype) => [dtype, widthsOf(dtype)]),
)

/** The type; equal types are one object. */
export function typeOf(dtype: DType, width: Width): ThreadType {
  const type = TYPES.get(dtype)?.get(width)
  if (!type) throw new Error(`no vector of ${width} elements`)
  return type
}

/** Bits of a register. */
export const REGISTER_BITS = 32

/** How many registers a value takes. */
export function registersOf({ dtype, width }: ThreadType): number {
  return Math.ceil((STORAGE[dtype].bits * width) / REGISTER_BITS)
}

/** What stands for the type in memory that invocations share: truth values are whole words there. */
export function memoryType({ dtype, width }: ThreadType): ThreadType {
  return typeOf(dtype === 'bool' ? 'u32' : dtype, width)
}

function widthsOf(dtype: DType): ReadonlyMap<Width, ThreadType> {
  return new Map(WIDTHS.map((width) => [width, Object.freeze({ dtype, width })]))
}
