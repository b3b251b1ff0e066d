/**
 * Views: a tensor's memory under another shape. A view is data: its sizes, and for each dimension of the base
 * where its positions come from. Kernels and callers make them by the same functions; only how a condition on
 * sizes is checked differs.
 */
import { printSize, type Size, sameSize, sizeOp } from '../../ir/size.ts'
import type { Dim } from './tensor.ts'

/** Positions along one dimension of the base: `offset + step * position` along `dim` of the view. */
export interface BaseDim {
  /** Undefined for a dimension of which the view has one position, that at `offset`. */
  readonly dim: number | undefined
  readonly offset: Size
  readonly step: number
}

export interface View {
  /** For messages: `x.slice(…)`. */
  readonly name: string
  readonly shape: readonly Size[]
  /** The sizes of the base, which lies row by row in memory. */
  readonly base: readonly Size[]
  readonly dims: readonly BaseDim[]
}

/** How conditions are checked where a view is made, and what is thrown. */
export interface ViewRules {
  /** A size or position as callers give it. */
  size(value: Dim, what: string): Size
  require(relation: 'eq' | 'le', left: Size, right: Size, reason: string): void
  fail(what: string, remedy: string): never
}

/** The whole of a tensor. */
export function wholeView(name: string, shape: readonly Size[]): View {
  return { name, shape, base: shape, dims: shape.map((_, dim) => ({ dim, offset: 0, step: 1 })) }
}

/** True when the view has all elements of its base in their order in memory, maybe with other axes of one. */
export function isContiguous(view: View): boolean {
  const order = view.dims.flatMap(({ dim }) => (dim === undefined || view.shape[dim] === 1 ? [] : [dim]))
  const isInOrder = order.every((dim, i) => i === 0 || dim > (order[i - 1] ?? 0))
  return isInOrder && !isExpanded(view) && view.base.every((size, i) => size === 1 || isWhole(view, i))
}

/** True when several positions of the view are one element. */
export function isExpanded({ shape, dims }: View): boolean {
  return shape.some((size, dim) => size !== 1 && !dims.some((base) => base.dim === dim))
}

/** True when positions of the view are positions of dimension `at` of the base, all of them. */
export function isWhole({ shape, base, dims }: View, at: number): boolean {
  const { dim, offset, step } = dims[at] ?? { dim: undefined, offset: 0, step: 1 }
  return dim !== undefined && offset === 0 && step === 1 && sameSize(shape[dim] ?? 0, base[at] ?? 0)
}

export function permuted(view: View, axes: readonly number[], rules: ViewRules): View {
  const rank = view.shape.length
  const order = axes.map((axis) => axisOf(view, axis, 'permute', rules))
  if (order.length !== rank || new Set(order).size !== rank) {
    const what = `${view.name}.permute(${axes.join(', ')}) does not name each of the ${rank} dimensions once`
    rules.fail(what, `Name each of 0 to ${rank - 1} once, in the order that the result has them.`)
  }
  return {
    ...renamed(view, (dim) => order.indexOf(dim)),
    name: `${view.name}.permute(${axes.join(', ')})`,
    shape: order.map((axis) => view.shape[axis] ?? 1),
  }
}

export function transposed(view: View, a: number, b: number, rules: ViewRules): View {
  const [left, right] = [axisOf(view, a, 'transpose', rules), axisOf(view, b, 'transpose', rules)]
  const order = view.shape.map((_, i) => (i === left ? right : i === right ? left : i))
  return { ...permuted(view, order, rules), name: `${view.name}.transpose(${a}, ${b})` }
}

/** A matrix with its dimensions exchanged. */
export function flipped(view: View, rules: ViewRules): View {
  const rank = view.shape.length
  if (rank !== 2)
    rules.fail(`${view.name}.T of a tensor with ${rank} dimensions`, 'Use .transpose(a, b) or .permute(…).')
  return { ...permuted(view, [1, 0], rules), name: `${view.name}.T` }
}

export function unsqueezed(view: View, axis: number, rules: ViewRules): View {
  const at = axisOf(view, axis, 'unsqueeze', rules, view.shape.length + 1)
  const shape = [...view.shape.slice(0, at), 1, ...view.shape.slice(at)]
  return {
    ...renamed(view, (dim) => (dim < at ? dim : dim + 1)),
    name: `${view.name}.unsqueeze(${axis})`,
    shape,
  }
}

