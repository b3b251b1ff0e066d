/**
 * Loads, stores and atomics: vectors where layout and memory allow, masks only where a tile may reach
 * outside.
 */
import type { AtomicNode, LoadNode, StoreNode } from '../ir/node.ts'
import { operand } from '../ir/wgsl_text.ts'
import type { DType } from '../support/dtypes.ts'
import type { MemoryNode } from './access.ts'
import { Address } from './address.ts'
import type { Buffer } from './bindings.ts'
import { identifier } from './launch_block.ts'
import type { Layout } from './layout.ts'
import type { Lowering } from './lowering.ts'
import {
  type Chunk,
  chunkRegisters,
  chunkWidth,
  compose,
  element,
  named,
  type Registers,
} from './registers.ts'
import { storageAccess } from './storage_access.ts'
import { valueIn } from './values.ts'
import { storageType, type Width, wgslType } from './wgsl_types.ts'

/** The elements that `node` reads, in the layout of the access. */
export function lowerLoad(lowering: Lowering, node: LoadNode): Registers {
  const { out, bindings, bound } = lowering
  const layout = lowering.accessLayout(node)
  const width = lowering.accessWidth(node)
  order(lowering, node, layout)
  const buffer = bindings.buffer(node.tensor, width)
  const address = new Address(lowering, node, layout, buffer.width)
  const dtype = node.type.dtype
  // Without underscores, names of the author's get a number, which no word of WGSL has.
  const hint = identifier(bound.view(node.tensor).name).replace(/_/g, '')
  const chunks = chunkRegisters(layout).map((registers): Chunk => {
    const pieces = runsOf(registers, buffer.width).map((run) => {
      const text = loadText(buffer, address, run[0] ?? 0, dtype)
      return registers.length === run.length ? text : out.let(hint, text)
    })
    const whole =
      pieces.length === 1 ? (pieces[0] ?? '') : `${wgslType(dtype, chunkWidth(layout))}(${pieces.join(', ')})`
    return { text: out.let(hint, whole), splat: false }
  })
  return { layout, dtype, chunks }
}

export function lowerStore(lowering: Lowering, node: StoreNode): void {
  const { bindings } = lowering
  const layout = lowering.accessLayout(node)
  const buffer = bindings.buffer(node.tensor, lowering.accessWidth(node))
  const value = named(lowering.out, valueIn(lowering, node.value, layout), 'v')
  order(lowering, node, layout)
  const address = new Address(lowering, node, layout, buffer.width)
  const type = storageType(value.dtype, buffer.width)
  forEachGuarded(lowering, layout, buffer.width, address, (run) => {
    const { text, splat } = compose(value, run)
    const stored = value.dtype === 'bool' || (splat && buffer.width > 1) ? `${type}(${text})` : text
    const target = `${buffer.name}[${address.index(run[0] ?? 0)}]`
    lowering.out.line(buffer.atomic ? `atomicStore(&${target}, ${stored});` : `${target} = ${stored};`)
  })
}

export function lowerAtomic(lowering: Lowering, node: AtomicNode): void {
  const layout = lowering.accessLayout(node)
  const buffer = lowering.bindings.buffer(node.tensor, 1)
  const value = named(lowering.out, valueIn(lowering, node.value, layout), 'v')
  order(lowering, node, layout)
  const address = new Address(lowering, node, layout, 1)
  const operation = `atomic${node.op[0]?.toUpperCase()}${node.op.slice(1)}`
  forEachGuarded(lowering, layout, 1, address, ([register = 0]) => {
    lowering.out.line(
      `${operation}(&${buffer.name}[${address.index(register)}], ${element(value, register)});`,
    )
  })
}

/** Keeps the access behind earlier ones of the same tensor that other invocations may still be making. */
function order({ out, bindings, bound }: Lowering, node: MemoryNode, layout: Layout): void {
  if (bindings.isWritten(node.tensor)) out.note([storageAccess(node, layout, bound)])
}

function loadText(buffer: Buffer, address: Address, register: number, dtype: DType): string {
  const place = `${buffer.name}[${address.index(register)}]`
  const raw = buffer.atomic ? `atomicLoad(&${place})` : place
  const type = storageType(dtype, buffer.width)
  const conditions = address.conditions(register)
  const safe = conditions.length === 0 ? raw : `select(${type}(), ${raw}, ${conjunction(conditions)})`
  return dtype === 'bool' ? `${operand(safe)} != ${type}(0u)` : safe
}

/** Calls `write` for runs of registers, under one `if` per run of equal conditions. Copies write once. */
function forEachGuarded(
  lowering: Lowering,
  layout: Layout,
  width: Width,
  address: Address,
  write: (registers: readonly number[]) => void,
): void {
  const { out, thread } = lowering
  const mask = layout.replicaMask
  const once = mask === 0 ? [] : [`(${thread} & ${mask}u) == 0u`]
  const groups: { condition: string; runs: (readonly number[])[] }[] = []
  for (const run of chunkRegisters(layout).flatMap((registers) => runsOf(registers, width))) {
    const condition = conjunction([...once, ...address.conditions(run[0] ?? 0)])
    const last = groups.at(-1)
    if (last?.condition === condition) last.runs.push(run)
    else groups.push({ condition, runs: [run] })
  }
  for (const { condition, runs } of groups) {
    if (condition === '') runs.forEach(write)
    else out.block('some', `if (${condition})`, () => runs.forEach(write))
  }
}

function runsOf(registers: readonly number[], width: Width): readonly (readonly number[])[] {
  const runs: (readonly number[])[] = []
  for (let i = 0; i < registers.length; i += width) runs.push(registers.slice(i, i + width))
  return runs
}

function conjunction(conditions: readonly string[]): string {
  return conditions.map((text) => (conditions.length > 1 ? operand(text) : text)).join(' && ')
}
