/**
 * Tensors that operations outside of loops make. Each becomes a loop of its own over the tiles of its result,
 * put together when the next loop begins, or the kernel ends: by then it is known what uses it. One that only
 * other operations of that time use has no memory: they compute its elements where they need them, unless
 * rows would be computed more than once.
 */
import { sameSize } from '../../ir/size.ts'
import { calledFrom, callSite } from '../../support/call_site.ts'
import { formatLocation, type SourceLocation } from '../../support/errors.ts'
import type { StorageType } from '../../support/storage_types.ts'
import { grid, tile } from '../loops/loops.ts'
import { unusedText } from '../trace/leftovers.ts'
import { KeepSignal, type MadeTensors, type Trace } from '../trace/trace.ts'
import { TracedTensor } from '../trace/traced_tensor.ts'
import type { Operand, TileValue } from '../values/value.ts'
import { allocateIn } from './creation.ts'
import { toSize } from './dim.ts'
import type { IndexTerm } from './tensor.ts'

/** The elements of an operand at the positions of the result that are being computed. */
export type Reader = <T extends Operand | TracedTensor>(
  operand: T,
  terms: readonly IndexTerm[],
) => T extends TracedTensor ? TileValue : Operand

/** How an operation computes its result. */
export interface Recipe {
  /** What it is called in messages. */
  readonly what: string
  readonly shape: readonly number[]
  readonly dtype: StorageType
  readonly operands: readonly (Operand | TracedTensor)[]
  /** Whether each element takes only those at its own position: cheap to compute again. */
  readonly isElementwise: boolean
  /** Dimensions of the result that tiles take as a whole. */
  readonly whole?: readonly number[]
  /** The length of tiles, where it is not the config's to choose. */
  readonly blockSize?: number
  /** The elements at these positions: tiles, and ':' for sizes of one and what is taken as a whole. */
  readonly value: (terms: readonly IndexTerm[], read: Reader) => TileValue
  /** Where tiles leave their value, unless at their own positions. */
  readonly place?: (terms: readonly IndexTerm[]) => readonly IndexTerm[]
  /** The sizes that tiles go along, unless those of the result. */
  readonly ranges?: readonly number[]
}

/** A tensor for the result of an operation. */
export function make(trace: Trace, recipe: Recipe): TracedTensor {
  const all = trace.made instanceof Made ? trace.made : new Made(trace)
  trace.made = all
  return all.add(recipe)
}

interface MadeTensor {
  readonly tensor: TracedTensor
  readonly recipe: Recipe
  readonly location: SourceLocation | undefined
  /** Whether to compute an element of it takes a row, or more. */
  readonly isCostly: boolean
  /** How many operations could compute it where they need it. */
  uses: number
  /** Whether something reads it from memory. */
  isNeeded: boolean
  state: 'waiting' | 'stored' | 'left out'
}

class Made implements MadeTensors {
  readonly #trace: Trace
  readonly #made = new Map<number, MadeTensor>()
  #waiting: MadeTensor[] = []
  /** What is being put together. */
  #present: ReadonlySet<MadeTensor> = new Set()

  constructor(trace: Trace) {
    this.#trace = trace
  }

