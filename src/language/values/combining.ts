/** Reductions and scans by a function of the author's, and those that are made of such. */
import { tileType } from '../../ir/build.ts'
import { strangerIn, withPresence } from '../../ir/combine.ts'
import { type Combine, type Node, ONE } from '../../ir/node.ts'
import { hasEffect } from '../../ir/traverse.ts'
import { callSite, userCode } from '../../support/call_site.ts'
import { DTYPES } from '../../support/dtypes.ts'
import { AuthorError } from '../../support/errors.ts'
import { keptIn, maskAlong } from '../loops/jagged.ts'
import { isOne } from '../trace/blocks.ts'
import { describe } from '../trace/describe.ts'
import { aligned, keptApart } from '../trace/other_axes.ts'
import { type Trace, tracing } from '../trace/trace.ts'
import { broadcastAxes, broadcastTo, castTo } from '../trace/typing.ts'
import { elementwise, toNode } from './elementwise.ts'
import { type Operand, type ReduceOptions, type ScanOptions, TileValue } from './value.ts'
import { insertOne, normalizeAxis, view } from './views.ts'

/** Makes one value of two: that of earlier elements, and that of those after them. */
export type CombineFunction = (left: TileValue, right: TileValue) => Operand

type Parts<S> = { -readonly [K in keyof S]: TileValue }

/** The same of lists of values that are combined together. */
export type CombineStates<S extends readonly TileValue[]> = (
  left: Parts<S>,
  right: Parts<S>,
) => { readonly [K in keyof S]: Operand }

export interface CombineOptions extends ReduceOptions {
  /** The state that changes nothing when it is combined, a number for each part. */
  readonly identity?: number | readonly number[]
}

/** The same, with the parts of both states one after the other: those of earlier elements first. */
export type CombineParts<S extends readonly TileValue[]> = (...parts: [...Parts<S>, ...Parts<S>]) => {
  readonly [K in keyof S]: Operand
}

/** `hl.reduce`, for one value or a list of them. */
export interface Reduce {
  (combine: CombineFunction, value: TileValue, axis: number, options?: CombineOptions): TileValue
  <const S extends readonly TileValue[]>(
    combine: CombineStates<S>,
    values: S,
    axis: number,
    options?: CombineOptions,
  ): Parts<S>
  <const S extends readonly TileValue[]>(
    combine: CombineParts<S>,
    values: S,
    axis: number,
    options?: CombineOptions,
  ): Parts<S>
}

/** `hl.associativeScan`, likewise. */
export interface AssociativeScan {
  (combine: CombineFunction, value: TileValue, axis: number, options?: ScanOptions): TileValue
  <const S extends readonly TileValue[]>(
    combine: CombineStates<S>,
    values: S,
    axis: number,
    options?: ScanOptions,
  ): Parts<S>
  <const S extends readonly TileValue[]>(
    combine: CombineParts<S>,
    values: S,
    axis: number,
    options?: ScanOptions,
  ): Parts<S>
}

type AnyCombine = (...states: never[]) => unknown
type Values = TileValue | readonly TileValue[]

export const reduceBy = ((
  combine: AnyCombine,
  values: Values,
  axis: number,
  { identity, keepdim = false }: CombineOptions = {},
) => {
  const state = stateOf('hl.reduce', combine, values, axis)
  const { trace, args, at } = state
  const start = identityOf(identity, args.length)
  const kept = args[0]?.type.axes.map((_, i) => i).filter((i) => i !== at) ?? []
  const parts = combining(state, 'hl.reduce', { identity: start }, (made, part) => {
    const { dtype, axes } = args[part]?.type ?? tileType('f32')
    const type = tileType(
      dtype,
      kept.map((i) => axes[i] ?? ONE),
    )
    return trace.add('hl.reduce', { kind: 'fold', type, ...made, axis: at, part, identity: start })
  })
  const reduced = parts ?? args.map((arg) => view(trace, arg, kept))
  return asGiven(trace, values, keepdim ? reduced.map((node) => insertOne(trace, node, at)) : reduced)
}) as unknown as Reduce

export const associativeScan = ((
  combine: AnyCombine,
  values: Values,
  axis: number,
  { reverse = false }: ScanOptions = {},
) => scanBy('hl.associativeScan', combine, values, axis, { reverse })) as unknown as AssociativeScan

/** Sums of the elements up to each along `axis`; bool counts as i32, and f16 is added up in f32. */
export function cumsum(value: TileValue, axis: number, options?: ScanOptions): TileValue {
  return cumulative('cumsum', 'add', 0, value, axis, options)
}

/** Products of the elements up to each along `axis`; likewise. */
export function cumprod(value: TileValue, axis: number, options?: ScanOptions): TileValue {
  return cumulative('cumprod', 'mul', 1, value, axis, options)
}

function cumulative(
  what: string,
  op: 'add' | 'mul',
  identity: number,
  value: TileValue,
  axis: number,
  { reverse = false }: ScanOptions = {},
): TileValue {
  const { category, wide: type } = DTYPES[value.dtype]
  const wide = value.to(category === 'bool' ? 'i32' : type)
  const combine = (a: TileValue, b: TileValue): TileValue => elementwise(op, [a, b])
  const result = scanBy(what, combine, wide, axis, { reverse, identity: [identity] }) as TileValue
  return category === 'float' ? result.to(value.dtype) : result
}

function scanBy(
  what: string,
  combine: AnyCombine,
  values: Values,
  axis: number,
  { reverse, identity }: { readonly reverse: boolean; readonly identity?: readonly number[] },
): Values {
  const state = stateOf(what, combine, values, axis)
  const { trace, args, at } = state
  const parts = combining(state, what, { identity, inOrder: !reverse }, (made, part) => {
    const type = args[part]?.type ?? tileType('f32')
    return trace.add(what, { kind: 'scan', type, ...made, axis: at, part, identity, reverse })
  })
  return asGiven(trace, values, parts ?? args)
}

