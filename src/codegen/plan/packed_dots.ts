/**
 * Products of integers of 8 bits, of which one function of WGSL multiplies and adds up four: which products
 * these are, and how their operands lie. Such operands are never taken apart; they stay the words of memory.
 */
import { dotAxes } from '../../ir/dot_axes.ts'
import type { BlockId, DotNode, LoadNode, Node, Region } from '../../ir/node.ts'
import { isMoving } from '../../ir/node_rules.ts'
import { extentBits } from '../../ir/tile_program.ts'
import { walk } from '../../ir/traverse.ts'
import { WORD_BITS } from '../analysis/byte_loads.ts'
import { type CoordinateBit, Layout } from '../layout/layout.ts'
import { contiguousBlock, packedLoads } from './access.ts'
import type { Layouts } from './choose_layouts.ts'
import type { Plan } from './plan.ts'

/** An operand as it is read: words of four neighbours along a block. */
export interface PackedOperand {
  readonly load: LoadNode
  /** Of the elements. */
  readonly layout: Layout
  readonly along: BlockId
}

export interface PackedDot {
  readonly signed: boolean
  readonly a: PackedOperand
  readonly b: PackedOperand
}

/** What is asked of the lowering to be. */
interface Reading {
  readonly layouts: Layouts
  accessWidth(node: LoadNode): number
  readLayout(node: LoadNode): Layout
  onlyReader(node: Node): Node | undefined
}

/** The bits of a position that are within a word along a block. */
function bitsInWord(block: BlockId): readonly CoordinateBit[] {
  return Array.from({ length: WORD_BITS }, (_, bit) => ({ block, bit }))
}

/** The layout of the words of four neighbours along a block, whose positions then count words. */
export function layoutOfWords({ registers, threads }: Layout, block: BlockId): Layout {
  const moved = (bit: CoordinateBit): CoordinateBit =>
    bit.block === block ? { block, bit: bit.bit - WORD_BITS } : bit
  const isWithin = (bit: CoordinateBit): boolean => bit.block === block && bit.bit < WORD_BITS
  return new Layout(
    registers.filter((bit) => !isWithin(bit)).map(moved),
    threads.map((bit) => bit && moved(bit)),
  )
}

/** Of all products of a region. */
export class PackedDots {
  readonly #dots = new Map<DotNode, PackedDot>()
  readonly #words = new Set<Node>()
  readonly #views = new Set<Node>()

  constructor(region: Region, plan: Plan, reading: Reading) {
    walk(region, (dot) => {
      const loads = dot.kind === 'dot' ? packedLoads(dot, plan) : undefined
      if (dot.kind !== 'dot' || !loads) return
      const [a, b] = [operand(dot, 'a', loads.a, reading), operand(dot, 'b', loads.b, reading)]
      const rest = extentBits(plan.program, dotAxes(dot).depth) - reading.layouts.sliceBits(dot)
      if (!a || !b || rest < WORD_BITS) return
      this.#dots.set(dot, { signed: loads.signed, a, b })
      for (const { load, from } of [
        { load: a.load, from: dot.a },
        { load: b.load, from: dot.b },
      ]) {
        this.#words.add(load)
        for (const view of viewsOf(from)) this.#views.add(view)
      }
    })
  }

  of(dot: DotNode): PackedDot | undefined {
    return this.#dots.get(dot)
  }

  /** True for loads whose value is the words themselves. */
  isOfWords(node: Node): boolean {
    return this.#words.has(node)
  }

  /** True for views that have no value of their own. */
  isSkipped(node: Node): boolean {
    return this.#views.has(node)
  }
}

/** Undefined unless a thread holds whole words, and four neighbours along what is contracted. */
function operand(dot: DotNode, side: 'a' | 'b', load: LoadNode, reading: Reading): PackedOperand | undefined {
  const layout = reading.layouts.of(load)
  const along = contiguousBlock(load)
  const wanted = reading.layouts.product(dot)?.[side] ?? layout
  if (!layout || along === undefined || wanted?.key !== layout.key) return undefined
  const isWhole = reading.readLayout(load).key === layout.key && reading.accessWidth(load) >= 2 ** WORD_BITS
  const holds = bitsInWord(dotAxes(dot).depth).every(({ block, bit }) =>
    layout.registers.some((known) => known.block === block && known.bit === bit),
  )
  const chain = [...viewsOf(dot[side]), load]
  const isAlone = chain.every((node, i) => reading.onlyReader(node) === (chain[i - 1] ?? dot))
  return isWhole && holds && isAlone ? { load, layout, along } : undefined
}

function viewsOf(node: Node): readonly Node[] {
  return isMoving(node) ? [node, ...viewsOf(node.arg)] : []
}
