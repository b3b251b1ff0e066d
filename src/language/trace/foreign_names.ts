/** Names that other languages of tensors have and this one has not, and what is written here instead. */
import { mostSimilar } from '../../support/similar.ts'
import { hl } from '../hl.ts'
import { Tile } from '../loops/tile.ts'
import { TileValue } from '../values/value.ts'
import { TracedTensor } from './traced_tensor.ts'

const PRODUCT = 'hl.dot(a, b), or acc.addDot(a, b) in a loop'
const PART = 'value.slice(axis, begin, end)'
const COMPUTED = 'tensor.at(…) with computed positions'
const TRIANGLE =
  'hl.where(rows.at(":", null).ge(columns), value, 0) with positions from tile.index or hl.arange'

const INSTEAD: Readonly<Record<string, string>> = {
  matmul: PRODUCT,
  mm: PRODUCT,
  bmm: PRODUCT,
  view: 'reshape',
  size: 'tensor.shape[0]',
  float: "value.to('f32')",
  half: "value.to('f16')",
  int: "value.to('i32')",
  long: "value.to('i32')",
  type: "value.to('f32')",
  max: 'amax, or maximum of two values',
  min: 'amin, or minimum of two values',
  chunk: PART,
  narrow: PART,
  gather: COMPUTED,
  take: COMPUTED,
  indexSelect: COMPUTED,
  tril: TRIANGLE,
  triu: TRIANGLE,
  argsort: 'value.sort(axis).indices',
  broadcastTo: 'expand(shape)',
  broadcastTensors: 'tensor.expand(shape)',
  repeat: 'expand(shape)',
  randLike: 'hl.rand(seed, [tile])',
  onesLike: 'hl.fullLike(like, 1)',
  ones: 'hl.full(shape, 1)',
  nextPowerOfTwo: 'hl.nextPowerOf2(n)',
}

/**
 * What to write for a name that JavaScript says is no function; undefined for one that is known, or is not.
 */
export function writtenInstead(name: string): string | undefined {
  const camel = name.replace(/_+(\w)/g, (_, letter: string) => letter.toUpperCase())
  if (Object.hasOwn(INSTEAD, camel)) return INSTEAD[camel]
  const isKnown = [hl, TileValue.prototype, TracedTensor.prototype, Tile.prototype].some(
    (owner) => name in owner,
  )
  return isKnown ? undefined : mostSimilar(camel, Object.keys(hl))
}