  add(recipe: Recipe): TracedTensor {
    const tensor = allocateIn(
      this.#trace,
      recipe.shape.map((size) => toSize(size, recipe.what)),
      recipe.dtype,
      undefined,
    )
    const parts = recipe.operands.flatMap((operand) => this.#partOf(recipe, operand))
    const made: MadeTensor = {
      tensor,
      recipe,
      location: callSite(),
      isCostly: !recipe.isElementwise || parts.some(({ isCostly }) => isCostly),
      uses: 0,
      isNeeded: false,
      state: 'waiting',
    }
    this.#made.set(tensor.info.id, made)
    this.#waiting.push(made)
    return tensor
  }

  settle(): void {
    const waiting = this.#waiting.splice(0)
    if (waiting.length === 0) return
    for (const made of waiting) made.state = this.#isStored(made) ? 'stored' : 'left out'
    this.#present = new Set(waiting)
    for (const made of waiting) {
      if (made.state === 'stored') calledFrom(made.location, () => this.#store(made))
    }
    this.#present = new Set()
  }

  need(tensor: number): void {
    const made = this.#made.get(tensor)
    if (!made) return
    if (made.state === 'left out') throw new KeepSignal(this.#numberOf(made))
    // Reading an operand of an operation is no other use of it.
    if (!this.#present.has(made)) made.isNeeded = true
  }

  isLeftOut(tensor: number): boolean {
    return this.#made.get(tensor)?.state === 'left out'
  }

  unused(): readonly string[] {
    return [...this.#made.values()].flatMap(({ uses, isNeeded, location, recipe }) =>
      uses > 0 || isNeeded || !location
        ? []
        : unusedText(this.#trace, recipe.what, formatLocation(location), 'Operations make new tensors.'),
    )
  }

  /** What an operation uses of a tensor that is made: a part of it, where it may compute that itself. */
  #partOf(recipe: Recipe, operand: Operand | TracedTensor): readonly MadeTensor[] {
    const made = operand instanceof TracedTensor ? this.#made.get(operand.info.id) : undefined
    if (!made) return []
    const { shape } = made.recipe
    const takesEachOnce =
      recipe.isElementwise && made.recipe.whole === undefined && sameShape(shape, recipe.shape)
    if (made.tensor === operand && made.state === 'waiting' && (!made.isCostly || takesEachOnce)) {
      made.uses++
      return [made]
    }
    this.need(made.tensor.info.id)
    return []
  }

  #isStored(made: MadeTensor): boolean {
    const { uses, isNeeded, isCostly } = made
    return isNeeded || uses === 0 || (isCostly && uses > 1) || this.#trace.kept.has(this.#numberOf(made))
  }

  #numberOf(made: MadeTensor): number {
    return [...this.#made.values()].indexOf(made)
  }

  /** The loop that computes it. */
  #store({ tensor, recipe }: MadeTensor): void {
    const { shape, ranges = shape, whole = [], blockSize = null } = recipe
    const read = this.#reader()
    const open = ranges.flatMap((size, dim) => (size === 1 || whole.includes(dim) ? [] : [dim]))
    const write = (tiles: readonly IndexTerm[]): void => {
      const terms = ranges.map((_, dim) => (open.includes(dim) ? (tiles[open.indexOf(dim)] ?? ':') : ':'))
      tensor.at(...(recipe.place?.(terms) ?? terms)).set(recipe.value(terms, read))
    }
    if (open.length === 0) for (const _ of grid(1)) write([])
    else {
      const sizes = open.map((dim) => ranges[dim] ?? 1)
      for (const tiles of tile(sizes, { blockSize: sizes.map(() => blockSize) })) write(tiles)
    }
  }

  /** Reads each operand once at the same positions. */
  #reader(): Reader {
    const known = new Map<
      TracedTensor,
      { readonly terms: readonly IndexTerm[]; readonly value: TileValue }[]
    >()
    const read = (operand: Operand | TracedTensor, terms: readonly IndexTerm[]): Operand => {
      if (!(operand instanceof TracedTensor)) return operand
      const own = aligned(operand, terms)
      const before = known.get(operand) ?? []
      const same = before.find((one) => one.terms.every((term, i) => term === own[i]))
      if (same) return same.value
      const made = this.#made.get(operand.info.id)
      const isPart = made?.tensor === operand && made.state === 'left out'
      const value = isPart ? made.recipe.value(own, read as Reader) : operand.at(...own)
      known.set(operand, [...before, { terms: own, value }])
      return value
    }
    return read as Reader
  }
}

/** Positions in a result as those in an operand, which may lack dimensions and repeat sizes of one. */
function aligned({ shape }: TracedTensor, terms: readonly IndexTerm[]): readonly IndexTerm[] {
  const missing = terms.length - shape.length
  return shape.map((size, dim) => (size === 1 ? ':' : (terms[dim + missing] ?? ':')))
}

function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return (
    a.length === b.length &&
    a.every((size, dim) => sameSize(toSize(size, 'a shape'), toSize(b[dim] ?? 0, 'a shape')))
  )
}
