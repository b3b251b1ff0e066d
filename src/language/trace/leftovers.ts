/**
 * What is left over when a kernel has been traced: tensors that no store writes, which is an error, and
 * values that nothing uses, which may be meant where a constant among the arguments decides what is needed.
 */
import { type ReturnTree, returnedTensors } from '../../ir/kernel_ir.ts'
import type { Node } from '../../ir/node.ts'
import { isWrite, ruleOf } from '../../ir/node_rules.ts'
import { liveNodes, operandsOf, walk } from '../../ir/traverse.ts'
import { AuthorError, formatLocation } from '../../support/errors.ts'
import type { Trace } from './trace.ts'

/** Operations that have a method which changes an accumulator in place. */
const IN_PLACE = ['add', 'sub', 'mul', 'div', 'minimum', 'maximum']

/** Throws an AuthorError for a tensor that the kernel allocates, returns or reads, and never writes. */
export function requireWritten(trace: Trace, returns: ReturnTree): void {
  const written = new Set<number>()
  const read = new Set<number>()
  for (const { body } of trace.grids) {
    const live = liveNodes(body)
    walk(body, (node) => {
      if (isWrite(node)) written.add(trace.memoryOf(node.tensor))
      if (node.kind === 'load' && live.has(node)) read.add(trace.memoryOf(node.tensor))
    })
  }
  const returned = new Set(returnedTensors(returns))
  for (const { id, role, fill, shape } of trace.tensors) {
    const isFilled = role === 'argument' || fill !== undefined || shape.includes(0)
    if (isFilled || written.has(id) || !(returned.has(id) || read.has(id))) continue
    throw new AuthorError(
      `the kernel ${trace.name} ${returned.has(id) ? 'returns' : 'reads'} a tensor that nothing writes`,
      {
        location: trace.allocations.get(id)?.(),
        remedy: 'Write it in a loop over tiles: out.at(…).set(…); or fill it: hl.zeros, hl.full.',
      },
    )
  }
}

/** A message for every line that computes a value which nothing uses. */
export function unusedValues(trace: Trace): readonly string[] {
  const texts = new Map<string, string>()
  for (const { body, location } of trace.grids) {
    const live = liveNodes(body)
    const used = new Set<Node>()
    // What a loop makes for its items, or a method beside what is used of it, may stay unused.
    const needed = new Set([location && formatLocation(location), ...trace.printed])
    walk(body, (node) => {
      if (live.has(node)) needed.add(node.location && formatLocation(node.location))
      for (const operand of operandsOf(node)) used.add(operand)
      if (node.kind !== 'loop') return
      for (const value of node.yields) used.add(value)
      needed.add(node.location && formatLocation(node.location))
    })
    walk(body, (node) => {
      const what = ruleOf(node).method?.(node)
      if (what === undefined || !node.location || live.has(node) || used.has(node)) return
      const place = formatLocation(node.location)
      if (needed.has(place)) return
      const inPlace = IN_PLACE.includes(what) ? `; acc.${what}Assign(x) changes acc in place` : ''
      texts.set(place, unusedText(trace, what, place, `Methods make new values${inPlace}.`))
    })
  }
  return [...texts.values(), ...(trace.made?.unused() ?? [])]
}

/** The message for a value that nothing uses. */
export function unusedText(trace: Trace, what: string, place: string, why: string): string {
  return (
    `${trace.name}: a value of ${what} is computed and never used\n  at ${place}\n` +
    `  ${why} Use the value, or remove the line.`
  )
}
