/**
 * How far apart two positions are that the device computes, where that is a size: of `begin` and `begin +
 * 16`. Scalars are seen as sums of multiples of what is not known while the kernel is traced.
 */
import type { Node } from '../../ir/node.ts'
import { type Size, sameSize, sizeOp } from '../../ir/size.ts'
import type { Trace } from '../trace/trace.ts'
import { sizeOfNode } from './axis_sizes.ts'

interface Term {
  readonly node: Node
  readonly factor: Size
}

interface Sum {
  readonly terms: readonly Term[]
  readonly rest: Size
}

/** `end - begin`, or undefined where the device must compute it. */
export function distance(trace: Trace, begin: Node, end: Node): Size | undefined {
  const { terms, rest } = combined('sub', sumOf(trace, end), sumOf(trace, begin))
  return terms.every(({ factor }) => sameSize(factor, 0)) ? rest : undefined
}

function sumOf(trace: Trace, node: Node): Sum {
  const size = sizeOfNode(trace, node)
  if (size !== undefined) return { terms: [], rest: size }
  const [a, b] = node.kind === 'map' ? node.args : []
  if (node.kind === 'map' && a && b) {
    if (node.op === 'add' || node.op === 'sub') return combined(node.op, sumOf(trace, a), sumOf(trace, b))
    if (node.op === 'mul') {
      const [left, right] = [sizeOfNode(trace, a), sizeOfNode(trace, b)]
      if (left !== undefined) return times(sumOf(trace, b), left)
      if (right !== undefined) return times(sumOf(trace, a), right)
    }
  }
  return { terms: [{ node, factor: 1 }], rest: 0 }
}

function combined(op: 'add' | 'sub', a: Sum, b: Sum): Sum {
  const terms = [...a.terms]
  for (const { node, factor } of b.terms) {
    const known = terms.findIndex((term) => term.node === node)
    const at = known < 0 ? terms.length : known
    terms[at] = { node, factor: sizeOp(op, terms[at]?.factor ?? 0, factor) }
  }
  return { terms, rest: sizeOp(op, a.rest, b.rest) }
}

function times({ terms, rest }: Sum, by: Size): Sum {
  return {
    terms: terms.map(({ node, factor }) => ({ node, factor: sizeOp('mul', factor, by) })),
    rest: sizeOp('mul', rest, by),
  }
}
