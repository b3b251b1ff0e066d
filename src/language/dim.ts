/**
 * A symbolic size as a kernel's author sees it. Arithmetic is by method; anything that would turn it into a
 * bare number throws, because the answer would silently hold for one shape only.
 */
import { type Size, type SizeExpr, type SizeOp, sizeOp } from '../ir/size.ts'
import { callSite } from '../support/call_site.ts'
import { AuthorError } from '../support/errors.ts'
import { cdiv, nextPowerOf2 } from '../support/maths.ts'
import type { Dim, DimOperations } from './tensor.ts'

/** The operations that `DimOperations` and `hl` offer on sizes, and what each is called in the IR. */
const OPERATIONS: Readonly<Record<keyof DimOperations, SizeOp>> = {
  add: 'add',
  sub: 'sub',
  mul: 'mul',
  floorDiv: 'floordiv',
  cdiv: 'cdiv',
  mod: 'mod',
  minimum: 'min',
  maximum: 'max',
}
export type DimOperation = keyof DimOperations

export class SymbolicDim {
  readonly size: SizeExpr

  constructor(size: SizeExpr) {
    this.size = size
  }

  [Symbol.toPrimitive](): never {
    throw new AuthorError(`the size ${this.size.key} is symbolic here and cannot be used as a plain number`, {
      location: callSite(),
      remedy:
        'Compute with hl.add, hl.mul, hl.cdiv, …; or make it a constant of every specialisation with ' +
        'hl.specialize(dim), markStatic(tensor, axis) or the option staticShapes: true.',
    })
  }

  toString(): string {
    return this.size.key
  }
}

for (const name of Object.keys(OPERATIONS) as DimOperation[]) {
  Object.defineProperty(SymbolicDim.prototype, name, {
    value(this: SymbolicDim, other: number): Dim {
      return dimOperation(name, asDim(this), other)
    },
  })
}

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
  if (!isSymbolic(n)) return asDim(nextPowerOf2(n))
  return toDim(sizeOp('next_power_of_2', toSize(n, 'nextPowerOf2'), 0))
}

/** ceil(a / b) of two plain numbers or sizes. */
export function cdivDim(a: number, b: number): Dim {
  return isSymbolic(a) || isSymbolic(b) ? dimOperation('cdiv', a, b) : asDim(cdiv(a, b))
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
  throw new AuthorError(`${what} needs an integer size, not ${String(dim)}`, {
    location: callSite(),
    remedy: 'Sizes are whole numbers or dimensions of tensors.',
  })
}

export function toDim(size: Size): Dim {
  return asDim(typeof size === 'number' ? size : new SymbolicDim(size))
}

/** The type `Dim` promises the methods of both kinds; a plain number has only its own. */
function asDim(value: number | SymbolicDim): Dim {
  return value as unknown as Dim
}
