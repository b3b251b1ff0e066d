/**
 * A symbolic size as a kernel's author sees it. Arithmetic is by the functions of `hl`; anything that would
 * turn it into a bare number throws, because the answer would silently hold for one shape only.
 */
import { dependsOnConfig } from '../../ir/block_sizes.ts'
import { type Size, type SizeExpr, type SizeOp, sizeOp } from '../../ir/size.ts'
import { areEntryPoints, callSite } from '../../support/call_site.ts'
import { AuthorError } from '../../support/errors.ts'
import { shownForNumber } from '../../support/signature.ts'
import type { Dim } from './tensor.ts'

/** The functions of `hl` that work on sizes as well as on tiles. */
export type DimOperation = 'add' | 'sub' | 'mul' | 'floorDiv' | 'cdiv' | 'mod' | 'minimum' | 'maximum'

/** What each is called in the IR. */
const OPERATIONS: Readonly<Record<DimOperation, SizeOp>> = {
  add: 'add',
  sub: 'sub',
  mul: 'mul',
  floorDiv: 'floordiv',
  cdiv: 'cdiv',
  mod: 'mod',
  minimum: 'min',
  maximum: 'max',
}

export class SymbolicDim {
  readonly size: SizeExpr

  constructor(size: SizeExpr) {
    this.size = size
  }

  [Symbol.toPrimitive](): never {
    throw new AuthorError(`the size ${this.size.key} is symbolic here and cannot be used as a plain number`, {
      location: callSite(),
      remedy: dependsOnConfig(this.size)
        ? 'The config decides it: compute with hl.add, hl.mul, hl.cdiv, …; ' +
          'hl.registerTunable gives plain numbers.'
        : 'Compute with hl.add, hl.mul, hl.cdiv, …; or make it a constant of every specialisation with ' +
          'hl.specialize(dim), markStatic(tensor, axis) or the option staticShapes: true.',
    })
  }

  toString(): string {
    return this.size.key
  }
}

areEntryPoints(SymbolicDim.prototype, [Symbol.toPrimitive])

/** True for the names that work on sizes as well as on tiles. */
export function isDimOperation(name: string): name is DimOperation {
  return Object.hasOwn(OPERATIONS, name)
}

/** `a op b` on sizes; a plain number when both are. */
export function dimOperation(name: DimOperation, a: number, b: number): Dim {
  return toDim(sizeOp(OPERATIONS[name], toSize(a, name), toSize(b, name)))
}

/** Smallest power of two at least `n`. */
export function nextPowerOf2Dim(n: number): Dim {
  return toDim(sizeOp('next_power_of_2', toSize(n, 'nextPowerOf2'), 0))
}

/** ceil(a / b) of two plain numbers or sizes. */
export function cdivDim(a: number, b: number): Dim {
  return dimOperation('cdiv', a, b)
}

export function isSymbolic(value: unknown): value is SymbolicDim {
  return value instanceof SymbolicDim
}

/** True for what the type `Dim` holds at run time: a number or a symbolic size. */
export function isDim(value: unknown): value is Dim {
  return typeof value === 'number' || isSymbolic(value)
}

/** The IR's size behind a Dim; `what` names the use for the error about fractions. */
export function toSize(value: number, what: string): Size {
  const dim: unknown = value
  if (isSymbolic(dim)) return dim.size
  if (Number.isInteger(dim)) return dim as number
  throw new AuthorError(`${what} needs an integer size, not ${shownForNumber(dim)}`, {
    location: callSite(),
    remedy: 'Sizes are whole numbers or dimensions of tensors.',
  })
}

export function toDim(size: Size): Dim {
  // To the type system a symbolic size is a number: that is what it becomes with static shapes.
  return typeof size === 'number' ? size : (new SymbolicDim(size) as unknown as Dim)
}
