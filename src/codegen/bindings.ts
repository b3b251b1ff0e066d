/**
 * The storage buffers of a dispatch: which tensors it touches, as vectors of which width. A tensor that is
 * only read may be bound once per width; one that is written has a single binding, as wide as its narrowest
 * access.
 */
import { ConfigError } from '../support/errors.ts'
import type { MemoryNode } from './access.ts'
import type { BoundConfig } from './bound_config.ts'
import { identifier } from './launch_block.ts'
import type { DeviceLimits, TensorBinding } from './program.ts'
import { storageType, type Width } from './wgsl_types.ts'
import type { Writer } from './writer.ts'

export interface PlannedAccess {
  readonly node: MemoryNode
  /** Elements that the access takes at once. */
  readonly width: Width
}

export interface Buffer {
  readonly name: string
  /** Elements per array element. */
  readonly width: Width
  readonly atomic: boolean
}

interface Binding extends Buffer, TensorBinding {
  readonly type: string
}

export class Bindings {
  readonly #bound: BoundConfig
  readonly #out: Writer
  readonly #bindings: Binding[] = []
  readonly #written = new Set<number>()
  readonly #atomic = new Set<number>()
  readonly #narrowest = new Map<number, Width>()

  /** `accesses` are all accesses of the dispatch. */
  constructor(bound: BoundConfig, out: Writer, accesses: readonly PlannedAccess[]) {
    this.#bound = bound
    this.#out = out
    for (const { node, width } of accesses) {
      const { tensor } = bound.view(node.tensor)
      if (node.kind !== 'load') this.#written.add(tensor)
      if (node.kind === 'atomic') this.#atomic.add(tensor)
      this.#narrowest.set(tensor, Math.min(this.#narrowest.get(tensor) ?? 4, width) as Width)
    }
  }

  /** The buffer through which a tensor (by view) is accessed `width` elements at a time. */
  buffer(view: number, width: Width): Buffer {
    const { tensor, dtype, name } = this.#bound.view(view)
    const written = this.#written.has(tensor)
    const actual = written ? (this.#narrowest.get(tensor) ?? 1) : width
    const known = this.#bindings.find((binding) => binding.tensor === tensor && binding.width === actual)
    if (known) return known
    const atomic = this.#atomic.has(tensor)
    const type = atomic ? `atomic<${storageType(dtype, 1)}>` : storageType(dtype, actual)
    const binding: Binding = {
      tensor,
      access: written ? 'read_write' : 'read',
      name: this.#out.fresh(`${identifier(name)}_${actual === 1 ? 'data' : `vec${actual}`}`),
      width: actual,
      atomic,
      type,
    }
    this.#bindings.push(binding)
    return binding
  }

  /** True when the dispatch writes this tensor. */
  isWritten(view: number): boolean {
    return this.#written.has(this.#bound.view(view).tensor)
  }

  get list(): readonly TensorBinding[] {
    return this.#bindings.map(({ tensor, access }) => ({ tensor, access }))
  }

  declarations(limits: DeviceLimits): string[] {
    if (this.#bindings.length > limits.maxStorageBindings) {
      throw new ConfigError(
        `the kernel uses ${this.#bindings.length} storage bindings at once; ` +
          `the device allows ${limits.maxStorageBindings}`,
        { excess: { of: 'bindings', needed: this.#bindings.length, limit: limits.maxStorageBindings } },
      )
    }
    return this.#bindings.map(({ name, access, type }, i) => {
      return `@group(0) @binding(${i}) var<storage, ${access}> ${name}: array<${type}>;`
    })
  }
}
