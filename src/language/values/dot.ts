/** Matrix products of tiles. */
import { tileType } from '../../ir/build.ts'
import { type Axis, type Block, type Node, ONE, UNNUMBERED } from '../../ir/node.ts'
import { callSite } from '../../support/call_site.ts'
import { type DType, isFloat } from '../../support/dtypes.ts'
import { AuthorError } from '../../support/errors.ts'
import { blockSizeOf } from '../loops/axis_sizes.ts'
import { withinRows } from '../loops/jagged.ts'
import { indexAlong } from '../loops/tile.ts'
import { isOne } from '../trace/blocks.ts'
import { aligned, keptApart, type Placed } from '../trace/other_axes.ts'
import { type Trace, tracing } from '../trace/trace.ts'
import { broadcastAxes, castTo, distinctAxes, fitTo, printAxes, promote, sameAxis } from '../trace/typing.ts'
import { toNode } from './elementwise.ts'
import { gather } from './rearrange.ts'
import { type Accumulator, type DotOptions, TileValue } from './value.ts'
import { view as axesOf } from './views.ts'

/** `a[…, m, k] · b[…, k, n] (+ acc)`; without `acc` floats accumulate and result in f32. */
export function dot(a: TileValue, b: TileValue, acc?: TileValue, options: DotOptions = {}): TileValue {
  const trace = tracing('dot')
  if (isVector(a) || isVector(b)) return ofVectors(a, b, acc, options)
  const product = dotNode(trace, a, b, acc === undefined ? acc : toNode(trace, 'dot', acc))
  return new TileValue(trace, castTo(trace, product, options.dtype ?? product.type.dtype))
}

function isVector(value: unknown): boolean {
  return value instanceof TileValue && value.ndim === 1
}

/** A vector is a row where it stands first, a column where it stands second; the product lacks its axis. */
function ofVectors(a: TileValue, b: TileValue, acc: TileValue | undefined, options: DotOptions): TileValue {
  const [isRow, isColumn] = [isVector(a), isVector(b)]
  const widened = acc && (isColumn ? acc.unsqueeze(-1) : acc)
  const product = dot(
    isRow ? a.unsqueeze(0) : a,
    isColumn ? b.unsqueeze(1) : b,
    widened && (isRow ? widened.unsqueeze(-2) : widened),
    options,
  )
  const withoutRow = isRow ? product.squeeze(-2) : product
  return isColumn ? withoutRow.squeeze(-1) : withoutRow
}

/** `acc += a[…, m, k] · b[…, k, n]`. */
export function addDot(acc: Accumulator, a: TileValue, b: TileValue): void {
  const trace = tracing('addDot')
  acc.write(dotNode(trace, a, b, acc.nodeIn(trace)))
}

/** `input + a · b`, where the input is repeated along the axes that it lacks; f16 is added up in f32. */
export function addProduct(what: 'addmm' | 'baddbmm') {
  return (input: TileValue, a: TileValue, b: TileValue, options: DotOptions = {}): TileValue => {
    const trace = tracing(what)
    const operands = factorsOf(trace, what, a, b)
    const rank = operands.axes.length
    if (what === 'addmm' ? rank !== 2 : rank < 3) throw wrongRank(trace, what, operands)
    const { dtype } = input
    const add = castTo(trace, toNode(trace, what, input), sumsOf(promote(dtype, operands.a.type.dtype, what)))
    const acc = fitTo(trace, add, distinctAxes(trace, operands.axes, what, callSite()), what, 'a product')
    return new TileValue(trace, castTo(trace, product(trace, operands, acc), options.dtype ?? dtype))
  }
}

function dotNode(trace: Trace, left: TileValue, right: TileValue, acc: Node | undefined): Node {
  const operands = factorsOf(trace, 'dot', left, right, acc)
  if (acc) checkAccumulator(trace, acc, operands.a.type.dtype, operands.axes)
  return product(trace, operands, acc)
}

/** The operands of a product, with as many axes as it has. */
interface Factors {
  readonly a: Node
  readonly b: Node
  /** Of the product. */
  readonly axes: readonly Axis[]
}

function factorsOf(trace: Trace, what: string, left: TileValue, right: TileValue, acc?: Node): Factors {
  const nodes = factorsApart(trace, toNode(trace, what, left), toNode(trace, what, right), acc)
  const [a, b] = sameDType(trace, ...byPosition(trace, ...nodes))
  const [m, k] = a.type.axes.slice(-2)
  const [k2, n] = b.type.axes.slice(-2)
  if (
    m === undefined ||
    k === undefined ||
    k2 === undefined ||
    n === undefined ||
    !sameAxis(trace, k, k2, what)
  ) {
    throw new AuthorError(
      `${what} of ${printAxes(trace, a.type.axes)} and ${printAxes(trace, b.type.axes)}, ` +
        'which is not [m, k] · [k, n]',
      {
        location: callSite(),
        remedy: 'Both need two axes and share the middle one; .transpose() swaps the axes.',
      },
    )
  }
  const leading = [a, b].map(({ type }) => type.axes.slice(0, -2))
  const batch = broadcastAxes(trace, leading, `${what} along the leading axes`)
  const axes = [...batch, m, n]
  const factor = (node: Node, depth: number): Node =>
    withRank(trace, withinRows(trace, node, node.type.axes.length - depth, 'sum'), axes.length)
  return { a: factor(a, 1), b: factor(b, 2), axes }
}

