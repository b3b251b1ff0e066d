/**
 * The blocks of the kernel being traced, and names for axes of one. Each whole dimension (`':'`) has a block
 * of its own wherever it is written, whatever its size. Two of them are made one where they meet at the same
 * position of an expression, with a guard that their sizes agree at launch.
 */
import { type Axis, type Block, type BlockId, ONE } from '../../ir/node.ts'
import { maxOf, printSize, type Size, sameSize } from '../../ir/size.ts'
import type { SourceLocation } from '../../support/errors.ts'

export type BlockSpec = Omit<Block, 'id' | 'name'>

export interface SliceSpec {
  readonly size: Size
  /** What it is the whole of: occurrences with one owner may become one block when the kernel is traced. */
  readonly owner: string
  readonly grid: number
  readonly location: SourceLocation | undefined
}

/**
 * True for axes of one. Those of a range of one position, such as `':'` of a dimension of one, have names of
 * their own below ONE while the kernel is traced: as indices they pair up like longer ranges.
 */
export function isOne(axis: Axis): boolean {
  return axis <= ONE
}

export class BlockTable {
  readonly #blocks: Block[] = []
  readonly #alias = new Map<Axis, Axis>()
  readonly #owners = new Map<BlockId, string>()
  /** For each range, those that some value has beside it. */
  readonly #together = new Map<Axis, Set<Axis>>()
  #ones = ONE

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

  /** A whole dimension, as it is written once in the kernel. */
  slice({ size, owner, grid, location }: SliceSpec): Block {
    const block = this.add({ kind: 'slice', size, end: size, extent: undefined, grid, location })
    this.#owners.set(block.id, `${grid} ${owner} ${printSize(size)}`)
    return block
  }

  /** The name of a range of one position. */
  one(): Axis {
    return --this.#ones
  }

  /** True for whole dimensions, those of one position included: each can be had a second time. */
  isWhole(axis: Axis): boolean {
    const range = this.canonical(axis)
    return isOne(range) ? range !== ONE : this.get(range).kind === 'slice'
  }

  /** The whole dimension once more, as if it had been read again. */
  again(axis: Axis, grid: number): Axis {
    if (isOne(axis)) return this.one()
    const { size, location } = this.get(axis)
    const { id } = this.slice({ size, owner: '', grid, location })
    this.#owners.set(id, this.#owners.get(axis) ?? '')
    return id
  }

  /** Some value runs along all of these. */
  noteTogether(axes: readonly Axis[]): void {
    if (axes.length < 2) return
    const blocks = axes.map((axis) => this.canonical(axis)).filter((axis) => axis !== ONE)
    for (const a of blocks) for (const b of blocks) if (a !== b) this.#beside(a).add(b)
  }

  /** True when some value runs along both, so that they cannot be made one. */
  areTogether(a: Axis, b: Axis): boolean {
    return this.#together.get(this.canonical(a))?.has(this.canonical(b)) ?? false
  }

  #beside(axis: Axis): Set<Axis> {
    const known = this.#together.get(axis) ?? new Set()
    this.#together.set(axis, known)
    return known
  }

  /**
   * Makes occurrences with one owner one block, wherever no value has both, so that a config decides about a
   * dimension once.
   */
  pairOwners(): void {
    const separate = new Map<string, BlockId[]>()
    for (const [id, owner] of this.#owners) {
      const axis = this.canonical(id)
      const others = (separate.get(owner) ?? []).map((other) => this.canonical(other))
      separate.set(owner, others)
      if (others.includes(axis)) continue
      const other = others.find((candidate) => !this.areTogether(candidate, axis))
      if (other === undefined) others.push(axis)
      else this.#joinBlocks(other, axis)
    }
  }

  /** The block that stands for this one after unification. */
  canonical(axis: Axis): Axis {
    let id = axis
    for (let next = this.#alias.get(id); next !== undefined; next = this.#alias.get(id)) id = next
    if (id !== axis) this.#alias.set(axis, id)
    return id
  }

  /** True when the two axes run along the same positions; unifies two whole dimensions of equal size. */
  unify(a: Axis, b: Axis, requireEqual: (left: Size, right: Size) => void): boolean {
    const left = this.canonical(a)
    const right = this.canonical(b)
    if (left === right) return true
    if (isOne(left) && isOne(right)) {
      // As with longer ranges, the first one made keeps its name.
      if (left !== ONE && right !== ONE) this.#join(Math.max(left, right), Math.min(left, right))
      return true
    }
    if (isOne(left) || isOne(right)) return false
    const [one, other] = [this.get(left), this.get(right)]
    if (one.kind !== 'slice' || other.kind !== 'slice') return false
    if (!sameSize(one.size, other.size)) {
      if (typeof one.size === 'number' && typeof other.size === 'number') return false
      requireEqual(one.size, other.size)
    }
    this.#joinBlocks(left, right)
    return true
  }

  #joinBlocks(a: BlockId, b: BlockId): void {
    const [kept, gone] = [this.get(a), this.get(b)].sort(tighterFirst) as [Block, Block]
    this.#join(kept.id, gone.id)
  }

  #join(kept: Axis, gone: Axis): void {
    this.#alias.set(gone, kept)
    for (const neighbour of this.#together.get(gone) ?? []) {
      this.#beside(neighbour).add(kept)
      this.#beside(kept).add(neighbour)
    }
  }
}

/** The tighter bound decides how far a whole row extends; a number knows it best, then the first one made. */
function tighterFirst(a: Block, b: Block): number {
  const rank = ({ size }: Block): number => (typeof size === 'number' ? 0 : 1)
  return maxOf(a.size) - maxOf(b.size) || rank(a) - rank(b) || a.id - b.id
}
