/**
 * Barriers between the loads, stores and atomics of one tensor within a workgroup: written only where an
 * invocation could otherwise miss what another one stores, or overwrite what another one has still to load.
 * Workgroups are not ordered among each other.
 */
import { dimIndex, type MemoryNode, rangeOf } from './access.ts'
import type { BoundConfig } from './bound_config.ts'
import type { Layout } from './layout.ts'
import type { Writer } from './writer.ts'

/** An access, as far as order is concerned. */
export interface Touch {
  readonly tensor: number
  readonly how: string
  /**
   * Equal texts: each element is touched by the same single invocation. Undefined where that is not known.
   */
  readonly owner: string | undefined
}

/** Describes an access that touches memory in `layout`. */
export function touchOf(node: MemoryNode, layout: Layout, bound: BoundConfig): Touch {
  const { tensor } = bound.view(node.tensor)
  const how = node.kind === 'atomic' ? `atomic ${node.op}` : node.kind
  return { tensor, how, owner: ownerOf(node, layout, bound) }
}

export class StorageOrder {
  readonly #out: Writer
  /** What was touched since the last barrier, each once. */
  #pending: ReadonlyMap<string, Touch> = new Map()

  constructor(out: Writer) {
    this.#out = out
  }

  /** To be called before the access is written. */
  before(touch: Touch): void {
    if ([...this.#pending.values()].some((earlier) => conflict(earlier, touch))) {
      this.#out.line('storageBarrier();')
      this.#pending = new Map()
    }
    this.#add([touch])
  }

  /**
   * A loop with these accesses: any of them may have come last, in the round before; or none, without rounds.
   */
  inLoop(touches: readonly Touch[], body: () => void): void {
    const before = [...this.#pending.values()]
    this.#add(touches)
    body()
    this.#add(before)
  }

  /** Code that all invocations of a workgroup run, or none. */
  inBranch(body: () => void): void {
    this.inLoop([], body)
  }

  #add(touches: readonly Touch[]): void {
    const keyed = touches.map((touch) => [`${touch.tensor} ${touch.how} ${touch.owner}`, touch] as const)
    this.#pending = new Map([...this.#pending, ...keyed])
  }
}

function conflict(a: Touch, b: Touch): boolean {
  const commute = a.how === b.how && a.how !== 'store'
  return a.tensor === b.tensor && !commute && (a.owner === undefined || a.owner !== b.owner)
}

/** Whole tiles without copies, whose blocks begin at a fixed place: the position tells the invocation. */
function ownerOf(node: MemoryNode, layout: Layout, bound: BoundConfig): string | undefined {
  if (layout.replicaMask !== 0) return undefined
  const dims: (number | string)[] = []
  for (const index of node.index.map(dimIndex)) {
    if (index.kind === 'scalar') dims.push('scalar')
    else if (index.kind === 'tile' || index.offset || rangeOf(bound, index.block).begin === undefined)
      return undefined
    else dims.push(index.block)
  }
  return `${dims.join()} ${layout.key}`
}
