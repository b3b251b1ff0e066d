/** Arrays of half floats to and from numbers, fast enough for tensors. */
import { fromHalfBits, toHalfBits } from '../support/dtypes.ts'

/** Below this, filling the table costs more than it saves. */
const TABLE_PAYS_FROM = 65536
let table: Float32Array<ArrayBuffer> | undefined

/** The numbers that half bits stand for. */
export function halfToFloats(bits: Uint16Array): Float32Array<ArrayBuffer> {
  const floats = new Float32Array(bits.length)
  const known = bits.length >= TABLE_PAYS_FROM ? allHalves() : table
  if (known) for (let i = 0; i < bits.length; i++) floats[i] = known[bits[i] ?? 0] ?? 0
  else for (let i = 0; i < bits.length; i++) floats[i] = fromHalfBits(bits[i] ?? 0)
  return floats
}

/** Half bits of numbers, rounded to nearest even. */
export function floatsToHalf(values: ArrayLike<number>): Uint16Array<ArrayBuffer> {
  const bits = new Uint16Array(values.length)
  for (let i = 0; i < values.length; i++) bits[i] = toHalfBits(values[i] ?? 0)
  return bits
}

function allHalves(): Float32Array {
  table ??= Float32Array.from({ length: 65536 }, (_, bits) => fromHalfBits(bits))
  return table
}
