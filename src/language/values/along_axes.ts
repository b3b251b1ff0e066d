/** The methods that take the elements along an axis together and give one value, by their names. */
import { cumprod, cumsum } from './combining.ts'
import { deviation, logSoftmax, logsumexp, mean, norm, reduce, softmax, variance } from './reductions.ts'
import type { AlongAxis, KeepsAxis } from './tile_signatures.ts'
import type { TileMethods, TileValue } from './value.ts'

type Functions = {
  readonly [K in AlongAxis]: (self: TileValue, ...rest: Parameters<TileMethods[K]>) => TileValue
}

export const ALONG_AXES: Functions = {
  sum: (self, axis, options) => reduce('sum', self, axis, options),
  mean,
  var: variance,
  std: deviation,
  norm,
  prod: (self, axis, options) => reduce('prod', self, axis, options),
  amax: (self, axis, options) => reduce('max', self, axis, options),
  amin: (self, axis, options) => reduce('min', self, axis, options),
  argmax: (self, axis, options) => reduce('argmax', self, axis, options),
  argmin: (self, axis, options) => reduce('argmin', self, axis, options),
  any: (self, axis, options) => reduce('any', self, axis, options),
  all: (self, axis, options) => reduce('all', self, axis, options),
  cumsum,
  cumprod,
  softmax,
  logSoftmax,
  logsumexp,
}

export const KEEPS_AXIS: ReadonlySet<AlongAxis> = new Set<KeepsAxis>([
  'cumsum',
  'cumprod',
  'softmax',
  'logSoftmax',
])
