/**
 * `tensor.at(…)`: from index terms to loads and stores. Each term becomes an i32 node per dimension; the axes
 * of the result are those of the terms in order, each block once, so two terms over the same tile pair up
 * element by element.
 */
import { tileType } from '../ir/build.ts'
import type { TensorInfo } from '../ir/kernel_ir.ts'
import { type AtomicOp, type Axis, type Block, type Node, ONE, UNNUMBERED } from '../ir/node.ts'
import { printSize, sizeOp } from '../ir/size.ts'
import { callSite } from '../support/call_site.ts'
import type { DType } from '../support/dtypes.ts'
import { AuthorError } from '../support/errors.ts'
import { describe } from './describe.ts'
import { isDim, toSize } from './dim.ts'
import { toNode } from './elementwise.ts'
import type { IndexTerm } from './tensor.ts'
import { Tile } from './tile.ts'
import { type Trace, tracing } from './trace.ts'
import { castTo, fitTo, printAxes } from './typing.ts'
import { type Operand, Ref, TileValue } from './value.ts'
import { view } from './views.ts'

/** The elements of `tensor` at `terms`, to read or to write. */
export function at(tensor: TensorInfo, terms: readonly IndexTerm[]): Ref {
  const trace = tracing('tensor.at')
  trace.scope(`${tensor.name}.at(…)`)
  checkRank(tensor, terms)
  const index = indexNodes(trace, tensor, terms)
  const axes = unionAxes(trace, tensor, index)
  const type = tileType(tensor.dtype, axes)
  const load = trace.add('tensor.at', {
    kind: 'load',
    site: UNNUMBERED,
    type,
    tensor: tensor.id,
    index,
  })
  return new Ref(trace, load, view(trace, load, viewWithOnes(trace, tensor, terms, index, axes)))
}

/** Writes `value` to the positions of `ref`. */
export function storeTo(ref: Ref, value: Operand): void {
  const trace = tracing('set')
  const { tensor, index, type } = ref.load
  ref.nodeIn(trace)
  const written = valueFor(trace, ref, value, 'set')
  const { dtype } = type
  trace.add('set', { kind: 'store', site: UNNUMBERED, type: tileType(dtype), tensor, index, value: written })
}

/** Combines `value` at once with what is at the positions of `ref`, and gives what was there before. */
export function updateAt(ref: Ref, op: AtomicOp, value: Operand, expected?: Operand): TileValue {
  const what = `atomic${op[0]?.toUpperCase()}${op.slice(1)}`
  const trace = tracing(what)
  const { tensor, index, type } = ref.load
  ref.nodeIn(trace)
  requireAtomic(what, op, type.dtype)
  const node = trace.add(what, {
    kind: 'atomic',
    op,
    type,
    tensor,
    index,
    value: valueFor(trace, ref, value, what),
    expected: expected === undefined ? undefined : valueFor(trace, ref, expected, what),
  })
  let axes = 0
  return new TileValue(
    trace,
    view(
      trace,
      node,
      ref.target.map((axis) => (axis === ONE ? ONE : axes++)),
    ),
  )
}

/** Operations that work on the bits of integers alone. */
const OF_INTEGERS: ReadonlySet<AtomicOp> = new Set(['and', 'or', 'xor'])

function requireAtomic(what: string, op: AtomicOp, dtype: DType): void {
  const isWhole = dtype === 'i32' || dtype === 'u32'
  if (isWhole || (dtype === 'f32' && !OF_INTEGERS.has(op))) return
  throw new AuthorError(`${what} on a tensor of ${dtype}`, {
    location: callSite(),
    remedy: OF_INTEGERS.has(op)
      ? 'It works on the bits of i32 and u32.'
      : 'Atomic operations exist for i32, u32 and f32.',
  })
}

/** `value` as the tensor's dtype, over the axes of the positions. */
function valueFor(trace: Trace, ref: Ref, value: Operand, what: string): Node {
  const { dtype } = ref.load.type
  const node = castTo(trace, toNode(trace, what, value, dtype), dtype)
  const spread = fitTo(trace, node, ref.target, what, 'positions')
  const kept = ref.target.map((axis, i) => (axis === ONE ? ONE : i)).filter((i) => i !== ONE)
  return view(trace, spread, kept)
}

function checkRank(tensor: TensorInfo, terms: readonly IndexTerm[]): void {
  const given = terms.filter((term) => term !== null).length
  if (given === tensor.shape.length) return
  throw new AuthorError(
    `${tensor.name}.at(…) with ${given} indices; ${tensor.name} has ${tensor.shape.length} dimensions`,
    {
      location: callSite(),
      remedy: `Give one index per dimension; ':' takes a whole one.`,
    },
  )
}

function indexNodes(trace: Trace, tensor: TensorInfo, terms: readonly IndexTerm[]): Node[] {
  const dimensions = terms.filter((term) => term !== null)
  return dimensions.map((term, dim) => {
    if (term !== ':') return indexNode(trace, tensor, dim, term)
    const size = tensor.shape[dim] ?? 0
    if (size === 1) return trace.size(0)
    return blockIndex(trace, wholeDimension(trace, size, `${tensor.id} ${dim}`))
  })
}

