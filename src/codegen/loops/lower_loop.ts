/**
 * Loops on the device: counted loops with carried values in variables, written out fully or in part as the
 * config says.
 */

import { isBranch, type LoopNode } from '../../ir/node.ts'
import { blockOf } from '../../ir/tile_program.ts'
import { stageAhead } from '../contraction/stage_ahead.ts'
import type { Lowering } from '../state/lowering.ts'
import type { Expr } from '../thread/expr.ts'
import { assignYields, beginCarried } from './carried.ts'
import { enterRound, rangeOf } from './loop_range.ts'
import { emitPipelined, type LowerRegion, pipelineOf } from './pipelined_loop.ts'
import { countRounds, writeOut } from './rounds.ts'

export function lowerLoop(lowering: Lowering, node: LoopNode, lowerRegion: LowerRegion): void {
  const carried = beginCarried(lowering, node)
  const body = (): void => {
    lowerRegion(lowering, node.body)
    assignYields(lowering, node)
  }
  if (isBranch(blockOf(lowering.program, node.blocks[0] ?? 0))) {
    emitBranch(lowering, node, body)
    carried.end()
    return
  }
  const order = lowering.bound.orderOf(node.blocks)
  const pipeline =
    order.length === 1 && !lowering.bound.isStaticRange(node) ? pipelineOf(lowering, node) : undefined
  const ahead = stageAhead(lowering, node)
  if (pipeline) emitPipelined(lowering, node, pipeline, lowerRegion)
  else emitDimensions(lowering, node, order, body)
  ahead.end()
  carried.end()
}

/** A loop of one round or none. */
function emitBranch(lowering: Lowering, node: LoopNode, body: () => void): void {
  const range = rangeOf(lowering, node, 0)
  const { out, e } = lowering
  const enter = (): void => {
    enterRound(lowering, node, 0, range, range.begin)
    body()
  }
  if (range.rounds === undefined) out.if('branch', e.binary('<', range.begin, range.end), enter)
  else if (range.rounds > 0) out.block(enter)
}

function emitDimensions(
  lowering: Lowering,
  node: LoopNode,
  order: readonly number[],
  body: () => void,
): void {
  const [dimension, ...inner] = order
  if (dimension === undefined) {
    body()
    return
  }
  // Unrolling pays where the rounds are many and short: in the innermost dimension.
  const factor = inner.length === 0 ? lowering.bound.unrollFactor(node) : 0
  emitRounds(lowering, node, dimension, factor, () => emitDimensions(lowering, node, inner, body))
}

function emitRounds(
  lowering: Lowering,
  node: LoopNode,
  dimension: number,
  factor: number,
  body: () => void,
): void {
  const range = rangeOf(lowering, node, dimension)
  const { begin, extent, rounds } = range
  const round = (at: Expr): void => {
    enterRound(lowering, node, dimension, range, at)
    body()
  }
  if (rounds !== undefined && (rounds <= 1 || lowering.bound.isStaticRange(node))) {
    writeOut(lowering, begin, extent, rounds, round)
    return
  }
  const { name } = blockOf(lowering.program, node.blocks[dimension] ?? 0)
  countRounds(lowering, name, range, factor, round)
}
