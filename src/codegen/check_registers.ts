/**
 * Estimates how many 32-bit registers a thread needs at the worst point, and refuses configs that would
 * spill: values from where they are made to their last use, in loops to the loop's end.
 */
import type { Node, Region } from '../ir/node.ts'
import { operandsOf } from '../ir/traverse.ts'
import { DTYPES } from '../support/dtypes.ts'
import { ConfigError } from '../support/errors.ts'
import type { Lowering } from './lowering.ts'
import { isTile } from './tile_classes.ts'

const REGISTER_BYTES = 4
/** 32-bit registers of a multiprocessor that the threads of a workgroup share. */
const REGISTER_FILE = 65536

/** The estimate; throws ConfigError when it is over the device's budget. */
export function checkRegisters(region: Region, lowering: Lowering): number {
  const peak = peakOf(region, lowering, new Set())
  const { limits } = lowering.bound
  const budget = Math.min(limits.registerBudget, Math.floor(REGISTER_FILE / lowering.bound.threads))
  if (peak > budget) {
    throw new ConfigError(`the config needs about ${peak} registers per thread; the budget is ${budget}`, {
      remedy: 'Choose smaller block_sizes, more num_warps, or a number for reduction_loops.',
    })
  }
  return peak
}

function peakOf(region: Region, lowering: Lowering, after: ReadonlySet<Node>): number {
  const lastUse = new Map<Node, number>()
  region.forEach((node, i) => {
    for (const value of reads(node)) lastUse.set(value, i)
  })
  const live = new Set<Node>(after)
  let peak = 0
  region.forEach((node, i) => {
    live.add(node)
    if (node.kind === 'loop') {
      const inner = new Set([...live, ...node.phis])
      peak = Math.max(peak, peakOf(node.body, lowering, inner))
    }
    peak = Math.max(peak, total(live, lowering))
    for (const value of [...live]) {
      if (!after.has(value) && (lastUse.get(value) ?? -1) <= i) live.delete(value)
    }
  })
  return peak
}

/** Everything a node reads, what the body of a loop reads from outside included. */
function reads(node: Node): readonly Node[] {
  if (node.kind !== 'loop') return node.kind === 'result' ? [node.loop, ...node.loop.phis] : operandsOf(node)
  return [...operandsOf(node), ...node.yields, ...node.body.flatMap(reads)]
}

function total(live: ReadonlySet<Node>, lowering: Lowering): number {
  let registers = 0
  for (const node of live) {
    const layout = isTile(node) ? lowering.layouts.of(node) : undefined
    if (layout && holdsRegisters(node)) {
      registers += Math.ceil((layout.size * DTYPES[node.type.dtype].bytes) / REGISTER_BYTES)
    }
  }
  return registers
}

/**
 * Views are other names for values that are counted already, and a dot adds to the registers that it
 * continues.
 */
function holdsRegisters(node: Node): boolean {
  if (node.kind === 'dot') return node.acc?.kind !== 'phi'
  return node.kind !== 'view' && node.kind !== 'broadcast' && node.kind !== 'result' && node.kind !== 'loop'
}