interface State {
  readonly trace: Trace
  readonly combine: AnyCombine
  readonly isTuple: boolean
  /** The parts, with the same axes. */
  readonly args: readonly Node[]
  readonly at: number
}

function stateOf(what: string, combine: AnyCombine, values: Values, axis: number): State {
  const trace = tracing(what)
  const given = [values].flat() as readonly TileValue[]
  if (given.length === 0 || !given.every((value) => value instanceof TileValue)) {
    const odd = given.find((value) => !(value instanceof TileValue))
    throw new AuthorError(`${what} got ${given.length === 0 ? 'an empty list' : describe(odd)} as a value`, {
      location: callSite(),
      remedy: 'It takes a tile value, or a list of them that are combined together.',
    })
  }
  const nodes = keptApart(
    trace,
    given.map((value) => aligned(value.nodeIn(trace))),
  )
  const axes = broadcastAxes(
    trace,
    nodes.map(({ type }) => type.axes),
    what,
  )
  const args = nodes.map((node) => broadcastTo(trace, node, axes, what))
  const whole = new TileValue(trace, args[0] ?? trace.size(0))
  return { trace, combine, isTuple: Array.isArray(values), args, at: normalizeAxis(whole, axis, what) }
}

/** A node for every part; nothing along an axis of one, where there is nothing to combine. */
function combining(
  state: State,
  what: string,
  order: Order,
  add: (made: Combining, part: number) => Node,
): readonly Node[] | undefined {
  const combine = traceCombine(state, what)
  if (isOne(state.args[0]?.type.axes[state.at] ?? ONE)) return undefined
  const made = withinRows(state, combine, order)
  return state.args.map((_, part) => add(made, part))
}

/** States, and what makes one of two. */
interface Combining {
  readonly combine: Combine
  readonly args: readonly Node[]
}

interface Order {
  readonly identity: readonly number[] | undefined
  /** Each result is of earlier states alone. */
  readonly inOrder?: boolean
}

/** Past the end of a row there is the identity; where none is known, states say whether they are there. */
function withinRows({ trace, args, at }: State, combine: Combine, { identity, inOrder }: Order): Combining {
  const axes = args[0]?.type.axes ?? []
  const mask = maskAlong(trace, axes, at, inOrder)
  if (!mask) return { combine, args }
  if (identity) return { combine, args: args.map((arg, i) => keptIn(trace, mask, arg, identity[i] ?? 0)) }
  const { builder } = trace.scope('a combination')
  const there = broadcastTo(trace, trace.constant(1, 'i32'), axes, 'a combination')
  return { combine: withPresence(builder, combine), args: [...args, keptIn(trace, mask, there, 0)] }
}

/** The author's function on scalars that stand for any two states. */
function traceCombine({ trace, combine, isTuple, args }: State, what: string): Combine {
  return trace.apart((scope) => {
    const operands = () =>
      args.map(({ type: { dtype } }) =>
        scope.builder.make({ kind: 'phi', type: tileType(dtype), location: undefined } as const),
      )
    const [left, right] = [operands(), operands()]
    const states = [left, right].map((state) => state.map((node) => new TileValue(trace, node, scope)))
    const isFlat = !isTuple || (args.length > 1 && combine.length === 2 * args.length)
    const given = isFlat ? states.flat() : states
    const returned = userCode(() => (combine as (...states: unknown[]) => unknown)(...given))
    const results = resultsOf(trace, what, isTuple, args, returned)
    const made: Combine = { left, right, results }
    const stranger = strangerIn(made) ?? scope.builder.nodes.find(hasEffect)
    if (stranger) throw fromOutside(what, stranger)
    return made
  })
}

function fromOutside(what: string, { location }: Node): AuthorError {
  return new AuthorError(`the function of ${what} uses a value from outside of it`, {
    location: location ?? callSite(),
    remedy:
      'It may use its two operands, numbers, sizes and number arguments. ' +
      'Make what else it needs a part of the state: a list of values is combined together.',
  })
}

function resultsOf(
  trace: Trace,
  what: string,
  isTuple: boolean,
  args: readonly Node[],
  returned: unknown,
): readonly Node[] {
  const list = isTuple ? returned : [returned]
  if (!Array.isArray(list) || list.length !== args.length) {
    const got = Array.isArray(list) ? `a list of ${list.length}` : describe(list)
    throw new AuthorError(`the function of ${what} gave ${got}`, {
      location: callSite(),
      remedy: isTuple
        ? `It must give a list of ${args.length} values, one for each part of the state.`
        : 'It must give the combined value.',
    })
  }
  return list.map((value: Operand, i) => {
    const dtype = args[i]?.type.dtype ?? 'f32'
    const node = toNode(trace, what, value, dtype)
    if (node.type.axes.length > 0) throw fromOutside(what, node)
    return castTo(trace, node, dtype)
  })
}

function identityOf(
  identity: number | readonly number[] | undefined,
  count: number,
): readonly number[] | undefined {
  if (identity === undefined) return undefined
  const numbers = [identity].flat()
  if (numbers.length === count && numbers.every((value) => typeof value === 'number')) return numbers
  throw new AuthorError(`hl.reduce got an identity of ${numbers.length} for ${count} values`, {
    location: callSite(),
    remedy: 'Give a number for each of the values: the state that changes nothing when it is combined.',
  })
}

function asGiven(trace: Trace, values: Values, nodes: readonly Node[]): Values {
  const results = nodes.map((node) => new TileValue(trace, node))
  return Array.isArray(values) ? results : (results[0] ?? results)
}
