/**
 * How long tiles are where the author has a say: numbers, and sizes of `hl.registerBlockSize` that the config
 * chooses once for all tiles that share them.
 */
import type { Block, BlockId } from '../../ir/node.ts'
import { callSite } from '../../support/call_site.ts'
import { AuthorError } from '../../support/errors.ts'
import { isPowerOf2 } from '../../support/maths.ts'
import { isSymbolic, toDim, toSize } from '../tensors/dim.ts'
import type { Dim } from '../tensors/tensor.ts'
import { describe } from '../trace/describe.ts'
import { tracing } from '../trace/trace.ts'
import { blockSizeOf } from './axis_sizes.ts'

/** One dimension's block size: a number, a size, one of `hl.registerBlockSize`, or null for the config's. */
export type BlockSize = number | null

/** `hl.registerBlockSize`: an extent of tiles up to that of a range, which several loops may share. */
export interface RegisterBlockSize {
  (range: number): Dim
  (least: number, range: number): Dim
}

export const registerBlockSize: RegisterBlockSize = (first: number, second?: number): Dim => {
  const trace = tracing('hl.registerBlockSize')
  const [least, limit] = second === undefined ? [1, first] : [first, second]
  const range = toSize(limit, 'hl.registerBlockSize')
  if (typeof least !== 'number' || !isPowerOf2(least)) {
    throw new AuthorError(`hl.registerBlockSize with a least size of ${describe(least)}`, {
      location: callSite(),
      remedy: 'The least size is a power of two; it stands before the range: hl.registerBlockSize(16, m).',
    })
  }
  if (trace.insideLoop) {
    throw new AuthorError('hl.registerBlockSize inside a loop over tiles', {
      location: callSite(),
      remedy: 'Register block sizes before the loops that use them.',
    })
  }
  const location = callSite()
  const spec = {
    kind: 'size',
    size: range,
    end: range,
    extent: undefined,
    least,
    grid: -1,
    location,
  } as const
  return toDim(blockSizeOf(trace, trace.blocks.add(spec)))
}

/** How tiles are cut; those that an inner loop has the positions of have a `length`. */
export type TileExtent = Pick<Block, 'extent' | 'sizedBy'> & { readonly length?: Dim }

/** What `blockSize` says of dimension `dim` of `count`. */
export function extentOf(
  blockSize: BlockSize | readonly BlockSize[] | undefined,
  dim: number,
  count: number,
): TileExtent {
  const open = { extent: undefined }
  if (blockSize === undefined) return open
  const isOne = !Array.isArray(blockSize)
  const given = isOne ? (blockSize as BlockSize) : blockSize[dim]
  if (isOne || blockSize.length === count) {
    if (given === null) return open
    const sizedBy = registered(given)
    if (sizedBy !== undefined) return { ...open, sizedBy }
    if (isLength(given)) return isPowerOf2(given) ? { extent: given } : { ...open, length: given }
  }
  throw new AuthorError(`hl.tile with blockSize ${text(blockSize)} for ${count} dimensions`, {
    location: callSite(),
    remedy:
      'Give a whole number of at least 1 or a size, or one per dimension; hl.registerBlockSize makes one ' +
      'that the config chooses, null leaves a dimension to it.',
  })
}

function isLength(given: unknown): given is Dim {
  return isSymbolic(given) || (Number.isInteger(given) && (given as number) >= 1)
}

/** The block that a registered size belongs to. */
function registered(size: unknown): BlockId | undefined {
  return isSymbolic(size) && size.size.op === 'block_size' ? size.size.block : undefined
}

function text(blockSize: unknown): string {
  if (Array.isArray(blockSize)) return `[${blockSize.map(text).join(', ')}]`
  if (isSymbolic(blockSize)) return blockSize.size.key
  return typeof blockSize === 'object'
    ? describe(blockSize)
    : (JSON.stringify(blockSize) ?? describe(blockSize))
}
