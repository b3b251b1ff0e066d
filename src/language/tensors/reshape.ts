/**
 * `reshape` of a view without a copy: dimensions that lie behind one another in memory become others with as
 * many elements. Axes of one come and go freely; equal sizes at the front and at the back stay what they are.
 */
import { printSize, type Size, sameSize, sizeOp, sizeProduct } from '../../ir/size.ts'
import type { Dim } from './tensor.ts'
import { type BaseDim, isWhole, requireSize, type View, type ViewRules, withoutAxis } from './tensor_view.ts'

/** Dimensions `from` to `to - 1` of the old view that become these sizes. */
interface Group {
  readonly from: number
  readonly to: number
  readonly sizes: readonly Size[]
}

/** The view with other sizes, one of which may be -1: as large as needed. Its base may have another shape. */
export function reshaped(view: View, given: readonly Dim[], rules: ViewRules): View {
  const shape = given.map((size) => rules.size(size, `${view.name}.reshape(…)`))
  const name = `${view.name}.reshape([${shape.map(printSize).join(', ')}])`
  const open = shape.filter((size) => size === -1).length
  if (open > 1) rules.fail(`${name} with -1 twice`, 'One size at most can be worked out from the others.')
  for (const size of shape) if (size !== -1) requireSize(size, name, rules)
  const plain = [...view.shape.keys()]
    .reverse()
    .reduce((rest, dim) => (view.shape[dim] === 1 ? withoutAxis(rest, dim) : rest), view)
  const { groups, sizes } = grouped(plain.shape, shape, name, rules)
  const regrouped = groups.reduceRight((rest, group) => regroup(rest, group, name, rules), plain)
  return withOnes({ ...regrouped, name }, sizes)
}

/** Which dimensions become which, and the new sizes with that of -1. */
function grouped(
  old: readonly Size[],
  shape: readonly Size[],
  name: string,
  rules: ViewRules,
): { readonly groups: readonly Group[]; readonly sizes: readonly Size[] } {
  const wanted = shape.filter((size) => size !== 1)
  const most = Math.min(old.length, wanted.length)
  // Beside a size of 0 others may be any: there are no elements.
  const stays = (at: number): boolean => old.at(at) !== 0 && sameSize(old.at(at) ?? 0, wanted.at(at) ?? 0)
  let front = 0
  while (front < most && stays(front)) front++
  let back = 0
  while (back < most - front && stays(-1 - back)) back++
  const before = old.slice(front, old.length - back)
  const middle = wanted.slice(front, wanted.length - back)
  const elements = sizeProduct(before)
  const others = sizeProduct(middle.filter((size) => size !== -1))
  const isUnknown = shape.includes(-1) && (others === 0 || wanted.some((size) => size === 0))
  if (isUnknown)
    rules.fail(`${name} with -1 beside a size of 0`, 'Give all sizes: any would do in its place.')
  const rest = sizeOp('floordiv', elements, others)
  const filled = middle.map((size) => (size === -1 ? rest : size))
  rules.require('eq', sizeProduct(filled), elements, `${name} makes another number of elements`)
  const found = splitWhere(
    before,
    filled.filter((size) => size !== 1),
  )
  const groups = found.map((group) => ({ ...group, from: group.from + front, to: group.to + front }))
  return { groups, sizes: shape.map((size) => (size === -1 ? rest : size)) }
}

/** Splits into as many groups of equal numbers of elements as numbers show. */
function splitWhere(old: readonly Size[], sizes: readonly Size[]): readonly Group[] {
  if (old.length === 0 && sizes.length === 0) return []
  const groups: Group[] = []
  let [from, first] = [0, 0]
  let [to, last] = [0, 0]
  let [a, b]: [Size, Size] = [1, 1]
  while (to < old.length || last < sizes.length) {
    if (typeof a !== 'number' || typeof b !== 'number') break
    if (last >= sizes.length || (to < old.length && a <= b)) a = sizeOp('mul', a, old[to++] ?? 1)
    else b = sizeOp('mul', b, sizes[last++] ?? 1)
    if (a !== b || a === 0) continue
    groups.push({ from, to, sizes: sizes.slice(first, last) })
    ;[from, first, a, b] = [to, last, 1, 1]
  }
  if (from < old.length || first < sizes.length)
    groups.push({ from, to: old.length, sizes: sizes.slice(first) })
  return groups
}

