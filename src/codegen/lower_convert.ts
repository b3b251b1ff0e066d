/**
 * Moving a value from one layout to another: by renaming registers when every thread already holds what it
 * needs, otherwise through workgroup memory, in vectors where both sides hold neighbours together, rows
 * padded against bank conflicts.
 */
import type { BlockId } from '../ir/node.ts'
import { operand } from '../ir/wgsl_text.ts'
import { DTYPES } from '../support/dtypes.ts'
import { sumText, threadPart } from './coordinates.ts'
import type { Layout } from './layout.ts'
import type { Lowering } from './lowering.ts'
import { chunkRegisters, chunkWidth, compose, named, type Registers } from './registers.ts'
import { storageType, type Width, wgslType } from './wgsl_types.ts'
import type { WorkgroupArray } from './workgroup_memory.ts'

/** `value` in `layout`, which spreads the same blocks. */
export function convertLayout(lowering: Lowering, value: Registers, layout: Layout): Registers {
  if (sameThreads(value.layout, layout)) {
    const source = named(lowering.out, value, 'v')
    const registers = chunkRegisters(layout).map((group) =>
      compose(
        source,
        group.map((register) => value.layout.registerAt((block) => layout.registerOffset(register, block))),
      ),
    )
    return { layout, dtype: value.dtype, chunks: registers }
  }
  const transfer = planTransfer(lowering, value, layout)
  writeTile(lowering, value, transfer)
  const result = readTile(lowering, value, layout, transfer)
  lowering.memory.release(transfer.array)
  return result
}

interface Transfer {
  readonly array: WorkgroupArray
  /** Elements per array element, all along the first of `blocks`. */
  readonly width: Width
  /** Distance in array elements between neighbours along each block (between vectors along the first). */
  readonly strides: ReadonlyMap<BlockId, number>
  readonly fast: BlockId
}

function sameThreads(a: Layout, b: Layout): boolean {
  return a.threads.every((bit, i) => bit?.block === b.threads[i]?.block && bit?.bit === b.threads[i]?.bit)
}

function planTransfer(lowering: Lowering, value: Registers, layout: Layout): Transfer {
  const blocks = [...value.layout.blocks]
  const together = (block: BlockId): number =>
    Math.min(value.layout.contiguity(block), layout.contiguity(block), 2)
  const fast = blocks.reduce(
    (best, block) => (together(block) > together(best) ? block : best),
    blocks[0] ?? 0,
  )
  const width = (2 ** together(fast)) as Width
  const strides = new Map<BlockId, number>([[fast, 1]])
  let length = lowering.bound.extent(fast) / width
  for (const block of blocks) {
    if (block === fast) continue
    // One element of padding per row puts neighbouring rows into different banks.
    const stride = strides.size === 1 ? length + 1 : length
    strides.set(block, stride)
    length = stride * lowering.bound.extent(block)
  }
  const type = storageType(value.dtype, width)
  const bytes = DTYPES[value.dtype].bytes * width
  return { array: lowering.memory.allocate('exchange', type, bytes, length), width, strides, fast }
}

function writeTile(lowering: Lowering, value: Registers, transfer: Transfer): void {
  const { out, memory } = lowering
  const source = named(out, value, 'v')
  const write = (): void => {
    for (const registers of vectorRegisters(value.layout, transfer.width)) {
      const index = elementIndex(lowering, value.layout, transfer, registers[0] ?? 0)
      const { text, splat } = compose(source, registers)
      const type = storageType(value.dtype, transfer.width)
      const stored = value.dtype === 'bool' || (splat && transfer.width > 1) ? `${type}(${text})` : text
      out.line(`${transfer.array.name}[${index}] = ${stored};`)
    }
  }
  memory.beforeWrite(transfer.array)
  const replicas = value.layout.replicaMask
  if (replicas === 0) write()
  else out.block('some', `if ((${lowering.thread} & ${replicas}u) == 0u)`, write)
}

function readTile(lowering: Lowering, value: Registers, layout: Layout, transfer: Transfer): Registers {
  const { out, memory } = lowering
  memory.beforeRead(transfer.array)
  const vectors = vectorRegisters(layout, transfer.width).map((registers) => {
    const text = `${transfer.array.name}[${elementIndex(lowering, layout, transfer, registers[0] ?? 0)}]`
    const loaded = value.dtype === 'bool' ? `${text} != ${storageType('bool', transfer.width)}(0u)` : text
    return out.let('v', loaded)
  })
  const width = chunkWidth(layout)
  const perChunk = width / transfer.width
  const chunks = chunkRegisters(layout).map((_registers, chunk) => {
    const parts = vectors.slice(chunk * perChunk, (chunk + 1) * perChunk)
    const text =
      parts.length === 1 ? (parts[0] ?? '') : `${wgslType(value.dtype, width)}(${parts.join(', ')})`
    return { text, splat: false }
  })
  return named(out, { layout, dtype: value.dtype, chunks }, 'v')
}

/** Register numbers in runs of `width`; the low register bits run along the fast block. */
function vectorRegisters(layout: Layout, width: Width): readonly (readonly number[])[] {
  return Array.from({ length: layout.size / width }, (_, i) =>
    Array.from({ length: width }, (_, j) => i * width + j),
  )
}

function elementIndex(lowering: Lowering, layout: Layout, transfer: Transfer, register: number): string {
  const terms: string[] = []
  let constant = 0
  for (const [block, stride] of transfer.strides) {
    const unit = block === transfer.fast ? transfer.width : 1
    constant += (layout.registerOffset(register, block) / unit) * stride
    const lane = threadPart(lowering, layout, block)
    if (!lane) continue
    const scaled = unit === 1 ? lane : `${operand(lane)} / ${unit}u`
    terms.push(stride === 1 ? scaled : `${operand(scaled)} * ${stride}u`)
  }
  const base = lowering.out.early('slot', sumText(terms))
  return sumText([base], constant)
}
