/**
 * Loops with two stages: the operands of a dot are loaded one round ahead, into registers that wait while the
 * present round computes.
 */

import type { DotNode, LoopNode, Node, Region } from '../../ir/node.ts'
import { isPure, isWrite } from '../../ir/node_rules.ts'
import { blockOf, tensorOf } from '../../ir/tile_program.ts'
import { operandsOf, walk } from '../../ir/traverse.ts'
import type { DotOperands } from '../contraction/contraction.ts'
import { dotOperands, lowerDot } from '../lower/lower_dot.ts'
import type { Lowering } from '../lower/lowering.ts'
import type { Expr } from '../thread/expr.ts'
import { typeOf } from '../thread/types.ts'
import { assignVariables, variables } from '../values/registers.ts'
import { isMadeAfresh } from '../values/values.ts'
import { assignYields } from './carried.ts'
import { enterRound, rangeOf } from './loop_range.ts'

/** Lowers the nodes of a region; given by the caller, because regions and loops contain each other. */
export type LowerRegion = (lowering: Lowering, region: Region) => void

/** A loop's dot that can be pipelined, and what makes its operands. */
export interface PipelinedDot {
  readonly dot: DotNode
  /** The nodes that make the operands: loads and what is done to them. */
  readonly producers: Region
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
  return { dot, producers: node.body.filter((inner) => producers.has(inner)), rest }
}

function tensorsWritten({ program }: Lowering, region: Region): ReadonlySet<number> {
  const written = new Set<number>()
  walk(region, (node) => {
    if (isWrite(node)) written.add(tensorOf(program, node.tensor).memory)
  })
  return written
}

/** The loop, with the operands of the next round on their way while this one computes. */
export function emitPipelined(
  lowering: Lowering,
  node: LoopNode,
  plan: PipelinedDot,
  lowerRegion: LowerRegion,
): void {
  const { out, e, program } = lowering
  const range = rangeOf(lowering, node, 0)
  const { dot } = plan
  const load = (at: Expr): DotOperands => {
    enterRound(lowering, node, 0, range, at)
    lowerRegion(lowering, plan.producers)
    return dotOperands(lowering, dot)
  }
  const first = load(range.begin)
  const waiting = {
    a: variables(out, first.a, 'waiting'),
    b: variables(out, first.b, 'waiting'),
    scale: first.scale && variables(out, first.scale, 'waiting'),
  }
  const counter = out.counter(blockOf(program, node.blocks[0] ?? 0).name, typeOf('u32', 1))
  const condition = e.binary('<', counter, range.end)
  out.loop({ counter, init: range.begin, condition, step: e.u32(range.extent) }, () => {
    const prefetch = (): void => {
      const next = e.sum([counter], range.extent)
      out.if('branch', e.binary('<', next, range.end), () => {
        const loaded = load(next)
        assignVariables(out, waiting.a, loaded.a)
        assignVariables(out, waiting.b, loaded.b)
        if (waiting.scale && loaded.scale) assignVariables(out, waiting.scale, loaded.scale)
      })
    }
    const product = lowerDot(lowering, dot, waiting, prefetch)
    if (product) lowering.values.set(dot, product)
    enterRound(lowering, node, 0, range, counter)
    lowerRegion(lowering, plan.rest)
    assignYields(lowering, node)
  })
}
