/** Where a loop's tiles begin and end: bounds as u32 that all invocations agree on. */

import type { LoopNode, Node } from '../../ir/node.ts'
import { ruleOf } from '../../ir/node_rules.ts'
import { mayBeNegative } from '../../ir/size.ts'
import { extentOf } from '../../ir/tile_program.ts'
import { operandsOf } from '../../ir/traverse.ts'
import { cdiv } from '../../support/maths.ts'
import type { Lowering } from '../state/lowering.ts'
import type { Expr } from '../thread/expr.ts'
import { literalOf } from '../thread/expressions.ts'
import { scalarValue } from '../values/values.ts'

/** The range of one dimension of a loop. */
export interface LoopRange {
  readonly begin: Expr
  readonly end: Expr
  /** Number of rounds, when known. */
  readonly rounds: number | undefined
  readonly extent: number
}

/** The range of the loop's block at this place. */
export function rangeOf(lowering: Lowering, node: LoopNode, dimension: number): LoopRange {
  const block = node.blocks[dimension] ?? 0
  const extent = extentOf(lowering.program, block)
  const [first, last] = [node.begins[dimension], node.ends[dimension]]
  const known = first?.kind === 'constant' && last?.kind === 'constant'
  const rounds = known ? cdiv(Math.max(0, last.value - first.value), extent) : undefined
  return { begin: boundValue(lowering, first), end: boundValue(lowering, last), rounds, extent }
}

/** A bound as u32; what was computed on the device is clamped at zero and made uniform. */
function boundValue(lowering: Lowering, node: Node | undefined): Expr {
  const { e, out } = lowering
  if (!node || node.kind === 'constant') return e.u32(node?.value ?? 0)
  if (node.kind === 'size' && !mayBeNegative(node.size)) return lowering.launch.size(node.size)
  const value = e.convert('u32', e.call('max', scalarValue(lowering, node), e.i32(0)))
  return isUniform(node) ? out.shared('bound', value) : uniformCopy(lowering, value)
}

/** True when WGSL can see that all invocations have the same value. */
function isUniform(node: Node): boolean {
  const { uniform } = ruleOf(node)
  return uniform === 'always' || (uniform === 'as operands' && operandsOf(node).every(isUniform))
}

/** WGSL allows barriers in a loop only if it can see that all invocations go round equally often. */
function uniformCopy({ out, e, memory, thread }: Lowering, value: Expr): Expr {
  const array = memory.allocate('uniform_bound', value.type, 1)
  const [first, phase] = [e.u32(0), out.phase()]
  out.if('some', e.binary('==', thread, first), () => out.store(array, first, value, phase))
  const bound = out.uniformLoad('bound', array, first)
  memory.release(array)
  return bound
}

/** The tile that begins `at` is the one being worked on. */
export function enterRound(
  { e, places }: Lowering,
  node: LoopNode,
  dimension: number,
  { begin, end, extent }: LoopRange,
  at: Expr,
): void {
  const from = literalOf(begin) === 0 ? at : e.sub(at, begin)
  places.set(node.blocks[dimension] ?? 0, { begin: at, end, id: e.div(from, e.u32(extent)) })
}
