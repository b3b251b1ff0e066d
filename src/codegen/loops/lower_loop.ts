/**
 * Loops on the device: counted loops with carried values in variables, written out fully or in part as the
 * config says.
 */

import { isBranch, type LoopNode } from '../../ir/node.ts'
import { blockOf } from '../../ir/tile_program.ts'
import { ConfigError } from '../../support/errors.ts'
import { stageAhead } from '../contraction/matrix/matrix_operands.ts'
import type { Lowering } from '../state/lowering.ts'
import type { Expr } from '../thread/expr.ts'
import { typeOf } from '../thread/types.ts'
import { assignYields, beginCarried } from './carried.ts'
import { enterRound, rangeOf } from './loop_range.ts'
import { emitPipelined, type LowerRegion, pipelineOf } from './pipelined_loop.ts'

/** Rounds written out one after the other must stay readable, and compilable: lines of WGSL. */
const MAX_LINES_WRITTEN_OUT = 1024

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
  const { out, e, bound } = lowering
  const range = rangeOf(lowering, node, dimension)
  const { begin, end, extent, rounds } = range
  const round = (at: Expr): void => {
    enterRound(lowering, node, dimension, range, at)
    body()
  }
  if (rounds !== undefined && (rounds <= 1 || bound.isStaticRange(node))) {
    writeOut(lowering, begin, extent, rounds, round)
    return
  }
  const { name } = blockOf(lowering.program, node.blocks[dimension] ?? 0)
  if (factor <= 1) {
    const counter = out.counter(name, typeOf('u32', 1))
    const condition = e.binary('<', counter, end)
    out.loop({ counter, init: begin, condition, step: e.u32(extent) }, () => round(counter))
    return
  }
  const counter = out.variable(name, begin)
  const whole = e.binary('<', e.add(counter, e.u32((factor - 1) * extent)), end)
  out.loop({ counter, condition: whole, step: e.u32(factor * extent) }, () => {
    writeOut(lowering, counter, extent, factor, round)
  })
  if (rounds !== undefined && rounds % factor === 0) return
  const condition = e.binary('<', counter, end)
  out.loop({ counter, condition, step: e.u32(extent) }, () => round(counter))
}

function writeOut(
  { out, e }: Lowering,
  begin: Expr,
  extent: number,
  rounds: number,
  round: (at: Expr) => void,
): void {
  const before = out.lineCount
  for (let i = 0; i < rounds; i++) {
    out.block(() => round(e.sum([begin], i * extent)))
    if (i > 0 && out.lineCount - before > MAX_LINES_WRITTEN_OUT) {
      throw new ConfigError(
        `${rounds} rounds of a loop, written out, would be more than ${MAX_LINES_WRITTEN_OUT} lines of WGSL`,
        { excess: { of: 'lines', needed: rounds * (out.lineCount - before), limit: MAX_LINES_WRITTEN_OUT } },
      )
    }
  }
}
