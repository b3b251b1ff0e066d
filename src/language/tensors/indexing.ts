/**
 * `tensor.at(…)`: from index terms to loads and stores. Each term becomes an i32 node per dimension; the axes
 * of the result are those of the terms in order, each block once, so two terms over the same tile pair up
 * element by element.
 */
import { tileType } from '../../ir/build.ts'
import { type AtomicOp, type Axis, type Block, type Node, ONE, UNNUMBERED } from '../../ir/node.ts'
import { printSize, type Size, sizeOp } from '../../ir/size.ts'
import { calledFrom, callSite } from '../../support/call_site.ts'
import { AuthorError } from '../../support/errors.ts'
import { computeType, type StorageType } from '../../support/storage_types.ts'
import { jaggedMask } from '../loops/jagged.ts'
import { indexAlong, Tile } from '../loops/tile.ts'
import { isOne } from '../trace/blocks.ts'
import { describe } from '../trace/describe.ts'
import { type Trace, tracing } from '../trace/trace.ts'
import { broadcastTo, castForStore, castTo, printAxes } from '../trace/typing.ts'
import { elementwise, toNode } from '../values/elementwise.ts'
import { asLoaded, asTarget, maskOf } from '../values/masks.ts'
import { type MaskOptions, type Operand, type PastTheEnd, Ref, TileValue } from '../values/value.ts'
import { view as axesOf } from '../values/views.ts'
import { isDim, toDim, toSize } from './dim.ts'
import { Range } from './range.ts'
import type { IndexTerm } from './tensor.ts'
import { isExpanded, isWhole, type View } from './tensor_view.ts'

/** A tensor, or a view of one, as `at` sees it. */
export interface Place {
  /** What loads and stores name. */
  readonly tensor: number
  readonly dtype: StorageType
  readonly view: View
}

/** The elements of a tensor at `terms`, to read or to write. */
export function at(place: Place, terms: readonly IndexTerm[]): Ref {
  const { tensor, dtype, view } = place
  const trace = tracing('tensor.at')
  trace.scope(`${view.name}.at(…)`)
  checkRank(view, terms)
  const given = indexNodes(trace, place, terms)
  unionAxes(trace, view, given)
  const index = view.dims.map((_, dim) => baseIndex(trace, view, dim, terms, given))
  const axes = unionAxes(trace, view, index)
  const type = tileType(computeType(dtype), axes)
  const spec = { kind: 'load', site: UNNUMBERED, type, tensor, index, mask: jaggedMask(trace, axes) } as const
  const load = trace.add('tensor.at', spec)
  const seen = asWritten(trace, view, terms, given, axes)
  const order = seen.map((axis) => (isOne(axis) ? ONE : axes.indexOf(axis)))
  const element = axesOf(trace, load, order)
  const value = broadcastTo(trace, element, seen, `${view.name}.at(…)`)
  return new Ref(trace, load, value, {
    dtype,
    repeats: isExpanded(view) ? view.name : undefined,
    past: pastTheEnd(trace, place, terms),
  })
}

/**
 * For tiles whose range may go on behind the end of the dimension that they index: accesses require that it
 * does not, but those with a mask may be anywhere where it is false.
 */
function pastTheEnd(trace: Trace, place: Place, terms: readonly IndexTerm[]): PastTheEnd | undefined {
  const { name, shape } = place.view
  const reaching = terms
    .filter((term) => term !== null)
    .flatMap((term, dim) => {
      const end = term instanceof Tile ? term.last : undefined
      const size = shape[dim] ?? 0
      return end === undefined || trace.isAtMost(end, size) ? [] : [{ term, dim, end, size }]
    })
  if (reaching.length === 0) return undefined
  const require = (): void => {
    for (const { dim, end, size } of reaching) {
      const reason = `${name}.at(…) reads dimension ${dim} of ${name} up to the end of the tile's range`
      trace.guard('le', end, size, reason)
    }
  }
  const computed = (term: IndexTerm): IndexTerm =>
    term instanceof Tile && reaching.some((one) => one.term === term) ? term.index : term
  const location = callSite()
  return {
    require: () => calledFrom(location, require),
    anywhere: () => at(place, terms.map(computed)),
  }
}

/** Writes `value` to the positions of `ref`. */
export function storeTo(target: Ref, value: Operand, { mask }: MaskOptions = {}): void {
  const trace = tracing('set')
  const ref = mask === undefined ? target : target.anywhere
  const { tensor, index, type } = ref.load
  ref.nodeIn(trace)
  const written = valueFor(trace, ref, value, 'set')
  const { dtype } = type
  trace.add('set', {
    kind: 'store',
    site: UNNUMBERED,
    type: tileType(dtype),
    tensor,
    index,
    value: written,
    mask: maskOf(trace, ref, mask, 'set'),
  })
}

