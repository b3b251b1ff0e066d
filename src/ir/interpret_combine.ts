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
  for (const run of runsAlong(args, node.axis)) {
    let state: State | undefined
    for (let i = 0; i < run.length; i++) state = stateAfter(node, args, placeIn(run, i), state, step)
    if (state) data[run.id] = state[node.part] ?? 0
  }
  return { dtype, axes, shape, data }
}

/** One part of the scan. */
export function scan(node: ScanNode, args: readonly Value[], step: StepOf): Value {
  const { axes, dtype } = node.type
  const shape = args[0]?.shape ?? []
  const data = new Float64Array(product(shape))
  for (const run of runsAlong(args, node.axis)) {
    let state: State | undefined
    for (let i = 0; i < run.length; i++) {
      const place = placeIn(run, node.reverse ? run.length - 1 - i : i)
      state = stateAfter(node, args, place, state, step)
      data[place] = state[node.part] ?? 0
    }
  }
  return { dtype, axes, shape, data }
}

/** The values in order, or where they stood. */
export function sort({ type, axis, descending, part }: SortNode, arg: Value): Value {
  const data = new Float64Array(arg.data.length)
  for (const run of runsAlong([arg], axis)) {
    const at = (i: number): number => arg.data[placeIn(run, i)] ?? 0
    const compare = (a: number, b: number): number => (descending ? -1 : 1) * order(at(a), at(b)) || a - b
    const sorted = new Uint32Array(run.length).map((_, i) => i).sort(compare)
    sorted.forEach((from, i) => {
      data[placeIn(run, i)] = part === 0 ? at(from) : from
    })
  }
  return { ...arg, dtype: type.dtype, data }
}

/** NaN is above all numbers. */
function order(a: number, b: number): number {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b))
  return a < b ? -1 : Number(a > b)
}

/** The state with the elements at one more place. */
function stateAfter(
  { combine }: FoldNode | ScanNode,
  args: readonly Value[],
  place: number,
  before: State | undefined,
  step: StepOf,
): State {
  const next = args.map(({ data }) => data[place] ?? 0)
  return before ? step(combine, before, next) : next
}

/** The places of the elements along an axis, in order: too many for a list, where a tensor is one row. */
interface Run {
  /** Which of the places without the axis it stands for. */
  readonly id: number
  readonly begin: number
  readonly step: number
  readonly length: number
}

function placeIn({ begin, step }: Run, i: number): number {
  return begin + i * step
}

function* runsAlong([first]: readonly Value[], axis: number): Iterable<Run> {
  const shape = first?.shape ?? []
  const length = shape[axis] ?? 1
  const step = product(shape.slice(axis + 1))
  const count = product(shape.filter((_, i) => i !== axis))
  for (let id = 0; id < count; id++)
    yield { id, begin: Math.floor(id / step) * step * length + (id % step), step, length }
}
