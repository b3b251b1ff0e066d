/**
 * Functions that make one state of two: what an author's combination may consist of, its value whatever
 * states are made of (numbers, tiles, expressions of a thread), and states that may be missing.
 */
import { type RegionBuilder, tileType } from './build.ts'
import type {
  ArgumentNode,
  CastNode,
  Combine,
  ConstantNode,
  InlineNode,
  MapNode,
  Node,
  PhiNode,
  SizeNode,
} from './node.ts'
import { isMoving, isPure, ruleOf } from './node_rules.ts'
import type { OpName } from './ops.ts'
import { operandsOf } from './traverse.ts'

/** What is the same wherever it stands. */
export type Fact = ConstantNode | SizeNode | ArgumentNode
export type Operation = MapNode | CastNode | InlineNode

/** What the nodes of a combination mean for states of `T`. */
export interface CombineMeaning<T> {
  fact(node: Fact): T
  operation(node: Operation, args: readonly T[]): T
}

/** The first node behind the results that no combination may have; undefined where there is none. */
export function strangerIn(combine: Combine): Node | undefined {
  const known = new Set<Node>([...combine.left, ...combine.right])
  const waiting = [...combine.results]
  for (let node = waiting.pop(); node; node = waiting.pop()) {
    if (known.has(node)) continue
    known.add(node)
    if (isOperation(node)) waiting.push(...operandsOf(node))
    else if (!isFact(node)) return node
  }
  return undefined
}

/** The state that `combine` makes of two. */
export function combined<T>(
  combine: Combine,
  left: readonly T[],
  right: readonly T[],
  meaning: CombineMeaning<T>,
): readonly T[] {
  const known = new Map<Node, T>()
  const bind = (operands: readonly PhiNode[], state: readonly T[]): void =>
    operands.forEach((operand, i) => {
      known.set(operand, state[i] as T)
    })
  bind(combine.left, left)
  bind(combine.right, right)
  const evaluate = (node: Node): T => {
    const before = known.get(node)
    if (before !== undefined) return before
    const value = isOperation(node)
      ? meaning.operation(node, operandsOf(node).map(evaluate))
      : meaning.fact(factOf(node))
    known.set(node, value)
    return value
  }
  return combine.results.map(evaluate)
}

/** The operation that a combination of one part is, on the earlier element and the later one. */
export function operationOf({ left, right, results }: Combine): OpName | undefined {
  const [result, ...others] = results
  if (result?.kind !== 'map' || others.length > 0 || result.args.length !== 2) return undefined
  return result.args[0] === left[0] && result.args[1] === right[0] ? result.op : undefined
}

/**
 * The same function of states with one more part, an i32 that is not 0 where there is a state at all: a
 * missing one changes nothing.
 */
export function withPresence(builder: RegionBuilder, { left, right, results }: Combine): Combine {
  const location = undefined
  const flag = (): PhiNode => builder.make({ kind: 'phi', type: tileType('i32'), location } as const)
  const map = (op: MapNode['op'], dtype: MapNode['type']['dtype'], args: readonly Node[]): Node =>
    builder.make({ kind: 'map', type: tileType(dtype), location, op, args } as const)
  const zero = builder.make({ kind: 'constant', type: tileType('i32'), location, value: 0 } as const)
  const [here, there] = [flag(), flag()]
  const [some, more] = [here, there].map((node) => map('ne', 'bool', [node, zero])) as [Node, Node]
  const choose = (condition: Node, yes: Node, no: Node): Node =>
    map('where', yes.type.dtype, [condition, yes, no])
  return {
    left: [...left, here],
    right: [...right, there],
    results: [
      ...results.map((result, i) => choose(more, choose(some, result, right[i] as Node), left[i] as Node)),
      map('maximum', 'i32', [here, there]),
    ],
  }
}

function isOperation(node: Node): node is Operation {
  return isPure(node) && !isMoving(node) && operandsOf(node).length > 0 && node.type.axes.length === 0
}

function isFact(node: Node): node is Fact {
  const { uniform, seesTiles } = ruleOf(node)
  return isPure(node) && operandsOf(node).length === 0 && uniform === 'always' && !seesTiles
}

function factOf(node: Node): Fact {
  if (isFact(node)) return node
  throw new Error(`a combination with the ${node.kind} ${node.id}`)
}
