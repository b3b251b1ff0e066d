/**
 * Who holds which element of a tile: a layout maps every bit of the register number and of the thread number
 * to a bit of the position along one block, or to nothing. Extents are powers of two, so this is a linear map
 * over bits (the idea of Triton's linear layouts), here with one coordinate bit per register or thread bit. A
 * thread bit that maps to nothing means copies: threads that differ in it hold the same elements.
 *
 * Axes are named by blocks, so views that rename axes leave a layout as it is, and leaving out a block (a
 * reduction, the source of a broadcast) leaves out its bits.
 */
import type { BlockId } from '../../ir/node.ts'

/** Bit `bit` of the position along `block`. */
export interface CoordinateBit {
  readonly block: BlockId
  readonly bit: number
}

/** `length` consecutive thread bits from `thread` on that are consecutive position bits from `bit` on. */
export interface ThreadRun {
  readonly thread: number
  readonly bit: number
  readonly length: number
}

/** Where a position bit is: the number of a register bit or of a thread bit. */
export interface BitPlace {
  readonly of: 'register' | 'thread'
  readonly at: number
}

export class Layout {
  readonly registers: readonly CoordinateBit[]
  readonly threads: readonly (CoordinateBit | undefined)[]
  /** Equal texts mean equal layouts. */
  readonly key: string

  constructor(registers: readonly CoordinateBit[], threads: readonly (CoordinateBit | undefined)[]) {
    this.registers = registers
    this.threads = threads
    this.key = `${registers.map(printBit).join(' ')} | ${threads.map(printBit).join(' ')}`
  }

  /** Elements per thread. */
  get size(): number {
    return 2 ** this.registers.length
  }

  /** Blocks that this layout spreads, in no particular order. */
  get blocks(): ReadonlySet<BlockId> {
    const bits = [...this.registers, ...this.threads.filter((bit) => bit !== undefined)]
    return new Set(bits.map(({ block }) => block))
  }

  /**
   * Without the bits of the blocks that `keep` refuses: the layout of a reduced value, or of a broadcast's
   * source.
   */
  restrict(keep: (block: BlockId) => boolean): Layout {
    const registers = this.registers.filter(({ block }) => keep(block))
    return new Layout(
      registers,
      this.threads.map((bit) => (bit && keep(bit.block) ? bit : undefined)),
    )
  }

  /** With another block in place of one. */
  renamed(from: BlockId, to: BlockId): Layout {
    const other = (bit: CoordinateBit): CoordinateBit =>
      bit.block === from ? { block: to, bit: bit.bit } : bit
    return new Layout(
      this.registers.map(other),
      this.threads.map((bit) => bit && other(bit)),
    )
  }

  /** Position along `block` that register number `register` adds to the thread's part. */
  registerOffset(register: number, block: BlockId): number {
    let offset = 0
    this.registers.forEach((bit, i) => {
      if (bit.block === block && (register >> i) & 1) offset += 2 ** bit.bit
    })
    return offset
  }

  /** The register that holds, within its thread, the element at these offsets. */
  registerAt(offsetOf: (block: BlockId) => number): number {
    let register = 0
    this.registers.forEach((bit, i) => {
      if ((offsetOf(bit.block) >> bit.bit) & 1) register += 2 ** i
    })
    return register
  }

  /** How the thread number enters the position along `block`. */
  threadRuns(block: BlockId): readonly ThreadRun[] {
    const runs: { thread: number; bit: number; length: number }[] = []
    this.threads.forEach((coordinate, thread) => {
      if (coordinate?.block !== block) return
      const last = runs.at(-1)
      const extends_ =
        last && last.thread + last.length === thread && last.bit + last.length === coordinate.bit
      if (extends_) last.length++
      else runs.push({ thread, bit: coordinate.bit, length: 1 })
    })
    return runs
  }

  /** Where the position bits along a block are, the lowest first. */
  placesAlong(block: BlockId): readonly BitPlace[] {
    const places = [
      ...this.registers.map((bit, at) => ({ bit, of: 'register' as const, at })),
      ...this.threads.map((bit, at) => ({ bit, of: 'thread' as const, at })),
    ]
    return places
      .filter(({ bit }) => bit?.block === block)
      .sort((a, b) => (a.bit?.bit ?? 0) - (b.bit?.bit ?? 0))
      .map(({ of, at }) => ({ of, at }))
  }

  /**
   * Number of low register bits that are the lowest position bits of `block`, in order: log2 of the vector
   * width.
   */
  contiguity(block: BlockId): number {
    let bits = 0
    while (this.registers[bits]?.block === block && this.registers[bits]?.bit === bits) bits++
    return bits
  }

  /** Thread bits whose threads hold the same elements, as a mask over thread numbers. */
  get replicaMask(): number {
    return this.threads.reduce((mask, bit, i) => (bit ? mask : mask | (1 << i)), 0)
  }

  /** A small picture of a tile over two blocks (or one): `thread:register` of each element's first holder. */
  picture(rows: BlockId | undefined, columns: BlockId): string {
    const holders = new Map<string, string>()
    for (let thread = 2 ** this.threads.length - 1; thread >= 0; thread--) {
      for (let register = this.size - 1; register >= 0; register--) {
        const at = (block: BlockId | undefined): number =>
          block === undefined ? 0 : this.registerOffset(register, block) + this.threadOffset(thread, block)
        holders.set(`${at(rows)},${at(columns)}`, `${thread}:${register}`)
      }
    }
    const extent = (block: BlockId | undefined): number => (block === undefined ? 1 : 2 ** this.bitsOf(block))
    const lines = Array.from({ length: extent(rows) }, (_, row) =>
      Array.from({ length: extent(columns) }, (_, column) => holders.get(`${row},${column}`) ?? '-').join(
        ' ',
      ),
    )
    return lines.join('\n')
  }

  /** Position along `block` that thread number `thread` contributes. */
  threadOffset(thread: number, block: BlockId): number {
    let offset = 0
    this.threads.forEach((bit, i) => {
      if (bit?.block === block && (thread >> i) & 1) offset += 2 ** bit.bit
    })
    return offset
  }

  /** log2 of the extent along `block`. */
  bitsOf(block: BlockId): number {
    return [...this.registers, ...this.threads].filter((bit) => bit?.block === block).length
  }
}

/** A run of position bits along a block, lowest first: `count` bits from `from` on. */
export function bitRange(block: BlockId, from: number, count: number): CoordinateBit[] {
  return Array.from({ length: Math.max(0, count) }, (_, i) => ({ block, bit: from + i }))
}

function printBit(bit: CoordinateBit | undefined): string {
  return bit ? `${bit.block}.${bit.bit}` : '-'
}