export function squeezed(view: View, axis: number, rules: ViewRules): View {
  const at = axisOf(view, axis, 'squeeze', rules)
  const size = view.shape[at] ?? 0
  if (size !== 1) {
    const what = `${view.name}.squeeze(${axis}): dimension ${axis} has ${printSize(size)} positions, not one`
    rules.fail(what, 'Only an axis of one can be left out; .slice(dim, i, i + 1) makes one.')
  }
  return { ...withoutAxis(view, at), name: `${view.name}.squeeze(${axis})` }
}

/** Repeats axes of one; -1 keeps a size, and sizes in front of the others are new axes. */
export function expanded(view: View, given: readonly Dim[], rules: ViewRules): View {
  const sizes = given.map((size) => rules.size(size, `${view.name}.expand(…)`))
  const added = sizes.length - view.shape.length
  const name = `${view.name}.expand([${sizes.map(printSize).join(', ')}])`
  if (added < 0)
    rules.fail(
      `${name} of a tensor with ${view.shape.length} dimensions`,
      'Name each dimension; -1 keeps one.',
    )
  const repeated = new Set<number>()
  const shape = sizes.map((size, i) => {
    const present = view.shape[i - added]
    if (size === -1 && present !== undefined) return present
    requireSize(size, name, rules)
    if (present === undefined) return size
    if (present === 1 && size !== 1) repeated.add(i)
    else rules.require('eq', present, size, `${name} repeats only axes of one`)
    return size
  })
  const moved = renamed(view, (dim) => (repeated.has(dim + added) ? undefined : dim + added))
  return { ...moved, name, shape }
}

/** Every `step`-th of the positions `begin` to `end - 1` of a dimension. */
export function sliced(
  view: View,
  axis: number,
  range: { readonly begin: Dim; readonly end: Dim | undefined; readonly step: number },
  rules: ViewRules,
): View {
  const at = axisOf(view, axis, 'slice', rules)
  const size = view.shape[at] ?? 0
  const { step } = range
  const begin = fromEnd(rules.size(range.begin, `${view.name}.slice(…)`), size)
  const end = range.end === undefined ? size : fromEnd(rules.size(range.end, `${view.name}.slice(…)`), size)
  const terms = [axis, printSize(begin), printSize(end), ...(step === 1 ? [] : [step])]
  const name = `${view.name}.slice(${terms.join(', ')})`
  if (!Number.isInteger(step) || step < 1)
    rules.fail(`${name} with a step of ${step}`, 'A step is a whole number from 1.')
  rules.require('le', 0, begin, `${name} begins before position 0`)
  rules.require('le', begin, end, `${name} begins after its end`)
  rules.require('le', end, size, `${name} ends after the last position of dimension ${axis}`)
  const length = sizeOp('cdiv', sizeOp('sub', end, begin), step)
  return {
    name,
    base: view.base,
    shape: view.shape.map((old, dim) => (dim === at ? length : old)),
    dims: view.dims.map((base) =>
      base.dim === at
        ? {
            dim: at,
            offset: sizeOp('add', base.offset, sizeOp('mul', begin, base.step)),
            step: base.step * step,
          }
        : base,
    ),
  }
}

/** A position; negative numbers count from the end. */
export function fromEnd(position: Size, size: Size): Size {
  return typeof position === 'number' && position < 0 ? sizeOp('add', size, position) : position
}

/** An axis number counted from 0; `count` is the number of axes it may name. */
function axisOf(view: View, axis: number, what: string, rules: ViewRules, count = view.shape.length): number {
  const at = axis < 0 ? axis + count : axis
  if (Number.isInteger(at) && at >= 0 && at < count) return at
  return rules.fail(
    `${view.name}.${what} of dimension ${axis} of a tensor with ${view.shape.length}`,
    count > 0 ? `Dimensions are ${-count} to ${count - 1}.` : 'A tensor of one element has no dimensions.',
  )
}

/** Throws for a negative size. */
export function requireSize(size: Size, name: string, rules: ViewRules): void {
  if (typeof size === 'number' && size < 0)
    rules.fail(`${name} with a size of ${size}`, 'Sizes are 0 or more.')
}

/** The view with its axes under other names; `undefined` for an axis that repeats the position at 0. */
function renamed(view: View, nameOf: (dim: number) => number | undefined): View {
  const dims = view.dims.map((base) => {
    const dim = base.dim === undefined ? undefined : nameOf(base.dim)
    return { ...base, dim, step: dim === undefined ? 1 : base.step }
  })
  return { ...view, dims }
}

/** The view without an axis of one. */
export function withoutAxis(view: View, at: number): View {
  const moved = renamed(view, (dim) => (dim === at ? undefined : dim < at ? dim : dim - 1))
  return { ...moved, shape: view.shape.filter((_, dim) => dim !== at) }
}
