/**
 * What the reference interpreter says about a call: all of it when there is time, else a sample of its
 * programs, spread evenly, of which every written element is known. Grids after the first that could not be
 * finished are left out, since they may read what is missing.
 */
import { type HostTensor, interpretKernel } from '../../ir/interpret.ts'
import type { KernelIr } from '../../ir/kernel_ir.ts'
import type { Block } from '../../ir/node.ts'
import type { KernelWrites } from './kernel_writes.ts'

export interface SampleOptions {
  /** Time after which no further program is begun. */
  readonly limitMs: number
  /** Elements per tile that results may depend on; elsewhere the sample chooses its own. */
  readonly extentOf?: ((block: Block) => number | undefined) | undefined
  readonly now?: (() => number) | undefined
}

/** Values and, unless all of them are known, the positions of those that are. */
export interface KnownTensor {
  readonly tensor: number
  readonly values: HostTensor['data']
  readonly positions: Uint32Array<ArrayBuffer> | undefined
}

/** Extents of tiles in grids of one dimension, and of several. */
const LINE = 64
const SIDE = 8

/** Runs the kernel on `tensors`, which change. Answers for the visible tensors that it knows something of. */
export function sampleReference(
  ir: KernelIr,
  writes: KernelWrites,
  tensors: readonly HostTensor[],
  scalars: readonly number[],
  { limitMs, extentOf, now = () => performance.now() }: SampleOptions,
): readonly KnownTensor[] {
  const deadline = now() + limitMs
  const marks = new Map<number, Uint8Array>()
  for (const tensor of writes.lastGrid.keys())
    marks.set(tensor, new Uint8Array(tensors[tensor]?.data.length ?? 0))
  let unfinished = Number.POSITIVE_INFINITY
  function* programs(grid: number, count: number): Iterable<number> {
    if (unfinished < grid) return
    let done = 0
    for (const program of spread(count)) {
      if (done++ > 0 && now() > deadline) {
        unfinished = grid
        return
      }
      yield program
    }
  }
  interpretKernel(ir, tensors, scalars, {
    programs,
    extentOf: extentOf ?? ((block) => sampleExtent(ir, block)),
    onWrite(tensor, position) {
      const mark = marks.get(tensor)
      if (mark) mark[position] = 1
    },
  })
  return writes.visible.flatMap(({ id, role, fill }): KnownTensor[] => {
    const values = tensors[id]?.data
    const last = writes.lastGrid.get(id) ?? -1
    if (!values || last > unfinished || (last === unfinished && writes.atomic.has(id))) return []
    const complete = last < unfinished && (role === 'argument' || fill !== undefined)
    return [{ tensor: id, values, positions: complete ? undefined : marked(marks.get(id)) }]
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

function sampleExtent(ir: KernelIr, { id, kind, grid }: Block): number | undefined {
  const blocks = ir.grids[grid]?.blocks ?? []
  if (kind !== 'tile' || !blocks.includes(id)) return undefined
  return blocks.length > 1 ? SIDE : LINE
}

function marked(mark: Uint8Array = new Uint8Array(0)): Uint32Array<ArrayBuffer> {
  let count = 0
  for (const bit of mark) count += bit
  const positions = new Uint32Array(count)
  for (let i = 0, next = 0; i < mark.length; i++) if (mark[i]) positions[next++] = i
  return positions
}

function coprime(start: number, count: number): number {
  let step = start
  while (gcd(step, count) !== 1) step++
  return step
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b)
}
