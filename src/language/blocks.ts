/**
 * The blocks of the kernel being traced. Each whole dimension (`':'`) has a block; two whole dimensions that
 * meet in one expression are made one block, with a guard that their sizes agree at launch.
 */
import { type Axis, type Block, type BlockId, ONE } from '../ir/node.ts'
import { maxOf, printSize, type Size, sameSize } from '../ir/size.ts'
import type { SourceLocation } from '../support/errors.ts'

export type BlockSpec = Omit<Block, 'id' | 'name'>

export interface SliceSpec {
  readonly size: Size
  /** Whose dimension it is; those without an owner share one per size. */
  readonly owner: string
  readonly grid: number
  readonly taken: readonly Axis[]
  readonly location: SourceLocation | undefined
}

export class BlockTable {
  readonly #blocks: Block[] = []
  readonly #alias = new Map<BlockId, BlockId>()
  readonly #slices = new Map<string, Block>()

  get all(): readonly Block[] {
    return this.#blocks
  }

  get(id: BlockId): Block {
    const block = this.#blocks[id]
    if (!block) throw new Error(`no block ${id}`)
    return block
  }

  add(spec: BlockSpec): Block {
    const id = this.#blocks.length
    const block = Object.freeze({ ...spec, id, name: `${spec.kind}${id}` })
    this.#blocks.push(block)
    return block
  }

  /**
   * The block of a whole dimension of `size`, other than those in `taken`. Each dimension of a tensor
   * (`owner`) has one of its own until it meets another: two sizes that happen to be equal are not the same
   * dimension.
   */
  slice(spec: SliceSpec): Block {
    const { size, owner, grid, taken, location } = spec
    for (let ordinal = 0; ; ordinal++) {
      const key = `${grid} ${owner} ${printSize(size)} ${ordinal}`
      const known = this.#slices.get(key)
      if (known && taken.includes(this.canonical(known.id))) continue
      if (known) return this.get(this.canonical(known.id))
      const block = this.add({ kind: 'slice', size, end: size, extent: undefined, grid, location })
      this.#slices.set(key, block)
      return block
    }
  }

  /** The block that stands for this one after unification. */
  canonical(axis: Axis): Axis {
    let id = axis
    for (let next = this.#alias.get(id); next !== undefined; next = this.#alias.get(id)) id = next
    return id
  }

  /** True when the two axes run along the same positions; unifies two whole dimensions of equal size. */
  unify(a: Axis, b: Axis, requireEqual: (left: Size, right: Size) => void): boolean {
    const left = this.canonical(a)
    const right = this.canonical(b)
    if (left === right) return true
    if (left === ONE || right === ONE) return false
    const [one, other] = [this.get(left), this.get(right)]
    if (one.kind !== 'slice' || other.kind !== 'slice') return false
    if (!sameSize(one.size, other.size)) {
      if (typeof one.size === 'number' && typeof other.size === 'number') return false
      requireEqual(one.size, other.size)
    }
    const [kept, gone] = [one, other].sort(tighterFirst) as [Block, Block]
    this.#alias.set(gone.id, kept.id)
    return true
  }
}

/** The tighter bound decides how far a whole row extends; a number knows it best, then the first one made. */
function tighterFirst(a: Block, b: Block): number {
  const rank = ({ size }: Block): number => (typeof size === 'number' ? 0 : 1)
  return maxOf(a.size) - maxOf(b.size) || rank(a) - rank(b) || a.id - b.id
}
