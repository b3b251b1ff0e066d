/**
 * Products of integers of 8 bits, of which one function of WGSL multiplies and adds up four: which products
 * these are, and how their operands lie. Such operands are never taken apart; they stay the words of memory.
 */
import { stripViews } from '../../ir/dim_index.ts'
import { dotAxes } from '../../ir/dot_axes.ts'
import type { BlockId, DotNode, LoadNode, Node, Region } from '../../ir/node.ts'
import { extentBits, tensorOf } from '../../ir/tile_program.ts'
import { walk } from '../../ir/traverse.ts'
import { STORAGE, type StorageType } from '../../support/storage_types.ts'
import { type CoordinateBit, Layout } from '../layout/layout.ts'
import { contiguousBlock } from './access.ts'
import type { Layouts } from './choose_layouts.ts'
import type { Plan } from './plan.ts'
import { sameBlocks } from './tile_classes.ts'

/** log2 of the integers in a word. */
export const WORD_BITS = 2

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

/** The loads of both operands. */
interface ByteLoads {
  readonly signed: boolean
  readonly a: LoadNode
  readonly b: LoadNode
}

/** The loads of a product that a config and the device let be multiplied four at a time. */
export function packedLoads(dot: DotNode, { program, bound }: Plan): ByteLoads | undefined {
  if (!bound.limits.packedDots || bound.mma(dot) === 'subgroup_matrix') return undefined
  return byteLoads(dot, (id) => tensorOf(program, id).dtype)
}

/** The loads of a product of such integers with sums of 32 bits; undefined for others. */
export function byteLoads(
  dot: DotNode,
  dtypeOf: (tensor: number) => StorageType | undefined,
): ByteLoads | undefined {
  const [a, b] = [stripViews(dot.a), stripViews(dot.b)]
  if (a.kind !== 'load' || b.kind !== 'load' || a === b || a.mask || b.mask) return undefined
  if (!sameBlocks(dot.a, dot.a) || !sameBlocks(dot.b, dot.b)) return undefined
  const [left, right] = [a, b].map((load) => dtypeOf(load.tensor))
  const { packed, bits } = STORAGE[left ?? 'f32']
  if (left !== right || packed?.kind !== 'int' || bits !== 32 >> WORD_BITS) return undefined
  const isWide = dot.type.dtype === (packed.signed ? 'i32' : 'u32')
  return isWide ? { signed: packed.signed, a, b } : undefined
}

/** The bits of a position that are within a word along a block. */
export function bitsInWord(block: BlockId): readonly CoordinateBit[] {
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
  return node.kind === 'view' || node.kind === 'broadcast' ? [node, ...viewsOf(node.arg)] : []
}
