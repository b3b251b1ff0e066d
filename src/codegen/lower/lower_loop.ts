/**
 * Loops on the device: counted loops with carried values in variables, written out fully or in part as the
 * config says. With two stages the operands of a dot are loaded one round ahead, into registers that wait
 * while the present round computes.
 */
import type { DotNode, LoopNode, Node, Region } from '../../ir/node.ts'
import { isPure, isWrite, ruleOf } from '../../ir/node_rules.ts'
import { mayBeNegative } from '../../ir/size.ts'
import { operandsOf, walk } from '../../ir/traverse.ts'
import { ConfigError } from '../../support/errors.ts'
import { cdiv } from '../../support/maths.ts'
import { isTile } from '../layout/tile_classes.ts'
import type { Expr } from '../thread/expr.ts'
import { literalOf } from '../thread/expressions.ts'
import { typeOf } from '../thread/types.ts'
import { named, type Registers, wholeChunk } from '../values/registers.ts'
import { isMadeAfresh, scalarValue, valueIn } from '../values/values.ts'
import { type DotOperands, dotOperands, lowerDot } from './lower_dot.ts'
import { addSlices, beginSlices } from './lower_slices.ts'
import type { Lowering } from './lowering.ts'

/** Lowers the nodes of a region; given by the caller, because regions and loops contain each other. */
export type LowerRegion = (lowering: Lowering, region: Region) => void

/** Rounds written out one after the other must stay readable, and compilable: lines of WGSL. */
const MAX_LINES_WRITTEN_OUT = 1024

export function lowerLoop(lowering: Lowering, node: LoopNode, lowerRegion: LowerRegion): void {
  declareCarried(lowering, node)
  const body = (): void => {
    lowerRegion(lowering, node.body)
    assignYields(lowering, node)
  }
  const order = lowering.bound.orderOf(node.blocks)
  const pipelined =
    order.length === 1 && !lowering.bound.isStaticRange(node) ? pipelinedDot(lowering, node) : undefined
  if (pipelined) emitPipelined(lowering, node, pipelined, lowerRegion)
  else emitDimensions(lowering, node, order, body)
  for (const phi of node.phis) {
    const depth = lowering.layouts.slicedAlong(phi)
    const sums = lowering.values.get(phi)
    if (depth !== undefined && sums) lowering.values.set(phi, addSlices(lowering, sums, depth))
  }
}

/** Variables for the carried values. */
function declareCarried(lowering: Lowering, node: LoopNode): void {
  const inits = node.phis.map((phi, i) => {
    const layout = (isTile(phi) ? lowering.layouts.of(phi) : undefined) ?? lowering.scalarLayout
    const init = node.inits[i] ?? phi
    const depth = lowering.layouts.slicedAlong(phi)
    return depth === undefined ? valueIn(lowering, init, layout) : beginSlices(lowering, init, layout, depth)
  })
  node.phis.forEach((phi, i) => {
    const init = inits[i]
    if (init) lowering.values.set(phi, variables(lowering, init, 'carried'))
  })
}

/** The value in variables of its own. */
function variables({ out, e }: Lowering, value: Registers, hint: string): Registers {
  return { ...value, chunks: value.chunks.map((_chunk, i) => out.variable(hint, wholeChunk(e, value, i))) }
}

function assign({ out, e }: Lowering, target: Registers, value: Registers): void {
  target.chunks.forEach((variable, i) => {
    out.assign(variable, wholeChunk(e, value, i))
  })
}

/** Values for the next round: all computed before any variable changes. */
function assignYields(lowering: Lowering, node: LoopNode): void {
  const { out, values } = lowering
  const carried = new Set(node.phis.flatMap((phi) => values.get(phi)?.chunks ?? []))
  const isCarried = (chunk: Expr): boolean =>
    carried.has(chunk) || (chunk.kind === 'component' && isCarried(chunk.arg))
  const pairs = node.phis.flatMap((phi, i) => {
    const target = values.get(phi)
    const next = node.yields[i]
    if (!target || !next || values.get(next) === target) return []
    const value = named(out, valueIn(lowering, next, target.layout), 'next')
    // Another carried variable is about to change: its present value needs a name.
    const chunks = value.chunks.map((chunk) => (isCarried(chunk) ? out.let('next', chunk) : chunk))
    return [{ target, value: { ...value, chunks } }]
  })
  for (const { target, value } of pairs) assign(lowering, target, value)
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

interface Range {
  readonly begin: Expr
  readonly end: Expr
  /** Number of rounds, when known. */
  readonly rounds: number | undefined
  readonly extent: number
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
  const { name } = bound.block(node.blocks[dimension] ?? 0)
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

function rangeOf(lowering: Lowering, node: LoopNode, dimension: number): Range {
  const block = node.blocks[dimension] ?? 0
  const extent = lowering.bound.extent(block)
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

function enterRound(
  { e, bound, places }: Lowering,
  node: LoopNode,
  dimension: number,
  { begin, end, extent }: Range,
  at: Expr,
): void {
  const from = literalOf(begin) === 0 ? at : e.sub(at, begin)
  places.set(bound.block(node.blocks[dimension] ?? 0).id, { begin: at, end, id: e.div(from, e.u32(extent)) })
}

interface PipelinedDot {
  readonly dot: DotNode
  /** The nodes that make the operands: loads and what is done to them. */
  readonly producers: Region
  readonly rest: Region
}

/**
 * The single dot of a loop whose operands depend on nothing that the loop changes or stores, when two
 * stages are asked for.
 */
function pipelinedDot(lowering: Lowering, node: LoopNode): PipelinedDot | undefined {
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
    if (value.kind === 'load' && written.has(lowering.bound.view(value.tensor).tensor)) return false
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

function tensorsWritten({ bound }: Lowering, region: Region): ReadonlySet<number> {
  const written = new Set<number>()
  walk(region, (node) => {
    if (isWrite(node)) written.add(bound.view(node.tensor).tensor)
  })
  return written
}

function emitPipelined(
  lowering: Lowering,
  node: LoopNode,
  plan: PipelinedDot,
  lowerRegion: LowerRegion,
): void {
  const { out, e, bound } = lowering
  const range = rangeOf(lowering, node, 0)
  const { dot } = plan
  const load = (at: Expr): DotOperands => {
    enterRound(lowering, node, 0, range, at)
    lowerRegion(lowering, plan.producers)
    return dotOperands(lowering, dot)
  }
  const first = load(range.begin)
  const waiting = {
    a: variables(lowering, first.a, 'waiting'),
    b: variables(lowering, first.b, 'waiting'),
  }
  const counter = out.counter(bound.block(node.blocks[0] ?? 0).name, typeOf('u32', 1))
  const condition = e.binary('<', counter, range.end)
  out.loop({ counter, init: range.begin, condition, step: e.u32(range.extent) }, () => {
    const layout = lowering.layouts.of(dot) ?? lowering.layoutOfBlocks(dot.type.axes)
    const prefetch = (): void => {
      const next = e.sum([counter], range.extent)
      out.if('branch', e.binary('<', next, range.end), () => {
        const loaded = load(next)
        assign(lowering, waiting.a, loaded.a)
        assign(lowering, waiting.b, loaded.b)
      })
    }
    lowering.values.set(dot, lowerDot(lowering, dot, layout, waiting, prefetch))
    enterRound(lowering, node, 0, range, counter)
    lowerRegion(lowering, plan.rest)
    assignYields(lowering, node)
  })
}