/** Combines `value` at once with what is at the positions of `ref`, and gives what was there before. */
export function updateAt(
  target: Ref,
  op: AtomicOp,
  { value, expected, mask }: MaskOptions & { readonly value: Operand; readonly expected?: Operand },
): TileValue {
  const what = `atomic${op[0]?.toUpperCase()}${op.slice(1)}`
  const trace = tracing(what)
  const ref = mask === undefined ? target : target.anywhere
  const { tensor, index, type } = ref.load
  ref.nodeIn(trace)
  requireAtomic(what, op, ref.stored)
  const node = trace.add(what, {
    kind: 'atomic',
    op,
    type,
    tensor,
    index,
    value: valueFor(trace, ref, value, what),
    expected: expected === undefined ? undefined : valueFor(trace, ref, expected, what),
    mask: maskOf(trace, ref, mask, what),
  })
  return new TileValue(trace, asTarget(trace, ref, node))
}

/** Operations that work on the bits of integers alone. */
const OF_INTEGERS: ReadonlySet<AtomicOp> = new Set(['and', 'or', 'xor'])

function requireAtomic(what: string, op: AtomicOp, dtype: StorageType): void {
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
  if (ref.repeats !== undefined) {
    throw new AuthorError(`${what} on ${ref.repeats}.at(…), several of whose positions are one element`, {
      location: callSite(),
      remedy: 'Write to the tensor before .expand(…).',
    })
  }
  const node = castForStore(trace, toNode(trace, what, value, ref.load.type.dtype), ref.stored)
  return asLoaded(trace, ref, node, what)
}

function checkRank({ name, shape }: View, terms: readonly IndexTerm[]): void {
  const given = terms.filter((term) => term !== null).length
  if (given === shape.length) return
  throw new AuthorError(`${name}.at(…) with ${given} indices; ${name} has ${shape.length} dimensions`, {
    location: callSite(),
    remedy: `Give one index per dimension; ':' takes a whole one.`,
  })
}

function indexNodes(trace: Trace, { tensor, view }: Place, terms: readonly IndexTerm[]): Node[] {
  const dimensions = terms.filter((term) => term !== null)
  return dimensions.map((term, dim) => {
    if (term !== ':') return indexNode(trace, view, dim, term)
    const size = view.shape[dim] ?? 0
    if (size === 1) return trace.size(0)
    const base = view.dims.findIndex((other) => other.dim === dim)
    const owner = base < 0 ? `${view.name} ${dim}` : `${tensor} ${base}`
    return indexAlong(trace, wholeDimension(trace, size, owner).id)
  })
}

/** The index along a dimension of the base. */
function baseIndex(
  trace: Trace,
  view: View,
  at: number,
  terms: readonly IndexTerm[],
  given: readonly Node[],
): Node {
  const { dim, offset, step } = view.dims[at] ?? { dim: undefined, offset: 0, step: 1 }
  const node = dim === undefined ? undefined : given[dim]
  if (dim === undefined || !node) return trace.size(offset)
  if (isWhole(view, at)) return node
  const position = new TileValue(trace, node)
  const scaled = step === 1 ? position : elementwise('mul', [position, step])
  const moved = offset === 0 ? scaled : elementwise('add', [scaled, toDim(offset)])
  if (staysInside(terms.filter((term) => term !== null)[dim])) return moved.nodeIn(trace)
  // Beyond the view there is nothing, though its base may go on.
  const size = toDim(view.shape[dim] ?? 0)
  const isInside = elementwise('and', [elementwise('ge', [position, 0]), elementwise('lt', [position, size])])
  return elementwise('where', [isInside, moved, -1]).nodeIn(trace)
}

/** True for terms that are checked against the size: where the kernel is traced, or at its launch. */
function staysInside(term: IndexTerm | undefined): boolean {
  if (term instanceof Tile || term instanceof Range) return term.last !== undefined
  return term === ':' || typeof term === 'number'
}

/** An axis of its own over a whole dimension of `size` in the loop being traced; `owner` says whose it is. */
export function wholeDimension(trace: Trace, size: Size, owner = ''): Block {
  trace.requireBound(size)
  return trace.blocks.slice({ size, owner, grid: trace.grid, location: callSite() })
}

