/** Names of WGSL types. */
import { DTYPES } from '../../support/dtypes.ts'
import type { ThreadType } from '../thread/types.ts'

const SUFFIX: Readonly<Record<string, string>> = { f32: 'f', f16: 'h', i32: 'i', u32: 'u' }

/** The type's name, e.g. `vec4f`. */
export function typeName({ dtype, width }: ThreadType): string {
  const scalar = DTYPES[dtype].wgsl
  if (width === 1) return scalar
  const suffix = SUFFIX[scalar]
  return suffix ? `vec${width}${suffix}` : `vec${width}<${scalar}>`
}
