/**
 * `hl.print`: text and values of single elements, written by the programs into memory that is read back after
 * the launch. Made of what the language has: a counter that gives out places, and stores there.
 */
import { tileType } from '../../ir/build.ts'
import { type Axis, type Node, ONE } from '../../ir/node.ts'
import { PRINT_CAPACITY, type PrintSite, type Prints, printedAs } from '../../ir/prints.ts'
import { callSite } from '../../support/call_site.ts'
import { AuthorError, formatLocation } from '../../support/errors.ts'
import { positions } from '../loops/loops.ts'
import { allocateIn } from '../tensors/creation.ts'
import { describe } from '../trace/describe.ts'
import { type Printer, type Trace, tracing } from '../trace/trace.ts'
import type { TracedTensor } from '../trace/traced_tensor.ts'
import { broadcastAxes, broadcastTo } from '../trace/typing.ts'
import { toNode } from './elementwise.ts'
import { type Operand, TileValue } from './value.ts'

const WHAT = 'hl.print'

/** What a kernel prints, when it does. */
export class Printing implements Printer {
  readonly #sites: PrintSite[] = []
  #memory: { readonly count: TracedTensor; readonly words: TracedTensor } | undefined

  /** By the tensors' numbers in the trace; undefined where nothing is printed. */
  get prints(): Prints | undefined {
    const { count, words } = this.#memory ?? {}
    return count && words && { count: count.info.id, words: words.info.id, sites: this.#sites }
  }

  add(trace: Trace, format: string, nodes: readonly Node[]): void {
    const shapes = nodes.map((node) => node.type.axes)
    const axes = broadcastAxes(trace, shapes, WHAT)
    const kept = axes.filter((axis) => axis !== ONE)
    const at = kept.map((axis) => spread(trace, positions(trace, trace.blocks.get(axis)).nodeIn(trace), kept))
    const values = nodes.map((node) => bits(trace, withoutOnes(trace, node, axes, kept)))
    const dtypes = nodes.map((node) => printedAs(node.type.dtype))
    const site = this.#sites.push({ format, rank: kept.length, dtypes }) - 1
    const memory = this.#memory ?? {
      count: allocateIn(trace, [1], 'i32', 0),
      words: allocateIn(trace, [PRINT_CAPACITY], 'i32', 0),
    }
    this.#memory = memory
    const zero = at[0]?.mul(0) ?? new TileValue(trace, trace.size(0))
    const first = memory.count.at(zero).atomicAdd(1 + at.length + values.length)
    for (const [i, word] of [site, ...at, ...values].entries()) memory.words.at(first.add(i)).set(word)
  }
}

export function print(format: string, ...operands: Operand[]): void {
  const trace = tracing(WHAT)
  if (typeof format !== 'string') {
    throw new AuthorError(`hl.print begins with ${describe(format)}`, {
      location: callSite(),
      remedy: "Begin with a text: hl.print('x is {}', x).",
    })
  }
  const nodes = operands.map((operand) => toNode(trace, WHAT, operand))
  for (const { location } of nodes) if (location) trace.printed.add(formatLocation(location))
  trace.scope(WHAT)
  trace.printing?.add(trace, format, nodes)
}

/** Positions along one axis, over all. */
function spread(trace: Trace, node: Node, axes: readonly Axis[]): TileValue {
  const [own = ONE] = node.type.axes
  const view = {
    kind: 'view',
    type: tileType(
      'i32',
      axes.map((axis) => (axis === own ? own : ONE)),
    ),
    arg: node,
    axes: axes.map((axis) => (axis === own ? 0 : ONE)),
  } as const
  const placed = axes.length === 1 ? node : trace.add(WHAT, view)
  return new TileValue(trace, broadcastTo(trace, placed, axes, WHAT))
}

/** The node over `axes`, of which those of one are left out. */
function withoutOnes(trace: Trace, node: Node, axes: readonly Axis[], kept: readonly Axis[]): Node {
  if (node.type.axes.length === 0) return node
  const whole = broadcastTo(trace, node, axes, WHAT)
  if (kept.length === axes.length) return whole
  const type = tileType(node.type.dtype, kept)
  const places = kept.map((axis) => axes.indexOf(axis))
  return trace.add(WHAT, { kind: 'view', type, arg: whole, axes: places })
}

function bits(trace: Trace, node: Node): TileValue {
  const value = new TileValue(trace, node)
  const { dtype } = node.type
  if (dtype === 'i32') return value
  return dtype === 'bool' ? value.to('i32') : value.to(printedAs(dtype)).bitcast('i32')
}
