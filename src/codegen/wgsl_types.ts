/** Names of WGSL types, and finite literals. */
import { DTYPES, type DType } from '../support/dtypes.ts'

export type Width = 1 | 2 | 4

const SUFFIX: Readonly<Record<string, string>> = { f32: 'f', f16: 'h', i32: 'i', u32: 'u' }

/** The type of `width` elements in registers, e.g. `vec4f`. */
export function wgslType(dtype: DType, width: Width): string {
  return vectorOf(DTYPES[dtype].wgsl, width)
}

/** The type of `width` elements in a storage buffer. */
export function storageType(dtype: DType, width: Width): string {
  return vectorOf(DTYPES[dtype].storage, width)
}

/** A finite constant, rounded to the dtype; the others come from `Helpers`. */
export function finiteLiteral(value: number, dtype: DType): string {
  switch (dtype) {
    case 'bool':
      return value === 0 ? 'false' : 'true'
    case 'u32':
      return `${value}u`
    case 'i32':
      return value === -2147483648 ? 'i32(-2147483647 - 1)' : `${value}i`
    case 'f16':
    case 'f32':
      return `${decimal(value)}${SUFFIX[dtype]}`
  }
}

function vectorOf(scalar: string, width: Width): string {
  if (width === 1) return scalar
  const suffix = SUFFIX[scalar]
  return suffix ? `vec${width}${suffix}` : `vec${width}<${scalar}>`
}

function decimal(value: number): string {
  const text = String(value)
  return /[.e]/.test(text) ? text : `${text}.0`
}
