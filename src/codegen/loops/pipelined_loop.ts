/**
 * Loops with two stages: what the operands of a dot are made of is read one round ahead, into registers that
 * wait while the present round computes.
 */

import type { DotNode, LoadNode, LoopNode, Node, Region } from '../../ir/node.ts'
import { isPure, isWrite } from '../../ir/node_rules.ts'
import { blockOf, tensorOf } from '../../ir/tile_program.ts'
import { operandsOf, walk } from '../../ir/traverse.ts'
import type { DotOperands } from '../contraction/contraction.ts'
import { inHomeLayout } from '../lower/lower_convert.ts'
import { dotOperands, lowerDot } from '../lower/lower_dot.ts'
import type { Lowering } from '../lower/lowering.ts'
import { readOf } from '../lower/read.ts'
import type { Expr } from '../thread/expr.ts'
import { typeOf } from '../thread/types.ts'
import type { Read } from '../values/read.ts'
import type { Registers } from '../values/registers.ts'
import { isMadeAfresh } from '../values/values.ts'
import { assignYields } from './carried.ts'
import { enterRound, rangeOf } from './loop_range.ts'

/** Lowers the nodes of a region; given by the caller, because regions and loops contain each other. */
export type LowerRegion = (lowering: Lowering, region: Region) => void

/** A loop's dot that can be pipelined, and what makes its operands. */
export interface PipelinedDot {
  readonly dot: DotNode
  /** Loads whose results wait for their round, in the order of the body. */
  readonly waiting: readonly LoadNode[]
  /** What they need to know where to read; lowered one round ahead like them. */
  readonly ahead: Region
  /** What is done to the loads in the round that they wait for. */
  readonly late: Region
  readonly rest: Region
}

/**
 * The single dot of a loop whose operands depend on nothing that the loop changes or stores, when two
 * stages are asked for.
 */
export function pipelinedDot(lowering: Lowering, node: LoopNode): PipelinedDot | undefined {
  if (lowering.bound.config.numStages < 2) return undefined
  const dots = node.body.filter((inner) => inner.kind === 'dot')
  const [dot] = dots
  if (dots.length !== 1 || dot?.kind !== 'dot') return undefined
  const inBody = new Set(node.body)
  const written = tensorsWritten(lowering, node.body)
  const producers = new Set<Node>()
  const collect = (value: Node): boolean => {
    if (value.kind === 'phi') return !node.phis.includes(value)
    if (!inBody.has(value) || producers.has(value)) return true
    if (!isPure(value) && value.kind !== 'load') return false
    if (value.kind === 'load' && written.has(tensorOf(lowering.program, value.tensor).memory)) return false
    producers.add(value)
    return operandsOf(value).every(collect)
  }
  if (!collect(dot.a) || !collect(dot.b)) return undefined
  const rest = node.body.filter((inner) => inner !== dot && !producers.has(inner))
  // What is made afresh where it is read still reads what it is made of.
  const isShared = (value: Node): boolean =>
    producers.has(value) && (isMadeAfresh(value, lowering) ? operandsOf(value).some(isShared) : true)
  const readElsewhere = rest.some((inner) => operandsOf(inner).some(isShared)) || node.yields.some(isShared)
  if (readElsewhere || (dot.acc && dot.acc.kind !== 'phi')) return undefined
  return { dot, ...stagesOf(node.body, producers, dot), rest }
}

/** The loads nearest to the product wait; what is between them and it comes late, all else ahead. */
function stagesOf(
  body: Region,
  producers: ReadonlySet<Node>,
  dot: DotNode,
): Pick<PipelinedDot, 'waiting' | 'ahead' | 'late'> {
  const [waiting, late, ahead] = [new Set<Node>(), new Set<Node>(), new Set<Node>()]
  const reach = (value: Node): void => {
    if (!producers.has(value) || waiting.has(value) || late.has(value)) return
    if (value.kind === 'load') {
      waiting.add(value)
      return
    }
    late.add(value)
    operandsOf(value).forEach(reach)
  }
  reach(dot.a)
  reach(dot.b)
  const need = (value: Node): void => {
    if (!producers.has(value) || ahead.has(value)) return
    ahead.add(value)
    operandsOf(value).forEach(need)
  }
  for (const load of waiting) operandsOf(load).forEach(need)
  return {
    waiting: body.flatMap((inner) => (inner.kind === 'load' && waiting.has(inner) ? [inner] : [])),
    ahead: body.filter((inner) => ahead.has(inner)),
    late: body.filter((inner) => late.has(inner)),
  }
}

function tensorsWritten({ program }: Lowering, region: Region): ReadonlySet<number> {
  const written = new Set<number>()
  walk(region, (node) => {
    if (isWrite(node)) written.add(tensorOf(program, node.tensor).memory)
  })
  return written
}

/** The loop, with what the next round reads on its way while this one computes. */
export function emitPipelined(
  lowering: Lowering,
  node: LoopNode,
  plan: PipelinedDot,
  lowerRegion: LowerRegion,
): void {
  const { out, e, program } = lowering
  const range = rangeOf(lowering, node, 0)
  const { dot, waiting } = plan
  const read = (at: Expr): readonly Read[] => {
    enterRound(lowering, node, 0, range, at)
    lowerRegion(lowering, plan.ahead)
    return waiting.map((load) => {
      lowering.comesFrom(load)
      return readOf(lowering, load)
    })
  }
  const first = read(range.begin)
  const held = first.map(({ parts }) => parts.map((part) => out.variable('waiting', part)))
  const readNext = (at: Expr): void => {
    const next = e.sum([at], range.extent)
    out.if('branch', e.binary('<', next, range.end), () => {
      const parts = read(next).flatMap((one) => one.parts)
      held.flat().forEach((variable, i) => {
        out.assign(variable, parts[i] ?? variable)
      })
    })
  }
  const operands = (at: Expr, from: readonly (readonly Expr[])[]): DotOperands => {
    enterRound(lowering, node, 0, range, at)
    waiting.forEach((load, i) => {
      const value = first[i]?.value(from[i] ?? [])
      if (value) lowering.values.set(load, inHomeLayout(lowering, load, value))
    })
    lowerRegion(lowering, plan.late)
    return dotOperands(lowering, dot)
  }
  const counter = out.counter(blockOf(program, node.blocks[0] ?? 0).name, typeOf('u32', 1))
  const condition = e.binary('<', counter, range.end)
  out.loop({ counter, init: range.begin, condition, step: e.u32(range.extent) }, () => {
    let product: Registers | undefined
    if (lowering.layouts.product(dot)) {
      // Nothing is staged that the loads could follow: what waits makes room for them first.
      const now = held.map((parts) => parts.map((part) => out.let('now', part)))
      readNext(counter)
      product = lowerDot(lowering, dot, operands(counter, now))
    } else product = lowerDot(lowering, dot, operands(counter, held), () => readNext(counter))
    if (product) lowering.values.set(dot, product)
    enterRound(lowering, node, 0, range, counter)
    lowerRegion(lowering, plan.rest)
    assignYields(lowering, node)
  })
}
