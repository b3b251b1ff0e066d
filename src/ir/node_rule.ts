/**
 * The shape of one row of the table of node kinds: what passes ask of a node without knowing its kind. The
 * types tie a row to the classes in node.ts: a kind that joins `PureNode` or `CrossingNode` must say so here,
 * and the switches over such a class then lack a case.
 */
import type { StepOf } from './interpret_combine.ts'
import type { Value } from './interpret_values.ts'
import type {
  Axis,
  BlockId,
  Combine,
  CrossingNode,
  LoopNode,
  MemoryNode,
  MovingNode,
  Node,
  NodeSpec,
  PureNode,
  WriteNode,
} from './node.ts'
import type { Size } from './size.ts'

/** How the elements of an operand meet those of the value that is made of it. */
export type OperandRole =
  /** Each element of the value is made of the same element of the operand, or of the scalar. */
  | 'same'
  /** The operand is repeated along the axes of the value that it lacks. */
  | 'part'
  /** The value is what is left of the operand without the axes that the node crosses. */
  | 'whole'
  /** Elements of it are taken from anywhere. */
  | 'source'
  /** A factor of a product. */
  | 'left'
  | 'right'
  /** A position in memory. */
  | 'position'
  /** Where a loop begins or ends. */
  | 'bound'
  /** What a loop begins with or gives. */
  | 'carried'

/** Fields of a node that hold nodes. */
type NodeField<N> = {
  [F in keyof N]-?: N[F] extends Node | readonly Node[] | undefined ? F : never
}[keyof N]

/** How nodes are named in print. */
export interface PrintedNames {
  readonly refs: (nodes: readonly Node[]) => string
  readonly axis: (axis: Axis) => string
  readonly size: (size: Size) => string
  /** `x[%1, %2]` */
  readonly place: (node: MemoryNode) => string
  /** `(a0, b0) => c0 = add a0, b0; c0` */
  readonly combine: (combine: Combine) => string
}

/** A block's tile that the interpreter is at. */
export interface Span {
  readonly begin: number
  /** Positions of the range within the tile. */
  readonly inside: number
  /** Positions of the tile: more where tiles are padded. */
  readonly length: number
  readonly id: number
  readonly extent: number
}

/** What a node's value on the CPU may be made of. */
export interface Facts {
  readonly input: (node: Node) => Value
  readonly size: (size: Size) => number
  readonly argument: (argument: number) => number
  readonly span: (block: BlockId) => Span
  readonly lengths: (axes: readonly Axis[]) => readonly number[]
  /** What a function of states makes of two. */
  readonly state: StepOf
}

/**
 * Elements of operands past the end of a range: this number, the identity of their states, zero in one of two
 * factors, or anything.
 */
export type Outside = number | 'states' | 'factors' | 'anything'

export interface NodeRule<N extends Node> {
  /**
   * Every field that holds nodes, in the order of the operands; `own` is what a loop has inside, which it
   * does not read.
   */
  readonly operands: { readonly [F in NodeField<N>]: OperandRole | 'own' }
  /** True when equal ones are interchangeable, see `PureNode`. */
  readonly pure: N extends PureNode ? true : false
  /** True when its elements are those of its operand, in other places. */
  readonly moves: N extends MovingNode ? true : false
  /** What it does to memory; a loop does what its body does. */
  readonly effect: N extends WriteNode
    ? 'write'
    : N extends MemoryNode
      ? 'read'
      : N extends LoopNode
        ? 'body'
        : 'none'
  /** When WGSL can see that all invocations have the same value. */
  readonly uniform: 'always' | 'as operands' | 'never'
  /** True when the value depends on how a config cuts a range into tiles. */
  readonly seesTiles: boolean
  /** The axes of its operands whose elements it mixes; ONE where nothing runs along one. */
  readonly crosses: N extends CrossingNode ? (node: Omit<N, 'id'>) => readonly Axis[] : undefined
  /** True when it can take its operands in chunks along an axis that it crosses, one after another. */
  readonly streams: N extends CrossingNode ? (node: Omit<N, 'id'>) => boolean : undefined
  /** What its operands must be past the end of a range that it crosses. */
  readonly outside: N extends CrossingNode ? (node: Omit<N, 'id'>) => Outside : undefined
  /** Its value on the CPU; the interpreter itself accesses memory and runs loops. */
  readonly value: N extends PureNode | CrossingNode ? (node: N, facts: Facts) => Value : undefined
  /** The author's method that makes it; undefined for what calls make on the way. */
  readonly method: ((node: N) => string) | undefined
  /** Throws where a node is malformed, beyond what holds for all kinds: see verify.ts. */
  readonly verify: (node: N, ranks: readonly number[]) => void
  /** Its line in print, without the value's name; of a loop the first word. */
  readonly print: (node: N, names: PrintedNames) => string
}

/** A row, of whatever kind. */
export interface AnyNodeRule
  extends Pick<NodeRule<Node>, 'uniform' | 'seesTiles' | 'method' | 'verify' | 'print'> {
  readonly operands: Readonly<Record<string, OperandRole | 'own'>>
  readonly pure: boolean
  readonly moves: boolean
  readonly effect: 'none' | 'read' | 'write' | 'body'
  readonly crosses: ((node: NodeSpec) => readonly Axis[]) | undefined
  readonly streams: ((node: NodeSpec) => boolean) | undefined
  readonly outside: ((node: NodeSpec) => Outside) | undefined
  readonly value: ((node: Node, facts: Facts) => Value) | undefined
}

/** Fails as a bug of this package. */
export function mustHold(holds: boolean, what: string): void {
  if (!holds) throw new Error(`malformed IR: ${what}`)
}