function indexNode(trace: Trace, tensor: View, dim: number, term: Exclude<IndexTerm, null | ':'>): Node {
  const size = tensor.shape[dim] ?? 0
  if (term instanceof Tile) return term.index.nodeIn(trace)
  if (term instanceof Range) {
    const reason = `${tensor.name}.at(…) reads dimension ${dim} of ${tensor.name} up to the end of a range`
    if (term.last !== undefined) trace.guard('le', term.last, size, reason)
    return term.index.nodeIn(trace)
  }
  if (term instanceof TileValue) return integerIndex(trace, tensor, dim, term.nodeIn(trace))
  if (typeof term === 'number') return numberIndex(trace, tensor, dim, term)
  if (isDim(term)) return trace.size(toSize(term, `index ${dim} of ${tensor.name}`))
  throw new AuthorError(`${tensor.name}.at(…) got ${describe(term)} as index ${dim}`, {
    location: callSite(),
    remedy: `An index is a tile, a range, ':', null, a number, a size, or a tile value of i32 or u32.`,
  })
}

/** A plain number must lie within the tensor: a launch checks it where the size is symbolic. */
function numberIndex(trace: Trace, tensor: View, dim: number, index: number): Node {
  const size = tensor.shape[dim] ?? 0
  const reason = `${tensor.name}.at(…) reads position ${index} of dimension ${dim} of ${tensor.name}`
  toSize(index, `index ${dim} of ${tensor.name}`)
  if (index < 0 && (typeof size !== 'number' || index >= -size)) {
    if (typeof size !== 'number') trace.guard('le', -index, size, reason)
    return trace.size(sizeOp('add', size, index))
  }
  if (index < 0 || (typeof size === 'number' && index >= size)) {
    throw new AuthorError(`${reason}, which has positions 0 to ${printSize(sizeOp('sub', size, 1))}`, {
      location: callSite(),
      remedy: 'Positions count from 0, negative ones from the end: -1 is the last.',
    })
  }
  // The size of an argument is never 0 or 1 where it is symbolic, nor is a product of them.
  const isDerived = typeof size !== 'number' && size.op !== 'symbol' && size.op !== 'mul'
  if (index > 1 || isDerived) trace.guard('le', index + 1, size, reason)
  return trace.size(index)
}

function integerIndex(trace: Trace, tensor: View, dim: number, node: Node): Node {
  if (node.kind === 'argument' && node.type.dtype === 'f32') return castTo(trace, node, 'i32')
  if (node.type.dtype === 'i32') return node
  if (node.type.dtype === 'u32') return castTo(trace, node, 'i32')
  throw new AuthorError(`index ${dim} of ${tensor.name}.at(…) is ${node.type.dtype}`, {
    location: callSite(),
    remedy: `Indices are integers: convert with .to('i32').`,
  })
}

/** Every block of the indices once, in order of appearance. */
function unionAxes(trace: Trace, tensor: View, index: readonly Node[]): readonly Axis[] {
  const written = new Map<Axis, Axis>()
  for (const axis of index.flatMap((node) => node.type.axes)) {
    const block = trace.blocks.canonical(axis)
    const before = written.get(block)
    if (block !== ONE && before !== undefined && before !== axis) throw ambiguousPair(trace, tensor, block)
    written.set(block, axis)
  }
  return [...written.keys()].filter((axis) => !isOne(axis))
}

/** Two ranges that met elsewhere in the kernel: as indices they could pair up or span all combinations. */
function ambiguousPair(trace: Trace, tensor: View, block: Axis): AuthorError {
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

/** The axes as the terms have them: `axes` of the load, those that the view repeats, and axes of one. */
function asWritten(
  trace: Trace,
  view: View,
  terms: readonly IndexTerm[],
  given: readonly Node[],
  axes: readonly Axis[],
): readonly Axis[] {
  const found: Axis[] = []
  const computed = terms.filter((term) => term instanceof TileValue && term.ndim > 0) as TileValue[]
  const together = inPlace(computed.map((term) => term.nodeIn(trace).type.axes))
  let dim = 0
  for (const term of terms) {
    if (term === null) {
      found.push(ONE)
      continue
    }
    if (term === ':' && view.shape[dim] === 1) found.push(trace.blocks.one())
    const own = given[dim++]?.type.axes ?? []
    for (const axis of term instanceof TileValue && own.length > 0 ? together : own) {
      const block = trace.blocks.canonical(axis)
      const name = axes.find((one) => trace.blocks.canonical(one) === block) ?? block
      // Several computed positions pair up, their axes of one too.
      if (name === ONE ? computed.length === 1 : !found.includes(name)) found.push(name)
    }
  }
  return found
}

/** The axes of several values in the order in which they broadcast, aligned at the last. */
function inPlace(values: readonly (readonly Axis[])[]): readonly Axis[] {
  const rank = Math.max(0, ...values.map(({ length }) => length))
  return Array.from({ length: rank }, (_, i) =>
    values.flatMap((axes) => axes[i - rank + axes.length] ?? []),
  ).flat()
}
