/** `hl.inlineWgsl`: an element-wise expression in WGSL, for what the language lacks. */
import { tileType } from '../../ir/build.ts'
import { callSite } from '../../support/call_site.ts'
import type { DType } from '../../support/dtypes.ts'
import { AuthorError } from '../../support/errors.ts'
import { describe } from '../trace/describe.ts'
import { tracing } from '../trace/trace.ts'
import { broadcastAxes, broadcastTo, requireDType } from '../trace/typing.ts'
import { toNode } from './elementwise.ts'
import { type Operand, TileValue } from './value.ts'

export interface InlineOptions {
  /** What the expression gives: that of the first value unless said. */
  readonly dtype?: DType
  /** What it computes, in JavaScript: for the interpreters, and to check configs in a search. */
  readonly reference?: (...values: number[]) => number
}

/** `text` in terms of the names in `values`, of which each is one element. */
export function inlineWgsl(
  text: string,
  values: Readonly<Record<string, Operand>>,
  { dtype, reference }: InlineOptions = {},
): TileValue {
  const trace = tracing('hl.inlineWgsl')
  if (typeof text !== 'string' || text.trim() === '' || /[;{}]/.test(text)) throw notAnExpression(text)
  const entries = Object.entries(values)
  for (const [name] of entries) requireName(name)
  const what = 'hl.inlineWgsl'
  const nodes = entries.map(([, value]) => toNode(trace, what, value))
  const axes = broadcastAxes(
    trace,
    nodes.map((node) => node.type.axes),
    what,
  )
  const args = nodes.map((node) =>
    node.type.axes.length === 0 ? node : broadcastTo(trace, node, axes, what),
  )
  const type = tileType(dtype ?? args[0]?.type.dtype ?? 'f32', axes)
  requireDType(type.dtype, what)
  const code = Object.freeze({ text: text.trim(), parameters: entries.map(([name]) => name), reference })
  return new TileValue(trace, trace.add(what, { kind: 'inline', type, code, args }))
}

function notAnExpression(text: unknown): AuthorError {
  return new AuthorError(`hl.inlineWgsl of ${describe(text)}`, {
    location: callSite(),
    remedy: "Give one expression in WGSL: hl.inlineWgsl('fma(a, b, c)', { a, b, c }).",
  })
}

function requireName(name: string): void {
  if (/^[A-Za-z]\w*$/.test(name)) return
  throw new AuthorError(`hl.inlineWgsl names a value ${JSON.stringify(name)}`, {
    location: callSite(),
    remedy: 'Names are those of WGSL: letters, digits and _.',
  })
}
