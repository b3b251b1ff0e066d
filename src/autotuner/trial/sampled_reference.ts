/**
 * What the reference interpreter says about a call: all of it when there is time, else a sample of its
 * programs, spread evenly, of which every written element is known. Grids after the first that could not be
 * finished are left out, since they may read what is missing. A program that comes to no end is given up.
 */
import { type HostTensor, type InterpretOptions, interpretKernel } from '../../ir/interpret.ts'
import type { KernelIr } from '../../ir/kernel_ir.ts'
import type { Block } from '../../ir/node.ts'
import { clamp, floorPowerOf2 } from '../../support/maths.ts'
import type { KernelWrites } from './kernel_writes.ts'

export interface SampleOptions {
  /** Time after which no further program is begun. */
  readonly limitMs: number
  /** Elements per tile that results may depend on; elsewhere the sample chooses its own. */
  readonly extentOf?: ((block: Block) => number | undefined) | undefined
  /**
   * Elements of the largest tensor for each position of a block: of wide rows a tile of the sample has few.
   */
  readonly width?: ((block: Block) => number) | undefined
  /** Positions that are listed at most, an even number; LISTED when absent. */
  readonly most?: number | undefined
  readonly now?: (() => number) | undefined
}

/** Values and, unless all of them are known, the positions of those that are. */
export interface KnownTensor {
  readonly tensor: number
  readonly values: HostTensor['data']
  readonly positions: Uint32Array<ArrayBuffer> | undefined
}

/** Positions of a tensor that are listed: many times those that a config is compared at. */
const LISTED = 2 ** 22

/**
 * So many programs of the last grid that wrote so many elements of each tensor are enough: no config is
 * compared at more elements.
 */
const ENOUGH_PROGRAMS = 256
const ENOUGH_ELEMENTS = 2 ** 18

/** A program that has begun in time may take so much longer. */
const PATIENCE_MS = 5000

/** Says that a program takes too long. */
class Endless extends Error {}

/** Most positions of a tile in grids of one dimension, and how many in grids of several. */
const LINE = 64
const SIDE = 8
/** Tiles of wide rows have so many elements, about, but no fewer positions than this. */
const TILE_ELEMENTS = 2 ** 15
const LEAST_LINE = 4

/** Runs the kernel on `tensors`, which change. Answers for the visible tensors that it knows something of. */
export function sampleReference(
  ir: KernelIr,
  writes: KernelWrites,
  tensors: readonly HostTensor[],
  scalars: readonly number[],
  { limitMs, extentOf, width, most = LISTED, now = () => performance.now() }: SampleOptions,
): readonly KnownTensor[] {
  const deadline = now() + limitMs
  const marks = new Map<number, Marks>()
  for (const tensor of writes.lastGrid.keys()) {
    const { data } = tensors[tensor] ?? {}
    if (data) marks.set(tensor, new Marks(data.length, most))
  }
  let unfinished = Number.POSITIVE_INFINITY
  let running = 0
  // What atomic operations leave is known at the very end only.
  const isEnough = () =>
    writes.atomic.size === 0 && [...marks.values()].every(({ kept }) => kept >= ENOUGH_ELEMENTS)
  function* programs(grid: number, count: number): Iterable<number> {
    if (unfinished < grid) return
    running = grid
    const isLast = grid === ir.grids.length - 1
    let done = 0
    for (const program of spread(count)) {
      if ((done > 0 && now() > deadline) || (isLast && done >= ENOUGH_PROGRAMS && isEnough())) {
        unfinished = grid
        return
      }
      done++
      yield program
      for (const mark of marks.values()) mark.keep()
    }
  }
  const options: InterpretOptions = {
    programs,
    onRound() {
      if (now() > deadline + PATIENCE_MS) throw new Endless()
    },
    extentOf: extentOf ?? ((block) => sampleExtent(ir, block, width?.(block) ?? 1)),
    onWrite(tensor, position) {
      marks.get(tensor)?.add(position)
    },
  }
  try {
    interpretKernel(ir, tensors, scalars, options)
  } catch (error) {
    if (!(error instanceof Endless)) throw error
    unfinished = running
  }
  return writes.visible.flatMap(({ id, role, fill }): KnownTensor[] => {
    const values = tensors[id]?.data
    const last = writes.lastGrid.get(id) ?? -1
    if (!values || last > unfinished || (last === unfinished && writes.atomic.has(id))) return []
    const complete = last < unfinished && (role === 'argument' || fill !== undefined)
    const positions = complete ? undefined : marks.get(id)?.sorted
    return positions?.length === 0 && last === unfinished ? [] : [{ tensor: id, values, positions }]
  })
}

/** 0 … count-1, the first and the last one at the start, the others so that any prefix is spread evenly. */
export function* spread(count: number): Generator<number> {
  if (count > 0) yield 0
  if (count > 1) yield count - 1
  const step = coprime(Math.max(1, Math.round(count * 0.6180339887)), count)
  for (let i = 1, program = step % count; i < count; i++, program = (program + step) % count)
    if (program !== 0 && program !== count - 1) yield program
}

function sampleExtent(ir: KernelIr, { id, kind, grid }: Block, width: number): number | undefined {
  const line = clamp(Math.floor(TILE_ELEMENTS / width), LEAST_LINE, LINE)
  if (kind === 'size') return floorPowerOf2(line)
  const blocks = ir.grids[grid]?.blocks ?? []
  if (kind !== 'tile' || !blocks.includes(id)) return undefined
  return blocks.length > 1 ? SIDE : line
}

/** Positions of a tensor that were written; of more than can be listed, some, spread evenly. */
class Marks {
  readonly #marked: Uint8Array
  readonly #most: number
  #positions: number[] = []
  /** Every so many new positions one is listed. */
  #stride = 1
  #seen = 0
  /** Positions of programs that came to their end: all, and how many of those that are listed. */
  kept = 0
  #kept = 0

  constructor(length: number, most: number) {
    this.#marked = new Uint8Array(length)
    this.#most = most
  }

  add(position: number): void {
    if (this.#marked[position]) return
    this.#marked[position] = 1
    if (this.#seen++ % this.#stride !== 0) return
    if (this.#positions.length === this.#most) this.#thin()
    this.#positions.push(position)
  }

  /** The program that wrote came to its end. */
  keep(): void {
    this.#kept = this.#positions.length
    this.kept = this.#seen
  }

  get sorted(): Uint32Array<ArrayBuffer> {
    return Uint32Array.from(this.#positions.slice(0, this.#kept)).sort()
  }

  #thin(): void {
    this.#positions = this.#positions.filter((_, index) => index % 2 === 0)
    this.#kept = Math.ceil(this.#kept / 2)
    this.#stride *= 2
  }
}

function coprime(start: number, count: number): number {
  let step = start
  while (gcd(step, count) !== 1) step++
  return step
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b)
}