/** An axis of its own over a whole dimension of `size` in the loop being traced; `owner` says whose it is. */
export function wholeDimension(trace: Trace, size: TensorInfo['shape'][number], owner = ''): Block {
  trace.requireBound(size)
  return trace.blocks.slice({ size, owner, grid: trace.grid, location: callSite() })
}

function indexNode(
  trace: Trace,
  tensor: TensorInfo,
  dim: number,
  term: Exclude<IndexTerm, null | ':'>,
): Node {
  const size = tensor.shape[dim] ?? 0
  if (term instanceof Tile) {
    const { block } = term
    const { name } = tensor
    const reason = `${name}.at(…) reads dimension ${dim} of ${name} up to the end of the tile's range`
    if (block.end !== undefined) trace.guard('le', block.end, size, reason)
    return blockIndex(trace, block)
  }
  if (term instanceof TileValue) return integerIndex(trace, tensor, dim, term.nodeIn(trace))
  if (typeof term === 'number') return numberIndex(trace, tensor, dim, term)
  if (isDim(term)) return trace.size(toSize(term, `index ${dim} of ${tensor.name}`))
  throw new AuthorError(`${tensor.name}.at(…) got ${describe(term)} as index ${dim}`, {
    location: callSite(),
    remedy: `An index is a tile, ':', null, a number, a size, or a tile value of i32 or u32.`,
  })
}

/** A plain number must lie within the tensor: a launch checks it where the size is symbolic. */
function numberIndex(trace: Trace, tensor: TensorInfo, dim: number, index: number): Node {
  const size = tensor.shape[dim] ?? 0
  const reason = `${tensor.name}.at(…) reads position ${index} of dimension ${dim} of ${tensor.name}`
  toSize(index, `index ${dim} of ${tensor.name}`)
  if (index < 0 || (typeof size === 'number' && index >= size)) {
    throw new AuthorError(`${reason}, which has positions 0 to ${printSize(sizeOp('sub', size, 1))}`, {
      location: callSite(),
      remedy: 'Count from 0; the last position is hl.sub(size, 1).',
    })
  }
  // A symbolic size is never 0 or 1.
  if (index > 1) trace.guard('le', index + 1, size, reason)
  return trace.size(index)
}

function blockIndex(trace: Trace, block: Block): Node {
  const type = tileType('i32', [block.id])
  return trace.add('tensor.at', { kind: 'index', type, block: block.id })
}

function integerIndex(trace: Trace, tensor: TensorInfo, dim: number, node: Node): Node {
  if (node.kind === 'argument' && node.type.dtype === 'f32') return castTo(trace, node, 'i32')
  if (node.type.dtype === 'i32') return node
  if (node.type.dtype === 'u32') return castTo(trace, node, 'i32')
  throw new AuthorError(`index ${dim} of ${tensor.name}.at(…) is ${node.type.dtype}`, {
    location: callSite(),
    remedy: `Indices are integers: convert with .to('i32').`,
  })
}

/** Every block of the indices once, in order of appearance. */
function unionAxes(trace: Trace, tensor: TensorInfo, index: readonly Node[]): readonly Axis[] {
  const written = new Map<Axis, Axis>()
  for (const axis of index.flatMap((node) => node.type.axes)) {
    const block = trace.blocks.canonical(axis)
    const before = written.get(block)
    if (block !== ONE && before !== undefined && before !== axis) throw ambiguousPair(trace, tensor, block)
    written.set(block, axis)
  }
  return [...written.keys()].filter((axis) => axis !== ONE)
}

/** Two ranges that met elsewhere in the kernel: as indices they could pair up or span all combinations. */
function ambiguousPair(trace: Trace, tensor: TensorInfo, block: Axis): AuthorError {
  const axes = printAxes(trace, [block, block])
  return new AuthorError(
    `two indices of ${tensor.name}.at(…) run along ranges ${axes} that were combined before`,
    {
      location: callSite(),
      remedy:
        'Indices over one range pair up, over two they span all combinations: compute both from one value, ' +
        "or read one of them again, because every ':' and every hl.arange(size) is a range of its own.",
    },
  )
}

/** Where axes of one go among the axes of the load: new ones (`null`), and whole dimensions of size one. */
function viewWithOnes(
  trace: Trace,
  tensor: TensorInfo,
  terms: readonly IndexTerm[],
  index: readonly Node[],
  axes: readonly Axis[],
): readonly number[] {
  const order: number[] = []
  let dim = 0
  for (const term of terms) {
    if (term === null) {
      order.push(ONE)
      continue
    }
    if (term === ':' && tensor.shape[dim] === 1) order.push(ONE)
    for (const axis of index[dim++]?.type.axes ?? []) {
      const position = axes.indexOf(trace.blocks.canonical(axis))
      if (position >= 0 && !order.includes(position)) order.push(position)
    }
  }
  return order
}
