/** Names of WGSL types, and literals. */
import type { WgslTypes } from '../ir/op_rule.ts'
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

export function typesFor(dtype: DType, width: Width): WgslTypes {
  return { T: wgslType(dtype, width), dtype, of: (other) => wgslType(other, width) }
}

/** A constant of the dtype. Infinities and NaN have no literal in WGSL; they come from helper functions. */
export function literal(value: number, dtype: DType): string {
  switch (dtype) {
    case 'bool':
      return value === 0 ? 'false' : 'true'
    case 'u32':
      return `${value}u`
    case 'i32':
      return value === -2147483648 ? 'i32(-2147483647 - 1)' : `${value}i`
    case 'f16':
    case 'f32': {
      const rounded = DTYPES[dtype].round(value)
      if (Number.isFinite(rounded)) return `${decimal(rounded)}${dtype === 'f16' ? 'h' : 'f'}`
      return dtype === 'f16' ? `f16(${nonFinite(rounded)})` : nonFinite(rounded)
    }
  }
}

function vectorOf(scalar: string, width: Width): string {
  if (width === 1) return scalar
  const suffix = SUFFIX[scalar]
  return suffix ? `vec${width}${suffix}` : `vec${width}<${scalar}>`
}

function nonFinite(value: number): string {
  if (Number.isNaN(value)) return 'not_a_number()'
  return value > 0 ? 'infinity()' : '-infinity()'
}

function decimal(value: number): string {
  const text = String(value)
  return /[.e]/.test(text) ? text : `${text}.0`
}
