/**
 * Sizes of tensors and ranges of loops: plain numbers where they are known when a kernel is traced,
 * otherwise small expressions over symbols that the host evaluates at every launch.
 */
import { cdiv, nextPowerOf2 } from '../support/maths.ts'

export type Size = number | SizeExpr

/** A size that is only known at launch: one dimension of one argument. */
export interface SizeSymbol {
  readonly op: 'symbol'
  /** Unique text within a kernel; also how it prints, e.g. `x.shape[0]`. */
  readonly key: string
  readonly tensor: number
  readonly axis: number
  /** A divisor that every value of this symbol has (from the specialisation key). */
  readonly multipleOf: number
  /** A power of two that no value of this symbol exceeds, when the specialisation key fixes one. */
  readonly max: number | undefined
}

export interface SizeOperation {
  readonly op: SizeOp
  readonly key: string
  readonly args: readonly [Size, Size]
}

/** The extent that a config gives the tiles of a block: a power of two. */
export interface BlockSize {
  readonly op: 'block_size'
  readonly key: string
  /** Id of the block: of kind `size`, or of kind `tile`. */
  readonly block: number
  /** No config makes it smaller. */
  readonly least: number
  /** The range that it is for: it exceeds the next power of two at most where `least` does. */
  readonly range: Size
}

export type SizeExpr = SizeSymbol | BlockSize | SizeOperation
/** What sizes are made of sizes with. */
export type SizeOp = 'add' | 'sub' | 'mul' | 'floordiv' | 'cdiv' | 'mod' | 'min' | 'max' | 'next_power_of_2'

interface SizeRule {
  readonly apply: (a: number, b: number) => number
  readonly print: (a: string, b: string) => string
  /** Largest known divisor of the result, from those of the operands. */
  readonly multipleOf: (a: number, b: number) => number
  /** An upper bound of the result from upper bounds of the operands, and a lower one of the second. */
  readonly max: (a: number, b: number, least: number) => number
  readonly identity?: number
}

const add = (a: number, b: number): number => a + b
const one = (): number => 1

/** One row per operation on sizes. All operands and results are integers. */
const SIZE_OPS: Record<SizeOp, SizeRule> = {
  add: { apply: add, print: infix('+'), multipleOf: gcd, max: add, identity: 0 },
  sub: {
    apply: (a, b) => a - b,
    print: infix('-'),
    multipleOf: gcd,
    // Only a number is negative, and then its bound is its value.
    max: (a, b) => (b < 0 ? a - b : a),
    identity: 0,
  },
  mul: {
    apply: (a, b) => a * b,
    print: infix('*'),
    multipleOf: (a, b) => a * b,
    max: (a, b) => a * b,
    identity: 1,
  },
  floordiv: {
    apply: (a, b) => Math.floor(a / b),
    print: infix('/'),
    multipleOf: one,
    max: (a, _b, least) => Math.floor(a / least),
    identity: 1,
  },
  cdiv: {
    apply: cdiv,
    print: (a, b) => `cdiv(${a}, ${b})`,
    multipleOf: one,
    max: (a, _b, least) => cdiv(a, least),
    identity: 1,
  },
  mod: {
    apply: (a, b) => a - b * Math.floor(a / b),
    print: infix('%'),
    multipleOf: gcd,
    max: (_a, b) => b - 1,
  },
  min: {
    apply: Math.min,
    print: (a, b) => `min(${a}, ${b})`,
    multipleOf: gcd,
    max: (a, b) => Math.min(a, b),
  },
  max: {
    apply: Math.max,
    print: (a, b) => `max(${a}, ${b})`,
    multipleOf: gcd,
    max: (a, b) => Math.max(a, b),
  },
  next_power_of_2: {
    apply: nextPowerOf2,
    print: (a) => `nextPowerOf2(${a})`,
    multipleOf: one,
    max: (a) => nextPowerOf2(a),
  },
}

/** `a op b`, folded where both are numbers or one is the identity. */
export function sizeOp(op: SizeOp, a: Size, b: Size): Size {
  const rule = SIZE_OPS[op]
  if (typeof a === 'number' && typeof b === 'number') return rule.apply(a, b)
  if (b === rule.identity) return a
  if (a === rule.identity && (op === 'add' || op === 'mul')) return b
  // Device code computes sizes without signs.
  if (op === 'add' && isNegative(b)) return sizeOp('sub', a, -b)
  if (op === 'add' && isNegative(a)) return sizeOp('sub', b, -a)
  if (op === 'sub' && isNegative(b)) return sizeOp('add', a, -b)
  if (op === 'mul' && (a === 0 || b === 0)) return 0
  if (op === 'sub' && sameSize(a, b)) return 0
  return { op, key: rule.print(printSize(a), printSize(b)), args: [a, b] }
}