/** Gives the dimensions of a group, which must lie together in memory, their new sizes. */
function regroup(view: View, group: Group, name: string, rules: ViewRules): View {
  const { from, to, sizes } = group
  if (to - from === 1 && sizes.length === 1) return view
  const members = view.dims.flatMap(({ dim }, at) =>
    dim !== undefined && dim >= from && dim < to ? [at] : [],
  )
  const first = members[0] ?? view.dims.length
  const end = (members.at(-1) ?? first - 1) + 1
  const front = liesTogether(view, group, first, end)
    ? frontOf(view, first, end, sizes, rules, name)
    : undefined
  if (!front) {
    const what = `${name} cannot be a view: dimensions ${from} to ${to - 1} do not lie together in memory`
    return rules.fail(what, 'Copy it first, outside of kernels: .contiguous().reshape(…).')
  }
  const shift = sizes.length - (to - from)
  const move = (base: BaseDim): BaseDim =>
    base.dim === undefined || base.dim < to ? base : { ...base, dim: base.dim + shift }
  const dims = sizes.map((_, i) => ({ dim: from + i, offset: i === 0 ? front.offset : 0, step: 1 }))
  const base = sizes.map((size, i) => (i === 0 ? front.size : size))
  return {
    ...view,
    shape: [...view.shape.slice(0, from), ...sizes, ...view.shape.slice(to)],
    base: [...view.base.slice(0, first), ...base, ...view.base.slice(end)],
    dims: [...view.dims.slice(0, first).map(move), ...dims, ...view.dims.slice(end).map(move)],
  }
}

/**
 * True when dimensions `first` to `end - 1` of the base are those of the group: whole ones behind the first.
 */
function liesTogether(view: View, { from, to }: Group, first: number, end: number): boolean {
  let next = from
  for (let at = first; at < end; at++) {
    const { dim, step } = view.dims[at] ?? { dim: undefined, step: 1 }
    if (dim === undefined && view.base[at] === 1) continue
    if (dim !== next++ || step !== 1 || (at > first && !isWhole(view, at))) return false
  }
  return next === to
}

/**
 * Size and offset of the outermost new dimension of the base; undefined where it would begin within a row.
 */
function frontOf(
  view: View,
  first: number,
  end: number,
  sizes: readonly Size[],
  rules: ViewRules,
  name: string,
): { readonly size: Size; readonly offset: Size } | undefined {
  if (first === end || isWhole(view, first)) return { size: sizes[0] ?? 1, offset: 0 }
  const row = sizeProduct(sizes.slice(1))
  const [all, before] = [view.base[first] ?? 1, view.dims[first]?.offset ?? 0].map((size) =>
    sizeOp('mul', size, sizeProduct(view.base.slice(first + 1, end))),
  ) as [Size, Size]
  if ([all, before].some((size) => typeof size === 'number' && typeof row === 'number' && size % row !== 0))
    return undefined
  const [size, offset] = [sizeOp('floordiv', all, row), sizeOp('floordiv', before, row)]
  rules.require('eq', sizeOp('mul', size, row), all, `${name} cuts the tensor that it is a view of into rows`)
  rules.require('eq', sizeOp('mul', offset, row), before, `${name} begins within a row`)
  return { size, offset }
}

/** The view with the axes of one that `shape` has. */
function withOnes(view: View, shape: readonly Size[]): View {
  const places = shape.flatMap((size, i) => (size === 1 ? [] : [i]))
  const dims = view.dims.map((base) => ({
    ...base,
    dim: base.dim === undefined ? undefined : places[base.dim],
  }))
  return { ...view, shape, dims }
}
