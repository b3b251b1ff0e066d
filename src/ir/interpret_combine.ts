/** Folds, scans and sorts of the reference interpreter: element after element, in order. */
import { product } from '../support/maths.ts'
import type { Value } from './interpret_values.ts'
import type { Combine, FoldNode, ScanNode, SortNode } from './node.ts'

export type State = readonly number[]
/** The state that a function makes of two. */
export type StepOf = (combine: Combine, before: State, next: State) => State

/** One part of the fold; of no elements the identity, or 0. */
export function fold(node: FoldNode, args: readonly Value[], step: StepOf): Value {
  const { axes, dtype } = node.type
  const shape = (args[0]?.shape ?? []).filter((_, i) => i !== node.axis)
  const data = new Float64Array(product(shape)).fill(node.identity?.[node.part] ?? 0)
  eachRun(args, node.axis, (run, elements) => {
    const last = states(node, args, elements, step).at(-1)
    if (last) data[run] = last[node.part] ?? 0
  })
  return { dtype, axes, shape, data }
}

/** One part of the scan. */
export function scan(node: ScanNode, args: readonly Value[], step: StepOf): Value {
  const { axes, dtype } = node.type
  const shape = args[0]?.shape ?? []
  const data = new Float64Array(product(shape))
  eachRun(args, node.axis, (_run, elements) => {
    const order = node.reverse ? [...elements].reverse() : elements
    states(node, args, order, step).forEach((state, i) => {
      data[order[i] ?? 0] = state[node.part] ?? 0
    })
  })
  return { dtype, axes, shape, data }
}

/** The values in order, or where they stood. */
export function sort({ type, axis, descending, part }: SortNode, arg: Value): Value {
  const data = new Float64Array(arg.data.length)
  const at = (place: number): number => arg.data[place] ?? 0
  const compare = (a: number, b: number): number => (descending ? -1 : 1) * order(at(a), at(b)) || a - b
  eachRun([arg], axis, (_run, elements) => {
    const sorted = [...elements].sort(compare)
    elements.forEach((place, i) => {
      const from = sorted[i] ?? 0
      data[place] = part === 0 ? at(from) : elements.indexOf(from)
    })
  })
  return { ...arg, dtype: type.dtype, data }
}

/** NaN is above all numbers. */
function order(a: number, b: number): number {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b))
  return a < b ? -1 : Number(a > b)
}

/** The states after each of the elements, which are given by their places. */
function states(
  { combine }: FoldNode | ScanNode,
  args: readonly Value[],
  elements: readonly number[],
  step: StepOf,
): readonly State[] {
  const found: State[] = []
  for (const place of elements) {
    const next = args.map(({ data }) => data[place] ?? 0)
    const before = found.at(-1)
    found.push(before ? step(combine, before, next) : next)
  }
  return found
}

/** Visits the places of the elements along `axis`, in order, for each of the places without it. */
function eachRun(
  [first]: readonly Value[],
  axis: number,
  visit: (run: number, elements: readonly number[]) => void,
): void {
  const shape = first?.shape ?? []
  const length = shape[axis] ?? 1
  const inner = product(shape.slice(axis + 1))
  const runs = product(shape.filter((_, i) => i !== axis))
  for (let run = 0; run < runs; run++) {
    const base = Math.floor(run / inner) * inner * length + (run % inner)
    visit(
      run,
      Array.from({ length }, (_, i) => base + i * inner),
    )
  }
}