/**
 * The factors where a whole dimension meets a tile of fixed length, such as the columns of a chunk the rows
 * of another: the tile's elements along a dimension of that size.
 */
function byPosition(trace: Trace, a: Node, b: Node): [Node, Node] {
  const [i, j] = [a.type.axes.length - 1, b.type.axes.length - 2]
  const [k, k2] = [contracted(trace, a, i), contracted(trace, b, j)]
  if (!k || !k2 || (k.extent === undefined) === (k2.extent === undefined)) return [a, b]
  const [tile, dimension] = k.extent === undefined ? [k2, k] : [k, k2]
  const length = blockSizeOf(trace, tile)
  if (dimension.kind !== 'slice' || tile.kind !== 'tile' || trace.jagged.has(tile.id)) return [a, b]
  if (typeof dimension.size === 'number' && dimension.size !== length) return [a, b]
  trace.guard('eq', dimension.size, length, 'dot of a whole dimension and a tile')
  const along = (node: Node, at: number): Node => {
    const axes = node.type.axes.map((axis, n) => (n === at ? dimension.id : axis))
    return gather(trace, node, { along: [at], index: [indexAlong(trace, dimension.id)], axes })
  }
  return tile === k ? [along(a, i), b] : [a, along(b, j)]
}

function contracted(trace: Trace, { type }: Node, at: number): Block | undefined {
  const axis = type.axes[at] ?? ONE
  return isOne(axis) ? undefined : trace.blocks.get(trace.blocks.canonical(axis))
}

/** The factors such that rows, columns and what is contracted are three ranges: of `a · a` there are two. */
function factorsApart(trace: Trace, a: Node, b: Node, acc: Node | undefined): [Node, Node] {
  // The product's axes are at places below 0, the contracted one is at 0.
  const placed = (node: Node, contracted: number): Placed => {
    const { at } = aligned(node)
    return { node, at: at.map((place) => (place === contracted ? 0 : place)) }
  }
  const [left = a, right = b] = keptApart(trace, [placed(a, -1), placed(b, -2)], acc?.type.axes)
  return [left, right]
}

/** `node` with axes of one in front. */
function withRank(trace: Trace, node: Node, rank: number): Node {
  const missing = rank - node.type.axes.length
  return axesOf(
    trace,
    node,
    Array.from({ length: rank }, (_, i) => (i < missing ? ONE : i - missing)),
  )
}

function product(trace: Trace, { a, b, axes }: Factors, acc: Node | undefined): Node {
  const dtype = acc?.type.dtype ?? sumsOf(a.type.dtype)
  const type = tileType(dtype, acc?.type.axes ?? distinctAxes(trace, axes, 'dot', callSite()))
  return trace.add('dot', { kind: 'dot', site: UNNUMBERED, type, a, b, acc })
}

/** What products of a dtype are added up in. */
function sumsOf(dtype: DType): DType {
  return isFloat(dtype) ? 'f32' : dtype
}

function wrongRank(trace: Trace, what: 'addmm' | 'baddbmm', { a, b }: Factors): AuthorError {
  const [left, right] = [a, b].map(({ type }) => printAxes(trace, type.axes))
  return new AuthorError(`${what} of ${left} and ${right}`, {
    location: callSite(),
    remedy:
      what === 'addmm'
        ? 'It multiplies [m, k] by [k, n]; hl.baddbmm takes leading axes.'
        : 'It multiplies […, m, k] by […, k, n] with one leading axis or more; hl.addmm takes matrices.',
  })
}

function sameDType(trace: Trace, a: Node, b: Node): [Node, Node] {
  const common = promote(a.type.dtype, b.type.dtype, 'dot')
  const dtype = common === 'bool' ? 'i32' : common
  return [castTo(trace, a, dtype), castTo(trace, b, dtype)]
}

function checkAccumulator(trace: Trace, acc: Node, operands: DType, axes: readonly Axis[]): void {
  const { dtype } = acc.type
  if (isFloat(operands) ? !isFloat(dtype) : dtype !== operands) {
    throw new AuthorError(`addDot of ${operands} tiles to an accumulator of ${dtype}`, {
      location: callSite(),
      remedy: 'Floats accumulate in f32 or f16, integers in their own dtype: hl.zeros([m, n], dtype).',
    })
  }
  const have = acc.type.axes
  const fits = have.length === axes.length
  if (fits && have.every((axis, i) => sameAxis(trace, axis, axes[i] ?? axis, 'addDot'))) return
  throw new AuthorError(
    `addDot of a product ${printAxes(trace, axes)} to an accumulator ${printAxes(trace, have)}`,
    { location: callSite(), remedy: 'Make the accumulator with hl.zeros([m, n]) over the same tiles.' },
  )
}
