/** `hl.cdiv`: a quotient rounded up, of sizes and of integers that the device computes. */

import { elementwise } from '../values/elementwise.ts'
import type { Operand, TileValue } from '../values/value.ts'
import { cdivDim, dimOperation, isDim } from './dim.ts'
import type { Dim } from './tensor.ts'

export interface Cdiv {
  (a: number, b: number): Dim
  (a: Operand, b: Operand): TileValue
}

export const cdiv = ((a: Operand, b: Operand): TileValue | Dim => {
  if (isDim(a) && isDim(b)) return cdivDim(a, b)
  const last = isDim(b) ? dimOperation('sub', b, 1) : elementwise('sub', [b, 1])
  return elementwise('floorDiv', [elementwise('add', [a, last]), b])
}) as Cdiv
