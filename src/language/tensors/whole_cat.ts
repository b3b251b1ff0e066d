/** `hl.cat` and `hl.stack` of whole tensors, outside of loops: each element is one of one of the tensors. */
import { type Size, sizeOp } from '../../ir/size.ts'
import { callSite } from '../../support/call_site.ts'
import { AuthorError } from '../../support/errors.ts'
import type { StorageType } from '../../support/storage_types.ts'
import { Tile } from '../loops/tile.ts'
import { type Trace, tracing } from '../trace/trace.ts'
import type { TracedTensor } from '../trace/traced_tensor.ts'
import { elementwise } from '../values/elementwise.ts'
import { alongAxis, cat, chosen, stack } from '../values/rearrange.ts'
import type { TileValue } from '../values/value.ts'
import { arange } from './creation.ts'
import { toDim, toSize } from './dim.ts'
import { make, type Reader } from './made_tensors.ts'
import type { IndexTerm, Tensor } from './tensor.ts'
import { axisOf, typeOf, wholeTensor } from './whole_operations.ts'

/** Of tile values, or outside of loops of tensors; along the first axis unless another is given. */
export interface Together {
  (values: readonly TileValue[], axis?: number): TileValue
  (tensors: readonly Tensor[], axis?: number): Tensor
}

export const catAny = ((values: readonly unknown[], axis = 0) => {
  const tensors = tensorsOf('hl.cat', values)
  return tensors ? catTensors(tensors, axis) : cat(values as readonly TileValue[], axis)
}) as Together

export const stackAny = ((values: readonly unknown[], axis = 0) => {
  const tensors = tensorsOf('hl.stack', values)
  return tensors ? stackTensors(tensors, axis) : stack(values as readonly TileValue[], axis)
}) as Together

/** All of the values as tensors, where that is what they are. */
function tensorsOf(what: string, values: readonly unknown[]): Tensors | undefined {
  const found = values.flatMap((value) => wholeTensor(what, value) ?? [])
  const [first, ...others] = found
  return first && found.length === values.length ? [first, ...others] : undefined
}

type Tensors = readonly [TracedTensor, ...TracedTensor[]]

function catTensors(tensors: Tensors, axis: number): TracedTensor {
  const [first] = tensors
  const trace = tracing('hl.cat')
  const at = axisOf('hl.cat', first, axis)
  requireAlike(trace, 'hl.cat', tensors, at)
  const lengths = tensors.map(({ shape }) => toSize(shape[at] ?? 1, 'hl.cat'))
  const ends = lengths.map((_, i) => lengths.slice(0, i + 1).reduce<Size>((a, b) => sizeOp('add', a, b), 0))
  const total = ends.at(-1) ?? 0
  return made('hl.cat', tensors, first.shape.toSpliced(at, 1, toDim(total)), (terms, read) => {
    const position = positionsOf(terms[at], total)
    const values = tensors.map((tensor, i) => {
      const own = i === 0 ? position : elementwise('sub', [position, toDim(ends[i - 1] ?? 0)])
      return read(tensor, terms.toSpliced(at, 1, lengths[i] === 1 ? ':' : own))
    })
    return chosen(values, (i) =>
      elementwise('lt', [alongAxis(trace, position, at, terms.length), toDim(ends[i] ?? 0)]),
    )
  })
}

function stackTensors(tensors: Tensors, axis: number): TracedTensor {
  const [first] = tensors
  const trace = tracing('hl.stack')
  const at = axisOf('hl.stack', first.unsqueeze(0), axis)
  requireAlike(trace, 'hl.stack', tensors)
  const shape = first.shape.toSpliced(at, 0, tensors.length)
  return made('hl.stack', tensors, shape, (terms, read) => {
    const layer = alongAxis(trace, positionsOf(terms[at], tensors.length), at, terms.length)
    const values = tensors.map((tensor) => read(tensor, terms.toSpliced(at, 1)).unsqueeze(at))
    return chosen(values, (i) => layer.lt(i + 1))
  })
}

function made(
  what: string,
  operands: Tensors,
  shape: readonly number[],
  value: (terms: readonly IndexTerm[], read: Reader) => TileValue,
): TracedTensor {
  return make(tracing(what), { what, shape, dtype: dtypeOf(operands), operands, isElementwise: false, value })
}

/** That of all of them, or what choosing between them gives. */
function dtypeOf(tensors: Tensors): StorageType {
  const [{ dtype }] = tensors
  if (tensors.every((tensor) => tensor.dtype === dtype)) return dtype
  return typeOf(tensors, (values) => chosen(values as readonly TileValue[], () => elementwise('lt', [0, 1])))
}

function positionsOf(term: IndexTerm | undefined, size: Size): TileValue {
  return term instanceof Tile ? term.index : arange(toDim(size))
}

/** Equal sizes, but for those of one dimension. */
function requireAlike(trace: Trace, what: string, tensors: Tensors, except?: number): void {
  const [first] = tensors
  for (const { ndim, shape } of tensors) {
    if (ndim !== first.ndim) {
      throw new AuthorError(`${what} of tensors with ${first.ndim} and with ${ndim} dimensions`, {
        location: callSite(),
        remedy: 'All need the same number of dimensions; .unsqueeze(axis) adds one of size 1.',
      })
    }
    shape.forEach((size, dim) => {
      if (dim !== except)
        trace.guard(
          'eq',
          toSize(first.shape[dim] ?? 1, what),
          toSize(size, what),
          `${what} of tensors keeps sizes`,
        )
    })
  }
}