function isNegative(size: Size): size is number {
  return typeof size === 'number' && size < 0
}

export function printSize(size: Size): string {
  return typeof size === 'number' ? String(size) : size.key
}

export function sameSize(a: Size, b: Size): boolean {
  return printSize(a) === printSize(b)
}

/** The value of a size, given the values of its symbols, and of block sizes where it may hold some. */
export function evalSize(
  size: Size,
  symbolValue: (symbol: SizeSymbol) => number,
  blockSize: (size: BlockSize) => number = unresolved,
): number {
  if (typeof size === 'number') return size
  if (size.op === 'symbol') return symbolValue(size)
  if (size.op === 'block_size') return blockSize(size)
  const [a, b] = size.args
  return SIZE_OPS[size.op].apply(evalSize(a, symbolValue, blockSize), evalSize(b, symbolValue, blockSize))
}

function unresolved({ key }: BlockSize): never {
  throw new Error(`${key} has no value without a config`)
}

/** The size with numbers in the place of block sizes. */
export function withBlockSizes(size: Size, blockSize: (size: BlockSize) => number): Size {
  if (typeof size === 'number' || size.op === 'symbol') return size
  if (size.op === 'block_size') return blockSize(size)
  const [a, b] = size.args
  return sizeOp(size.op, withBlockSizes(a, blockSize), withBlockSizes(b, blockSize))
}

/** The size with other symbols. */
export function withSymbols(size: Size, symbolFor: (symbol: SizeSymbol) => SizeSymbol): Size {
  if (typeof size === 'number' || size.op === 'block_size') return size
  if (size.op === 'symbol') return symbolFor(size)
  const [a, b] = size.args
  return sizeOp(size.op, withSymbols(a, symbolFor), withSymbols(b, symbolFor))
}

/** The blocks whose extents a size depends on. */
export function blockSizesIn(size: Size): readonly number[] {
  if (typeof size === 'number' || size.op === 'symbol') return []
  return size.op === 'block_size' ? [size.block] : size.args.flatMap(blockSizesIn)
}

/** A number that divides every value of the size; 0 divides only zero. */
export function divisorOf(size: Size): number {
  if (typeof size === 'number') return Math.abs(size)
  if (size.op === 'symbol') return size.multipleOf
  if (size.op === 'block_size') return size.least
  return SIZE_OPS[size.op].multipleOf(divisorOf(size.args[0]), divisorOf(size.args[1]))
}

export function isMultipleOf(size: Size, divisor: number): boolean {
  return divisorOf(size) % divisor === 0
}

/** An upper bound, `Infinity` where none is known. */
export function maxOf(size: Size): number {
  if (typeof size === 'number') return size
  if (size.op === 'symbol') return size.max ?? Number.POSITIVE_INFINITY
  if (size.op === 'block_size') return Math.max(size.least, nextPowerOf2(maxOf(size.range)))
  const [a, b] = size.args
  return SIZE_OPS[size.op].max(maxOf(a), maxOf(b), leastOf(b))
}

/** A lower bound of a divisor. */
function leastOf(size: Size): number {
  if (typeof size === 'number') return Math.max(1, size)
  return size.op === 'block_size' ? size.least : 1
}

/** True unless the size is certainly 0 or more, as dimensions of tensors are. */
export function mayBeNegative(size: Size): boolean {
  if (typeof size === 'number') return size < 0
  if (size.op === 'symbol' || size.op === 'block_size') return false
  return size.op === 'sub' || size.args.some(mayBeNegative)
}

/** All symbols in a size, each once, in order of appearance. */
export function symbolsOf(size: Size, into: Map<string, SizeSymbol> = new Map()): Map<string, SizeSymbol> {
  if (typeof size === 'number') return into
  if (size.op === 'symbol') into.set(size.key, size)
  else if (size.op === 'block_size') symbolsOf(size.range, into)
  else for (const arg of size.args) symbolsOf(arg, into)
  return into
}

/** The product of sizes; 1 for none. */
export function sizeProduct(sizes: readonly Size[]): Size {
  return sizes.reduce((a, b) => sizeOp('mul', a, b), 1)
}

function infix(operator: string) {
  return (a: string, b: string): string => `(${a} ${operator} ${b})`
}

function gcd(a: number, b: number): number {
  return b === 0 ? Math.abs(a) : gcd(b, a % b)
}
