/** What a loop carries from round to round: values in variables, and the sums of products. */
import type { DotNode, LoopNode, PhiNode } from '../../ir/node.ts'
import { contractionOf } from '../contraction/choose_contraction.ts'
import { isTile } from '../plan/tile_classes.ts'
import type { Lowering } from '../state/lowering.ts'
import { assignVariables, named, variables } from '../state/registers.ts'
import { type Expr, partOfWords } from '../thread/expr.ts'
import { valueIn } from '../values/values.ts'

/** Begins what the loop carries; to be ended after it. */
export function beginCarried(lowering: Lowering, node: LoopNode): { readonly end: () => void } {
  const sums = carriedSums(lowering, node)
  declareCarried(lowering, node)
  return {
    end() {
      for (const [dot, phi] of sums) {
        const total = lowering.sums.get(dot)?.end()
        if (total) lowering.values.set(phi, total)
        lowering.sums.delete(dot)
      }
    },
  }
}

/**
 * The dots that the loop adds up, and no loop around it, each with what it adds to; their sums begin here.
 */
function carriedSums(lowering: Lowering, node: LoopNode): readonly (readonly [DotNode, PhiNode])[] {
  const found = [...lowering.accumulations].flatMap(([dot, phis]) => {
    const outermost = phis.at(-1)
    return outermost && node.phis.includes(outermost) ? [[dot, outermost] as const] : []
  })
  for (const [dot, phi] of found) {
    const init = node.inits[node.phis.indexOf(phi)]
    lowering.sums.set(dot, contractionOf(lowering, dot).begin(init))
  }
  return found
}

/** Variables for the other carried values. */
function declareCarried(lowering: Lowering, node: LoopNode): void {
  const { out, values, layouts } = lowering
  const sums = new Set([...lowering.accumulations.values()].flat())
  const inits = node.phis.map((phi, i) => {
    const layout = (isTile(phi) ? layouts.of(phi) : undefined) ?? lowering.scalarLayout
    return sums.has(phi) ? undefined : valueIn(lowering, node.inits[i] ?? phi, layout)
  })
  node.phis.forEach((phi, i) => {
    const init = inits[i]
    if (init) values.set(phi, variables(out, init, 'carried'))
  })
}

/** Values for the next round: all computed before any variable changes. */
export function assignYields(lowering: Lowering, node: LoopNode): void {
  const { out, values } = lowering
  // Of a loop that is written out again, sums have a value: that of the time before.
  const sums = new Set([...lowering.accumulations.values()].flat())
  const held = (chunk: Expr): Expr => partOfWords(chunk)?.words ?? chunk
  const carried = new Set(node.phis.flatMap((phi) => values.get(phi)?.chunks ?? []).map(held))
  const isCarried = (chunk: Expr): boolean =>
    carried.has(held(chunk)) || (chunk.kind === 'component' && isCarried(chunk.arg))
  const pairs = node.phis.flatMap((phi, i) => {
    const target = values.get(phi)
    const next = node.yields[i]
    if (!target || !next || sums.has(phi) || values.get(next) === target) return []
    const value = named(out, valueIn(lowering, next, target.layout), 'next')
    // Another carried variable is about to change: its present value needs a name.
    const chunks = value.chunks.map((chunk) => (isCarried(chunk) ? out.let('next', chunk) : chunk))
    return [{ target, value: { ...value, chunks } }]
  })
  for (const { target, value } of pairs) assignVariables(lowering.out, target, value)
}
