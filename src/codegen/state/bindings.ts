/**
 * The storage buffers of a dispatch: which tensors it touches, as vectors of which width. A tensor that is
 * only read may be bound once per type and width; one that is written has a single binding, as wide as its
 * narrowest access, and of words where it is written or read as several types.
 */
import type { MemoryNode } from '../../ir/node.ts'
import { isWrite } from '../../ir/node_rules.ts'
import { type TileProgram, tensorOf } from '../../ir/tile_program.ts'
import { ConfigError } from '../../support/errors.ts'
import { isPacked, perWord, STORAGE, type StorageType } from '../../support/storage_types.ts'
import type { DeviceLimits } from '../program.ts'
import type { MemoryArray } from '../thread/memory.ts'
import { identifier } from '../thread/names.ts'
import type { BufferBinding } from '../thread/program.ts'
import { memoryType, type ThreadType, typeOf, type Width } from '../thread/types.ts'
import type { Writer } from '../thread/writer.ts'

export interface PlannedAccess {
  readonly node: MemoryNode
  /** Elements that the access takes at once. */
  readonly width: number
}

export class Bindings {
  readonly #program: TileProgram
  readonly #out: Writer
  readonly #bindings: BufferBinding[] = []
  readonly #written = new Set<number>()
  readonly #atomic = new Set<number>()
  readonly #narrowest = new Map<number, Width | 8>()
  /** Memory of atomic operations of the kernel. */
  readonly #updated = new Set<number>()
  /** The types as which memory is touched. */
  readonly #dtypes = new Map<number, Set<StorageType>>()

  /** `accesses` are all accesses of the dispatch. */
  constructor(program: TileProgram, out: Writer, accesses: readonly PlannedAccess[]) {
    this.#program = program
    this.#out = out
    for (const { node, width } of accesses) {
      const { memory, dtype } = tensorOf(program, node.tensor)
      this.#dtypes.set(memory, (this.#dtypes.get(memory) ?? new Set()).add(dtype))
      const words = isPacked(dtype) ? width / perWord(dtype) : width
      if (isWrite(node)) this.#written.add(memory)
      if (node.kind === 'atomic') this.#updated.add(memory)
      if (node.kind === 'atomic' || (isWrite(node) && words < 1)) this.#atomic.add(memory)
      const before = this.#narrowest.get(memory) ?? 8
      this.#narrowest.set(memory, Math.max(1, Math.min(before, words)) as Width | 8)
    }
  }

  /**
   * The buffer through which a tensor (by view) is accessed `width` elements, or words of packed ones, at a
   * time. Eight are four words.
   */
  buffer(view: number, width: Width | 8): MemoryArray {
    const { memory: tensor, dtype, name } = tensorOf(this.#program, view)
    const written = this.#written.has(tensor)
    const actual = written ? (this.#narrowest.get(tensor) ?? 1) : width
    const element = this.#elementOf(tensor, dtype, actual)
    const known = this.#bindings.find(({ array }) => array.tensor === tensor && array.element === element)
    if (known) return known.array
    const array: MemoryArray = {
      space: 'storage',
      name: this.#out.fresh(`${identifier(name)}_${actual === 1 ? 'data' : `vec${actual}`}`),
      element,
      atomic: this.#atomic.has(tensor),
      tensor,
    }
    const stored = tensorOf(this.#program, tensor).dtype
    this.#bindings.push({ tensor, access: written ? 'read_write' : 'read', array, stored })
    return array
  }

  #elementOf(memory: number, dtype: StorageType, width: Width | 8): ThreadType {
    if (width === 8) return typeOf('u32', 4)
    if (isPacked(dtype)) return typeOf('u32', width)
    const own = memoryType(typeOf(dtype, width))
    const dtypes = [...(this.#dtypes.get(memory) ?? [])]
    if (!this.#written.has(memory) || dtypes.length < 2) return own
    const updated = this.#updated.has(memory) && own.dtype !== 'u32'
    if (!updated && dtypes.every((other) => isPacked(other) || STORAGE[other].bits === 32))
      return typeOf('u32', width)
    throw new ConfigError(
      `one loop writes memory and touches it as ${dtypes.join(' and as ')}, which needs a copy of it`,
    )
  }

  /** True when the dispatch writes this tensor. */
  isWritten(view: number): boolean {
    return this.#written.has(tensorOf(this.#program, view).memory)
  }

  get list(): readonly BufferBinding[] {
    return this.#bindings
  }

  /** Refuses more buffers than the device allows. */
  check({ maxStorageBindings }: DeviceLimits): void {
    const count = this.#bindings.length
    if (count <= maxStorageBindings) return
    throw new ConfigError(
      `the kernel uses ${count} storage bindings at once; the device allows ${maxStorageBindings}`,
      { excess: { of: 'bindings', needed: count, limit: maxStorageBindings } },
    )
  }
}
