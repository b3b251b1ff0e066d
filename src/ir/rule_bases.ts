/** What rows of the table of node kinds have in common. */
import type { Axis, Node } from './node.ts'

const nothingMore = (): void => undefined

interface Fact {
  readonly operands: Readonly<Record<never, never>>
  readonly pure: true
  readonly moves: false
  readonly effect: 'none'
  readonly uniform: 'always'
  readonly seesTiles: false
  readonly crosses: undefined
  readonly streams: undefined
  readonly outside: undefined
  readonly method: undefined
  readonly verify: () => void
}

type With<Row, Changes> = Omit<Row, keyof Changes> & Readonly<Changes>
type Elementwise = With<Fact, { uniform: 'as operands' }>

/** A fact that is known without operands. */
export const FACT: Fact = {
  operands: {},
  pure: true,
  moves: false,
  effect: 'none',
  uniform: 'always',
  seesTiles: false,
  crosses: undefined,
  streams: undefined,
  outside: undefined,
  method: undefined,
  verify: nothingMore,
}

/** Made of its operands element by element. */
export const ELEMENTWISE: Elementwise = { ...FACT, uniform: 'as operands' }

/** The elements of its operand in other places. */
export const MOVED: With<Elementwise, { moves: true }> = { ...ELEMENTWISE, moves: true }

/** Something that happens where it stands. */
export const EVENT: With<Fact, { pure: false; uniform: 'never'; value: undefined }> = {
  ...FACT,
  pure: false,
  uniform: 'never',
  value: undefined,
}

/** True when both have the same dtype and axes. */
export function sameType(a: Node, b: Node | undefined): boolean {
  return b !== undefined && a.type.dtype === b.type.dtype && sameAxes(a.type.axes, b.type.axes)
}

export function sameAxes(a: readonly Axis[], b: readonly (Axis | undefined)[]): boolean {
  return a.length === b.length && a.every((axis, i) => axis === b[i])
}
