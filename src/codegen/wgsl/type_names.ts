/** Names of WGSL types. */
import { type DType, isFloat } from '../../support/dtypes.ts'
import type { ThreadType } from '../thread/types.ts'

/** Of numbers, and of names of vectors. */
export const SUFFIX: Readonly<Partial<Record<DType, string>>> = { f32: 'f', f16: 'h', i32: 'i', u32: 'u' }

/** The type's name, e.g. `vec4f`. */
export function typeName({ dtype, width }: ThreadType): string {
  if (width === 1) return dtype
  const suffix = SUFFIX[dtype]
  return suffix ? `vec${width}${suffix}` : `vec${width}<${dtype}>`
}

/** The type of the elements of an atomic array. WGSL has them for integers; a float is there as its bits. */
export function atomicTypeName(type: ThreadType): string {
  return `atomic<${isFloat(type.dtype) ? 'u32' : typeName(type)}>`
}

/** What stands in an atomic array for a value. */
export function asAtomic({ dtype }: ThreadType, value: string): string {
  return isFloat(dtype) ? `bitcast<u32>(${value})` : value
}

/** The value of what stands there. */
export function ofAtomic(type: ThreadType, stored: string): string {
  return isFloat(type.dtype) ? `bitcast<${typeName(type)}>(${stored})` : stored
}
