/** Words for a value that stands where it cannot, for the messages of author errors. */

import { Tile } from '../loops/tile.ts'
import { isSymbolic } from '../tensors/dim.ts'
import { ScalarArgument, TileValue } from '../values/value.ts'

/** "a tensor", "the number 1.5", "a list" … */
export function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  if (value instanceof Tile) return 'a tile'
  if (value instanceof ScalarArgument) return 'a number among the arguments'
  if (value instanceof TileValue) return 'a tile value'
  if (isSymbolic(value)) return `the symbolic size ${value.size.key}`
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'function') return 'a function'
  if (typeof value === 'object') return 'shape' in value && 'dtype' in value ? 'a tensor' : objectName(value)
  return `the ${typeof value} ${typeof value === 'string' ? JSON.stringify(value) : String(value)}`
}

function objectName(value: object): string {
  const name: unknown = value.constructor?.name
  return name && name !== 'Object' ? `a ${name}` : 'an object'
}
