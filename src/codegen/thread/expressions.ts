/**
 * Makes the expressions of one thread program: typed, folded where they are known, and equal ones once. Index
 * arithmetic folds; floats are left as they are.
 */
import type { InlineCode } from '../../ir/node.ts'
import { DTYPES, type DType, isFloat } from '../../support/dtypes.ts'
import { isPowerOf2, log2Exact, sum } from '../../support/maths.ts'
import { type BuiltinFunction, isSubgroupFunction, resultOf } from './builtins.ts'
import type { BinaryOp, BuiltinValue, Expr, Helper, LiteralExpr, LocalExpr, UnaryOp } from './expr.ts'
import type { AccessMark, MemoryArray } from './memory.ts'
import { type ThreadType, typeOf, type Width } from './types.ts'

const COMPARISONS: ReadonlySet<BinaryOp> = new Set(['==', '!=', '<', '<=', '>', '>=', '&&'])
const WORD = 2 ** 32

/** What a kind of expression has beside its type and number. */
type Draft<E> = E extends Expr ? Omit<E, 'id' | 'type' | 'size'> : never

export class Expressions {
  readonly #known = new Map<string, Expr>()
  #count = 0

  /** A scalar constant, rounded to the dtype. */
  literal(value: number, dtype: DType): Expr {
    const rounded = DTYPES[dtype].round(value)
    const key = Object.is(rounded, -0) ? '-0' : String(rounded)
    return this.#shared(key, typeOf(dtype, 1), 0, { kind: 'literal', value: rounded })
  }

  u32(value: number): Expr {
    return this.literal(value, 'u32')
  }

  i32(value: number): Expr {
    return this.literal(value, 'i32')
  }

  /** The same constant in every element. */
  constant(value: number, { dtype, width }: ThreadType): Expr {
    return this.splat(this.literal(value, dtype), width)
  }

  /** A value that a statement names; each is another one, whatever its name. */
  local(name: string, type: ThreadType): LocalExpr {
    return Object.freeze({ kind: 'local', name, type, size: 0, id: this.#count++ })
  }

  builtin(value: BuiltinValue): Expr {
    return this.#shared(value, typeOf('u32', 1), 0, { kind: 'builtin', value })
  }

  /** A word of the launch block. */
  field(name: string, dtype: DType): Expr {
    return this.#shared(name, typeOf(dtype, 1), 0, { kind: 'field', name })
  }

  unary(op: UnaryOp, arg: Expr): Expr {
    return this.#shared(`${op}${arg.id}`, arg.type, arg.size + 1, { kind: 'unary', op, arg })
  }

  binary(op: BinaryOp, a: Expr, b: Expr): Expr {
    const folded = isIndex(a) && isIndex(b) ? this.#fold(op, a, b) : this.#foldZeroDivisor(op, a, b)
    if (folded) return folded
    const wide = a.type.width >= b.type.width ? a.type : b.type
    const type = COMPARISONS.has(op) ? typeOf('bool', wide.width) : wide
    const size = a.size + b.size + 1
    return this.#shared(`${op} ${a.id} ${b.id}`, type, size, { kind: 'binary', op, args: [a, b] })
  }

  add(a: Expr, b: Expr): Expr {
    return this.binary('+', a, b)
  }

  sub(a: Expr, b: Expr): Expr {
    return this.binary('-', a, b)
  }

  mul(a: Expr, b: Expr): Expr {
    return this.binary('*', a, b)
  }

  div(a: Expr, b: Expr): Expr {
    return this.binary('/', a, b)
  }

  /** The sum of u32 terms and a number. */
  sum(terms: readonly Expr[], constant = 0): Expr {
    return this.add(
      terms.reduce((a, b) => this.add(a, b), this.u32(0)),
      this.u32(constant),
    )
  }

  /** True where all conditions hold; undefined when there is none. */
  all(conditions: readonly Expr[]): Expr | undefined {
    return conditions.length === 0 ? undefined : conditions.reduce((a, b) => this.binary('&&', a, b))
  }

  call(fn: BuiltinFunction, ...args: readonly Expr[]): Expr {
    const given = args[0]?.type ?? typeOf('u32', 1)
    const type = typeOf(resultOf(fn, given.dtype), given.width)
    const key = isSubgroupFunction(fn) ? undefined : `${fn}(${ids(args)})`
    return this.#shared(key, type, sizeOf(args) + 1, { kind: 'call', fn, args })
  }

  /** `yes` where the condition holds; it may be one for all elements. */
  select(no: Expr, yes: Expr, condition: Expr): Expr {
    return this.call('select', no, yes, condition)
  }

  helper(helper: Helper, type: ThreadType, ...args: readonly Expr[]): Expr {
    const shifted = helper === 'floor_div' ? this.#shiftedRight(args) : undefined
    if (shifted) return shifted
    return this.#shared(`${helper}(${ids(args)})`, type, sizeOf(args) + 1, { kind: 'helper', helper, args })
  }

  /** A whole number divided by a power of two, rounded down. */
  #shiftedRight([a, b]: readonly Expr[]): Expr | undefined {
    const scalar = b?.kind === 'vector' && b.parts.length === 1 ? b.parts[0] : b
    const divisor = scalar && literalOf(scalar)
    if (!a || divisor === undefined || !isPowerOf2(divisor)) return undefined
    return this.binary('>>', a, this.constant(log2Exact(divisor), typeOf('u32', a.type.width)))
  }

  /** A scalar of scalars. */
  inline(code: InlineCode, dtype: DType, args: readonly Expr[]): Expr {
    const key = `${code.parameters.join()} ${code.text} (${ids(args)})`
    return this.#shared(key, typeOf(dtype, 1), sizeOf(args) + 1, { kind: 'inline', code, args })
  }

  /** One scalar in every element. */
  splat(scalar: Expr, width: Width): Expr {
    return scalar.type.width === width ? scalar : this.vector([scalar], width)
  }

  /** Scalars and vectors, one after the other; or one scalar, in every element. */
  vector(parts: readonly Expr[], width: Width): Expr {
    const [first] = parts
    if (!first) throw new Error('a vector of nothing')
    if (parts.length === 1 && first.type.width === width) return first
    const count = sum(parts.map(({ type }) => type.width))
    if (count !== width && count > 1) throw new Error(`a vector of ${width} with ${count} elements`)
    const whole = this.#partsOfOne(parts, width)
    if (whole) return whole
    const type = typeOf(first.type.dtype, width)
    return this.#shared(`(${ids(parts)})`, type, sizeOf(parts) + 1, { kind: 'vector', parts })
  }

  /** The vector whose elements these are, all of them in order. */
  #partsOfOne(parts: readonly Expr[], width: Width): Expr | undefined {
    const scalars = parts.flatMap((part) =>
      Array.from({ length: part.type.width }, (_, i) => this.component(part, i)),
    )
    const [first] = scalars
    if (scalars.length !== width || first?.kind !== 'component' || first.arg.type.width !== width)
      return undefined
    const { arg } = first
    return scalars.every((one, i) => one.kind === 'component' && one.arg === arg && one.index === i)
      ? arg
      : undefined
  }

  /** One element; a scalar is its own. */
  component(arg: Expr, index: number): Expr {
    if (arg.type.width === 1) return arg
    if (arg.kind === 'vector') {
      if (arg.parts.length === 1) return arg.parts[0] ?? arg
      let at = index
      for (const part of arg.parts) {
        if (at < part.type.width) return this.component(part, at)
        at -= part.type.width
      }
    }
    const type = typeOf(arg.type.dtype, 1)
    return this.#shared(`${arg.id}.${index}`, type, arg.size, { kind: 'component', arg, index })
  }

  /** Conversion by value. */
  convert(dtype: DType, arg: Expr): Expr {
    if (arg.type.dtype === dtype) return arg
    const type = typeOf(dtype, arg.type.width)
    if (arg.kind === 'literal' && isWhole(arg, dtype)) return this.literal(arg.value, dtype)
    return this.#shared(`${dtype}(${arg.id})`, type, arg.size + 1, { kind: 'convert', arg })
  }

  /** The same bits: of smaller elements so many more. */
  bitcast(dtype: DType, arg: Expr): Expr {
    if (arg.type.dtype === dtype) return arg
    if (arg.kind === 'bitcast' && arg.arg.type.dtype === dtype) return arg.arg
    const width = (arg.type.width * DTYPES[arg.type.dtype].bytes) / DTYPES[dtype].bytes
    const type = typeOf(dtype, width as Width)
    return this.#shared(`bits ${dtype} ${arg.id}`, type, arg.size + 1, { kind: 'bitcast', arg })
  }

  /** An element of memory as it is when the statement runs: never the same as another read. */
  read(array: MemoryArray, index: Expr, mark: AccessMark = {}, outer?: Expr): Expr {
    const size = index.size + (outer?.size ?? 0) + 1
    const place = { array, index, ...(outer && { outer }) }
    return this.#shared(undefined, array.element, size, { kind: 'read', ...place, mark })
  }

  /** Operations on whole numbers that come to a number, or to one of the operands. */
  #fold(op: BinaryOp, a: Expr, b: Expr): Expr | undefined {
    const [x, y] = [literalOf(a), literalOf(b)]
    if (y === 0 && (op === '/' || op === '%')) return this.#foldZeroDivisor(op, a, b)
    if (x !== undefined && y !== undefined) return this.#foldNumbers(op, x, y, a.type.dtype)
    if (isNeutral(op, y)) return a
    if (x === 0 && op === '+') return b
    if (x === 1 && op === '*') return b
    const vanishes = ((x === 0 || y === 0) && op === '*') || (y === 1 && op === '%')
    if (vanishes) return this.constant(0, a.type.width > b.type.width ? a.type : b.type)
    // (n + 4) + 8 is n + 12.
    if (op !== '+' || y === undefined || a.kind !== 'binary' || a.op !== '+') return undefined
    const inner = literalOf(a.args[1])
    return inner === undefined
      ? undefined
      : this.add(a.args[0], this.literal(wrap(inner + y, a.type.dtype), a.type.dtype))
  }

  /** What WGSL computes at run time and refuses to compile. */
  #foldZeroDivisor(op: BinaryOp, a: Expr, b: Expr): Expr | undefined {
    const divisor = b.kind === 'vector' && b.parts.length === 1 ? b.parts[0] : b
    if ((op !== '/' && op !== '%') || !divisor || literalOf(divisor) !== 0 || isFloat(b.type.dtype))
      return undefined
    return op === '/' ? a : this.constant(0, a.type)
  }

  #foldNumbers(op: BinaryOp, x: number, y: number, dtype: DType): Expr | undefined {
    const value = NUMBERS[op]?.(x, y)
    return value === undefined || !Number.isFinite(value)
      ? undefined
      : this.literal(wrap(value, dtype), dtype)
  }

  #shared(key: string | undefined, type: ThreadType, size: number, draft: Draft<Expr>): Expr {
    const whole = `${draft.kind} ${type.dtype}${type.width} ${key}`
    const known = key === undefined ? undefined : this.#known.get(whole)
    if (known) return known
    const made = Object.freeze({ ...draft, type, size, id: this.#count++ }) as Expr
    if (key !== undefined) this.#known.set(whole, made)
    return made
  }
}

const NUMBERS: Partial<Record<BinaryOp, (x: number, y: number) => number>> = {
  '+': (x, y) => x + y,
  '-': (x, y) => x - y,
  '*': (x, y) => Math.imul(x, y),
  '/': (x, y) => Math.trunc(x / y),
  '%': (x, y) => x % y,
}

function isNeutral(op: BinaryOp, y: number | undefined): boolean {
  switch (op) {
    case '+':
    case '-':
    case '<<':
    case '>>':
      return y === 0
    case '*':
    case '/':
      return y === 1
    default:
      return false
  }
}

function isIndex({ type }: Expr): boolean {
  return type.width === 1 && (type.dtype === 'u32' || type.dtype === 'i32')
}

/** The value of a constant; undefined for everything else. */
export function literalOf(expr: Expr): number | undefined {
  return expr.kind === 'literal' ? expr.value : undefined
}

/** True for numbers that are the same in both dtypes. */
function isWhole({ value, type }: LiteralExpr, dtype: DType): boolean {
  const integers = !isFloat(type.dtype) && !isFloat(dtype) && type.dtype !== 'bool' && dtype !== 'bool'
  return integers && DTYPES[dtype].round(value) === value
}

function wrap(value: number, dtype: DType): number {
  const word = ((value % WORD) + WORD) % WORD
  return dtype === 'i32' ? word | 0 : word
}

function ids(exprs: readonly Expr[]): string {
  return exprs.map(({ id }) => id).join()
}

function sizeOf(exprs: readonly Expr[]): number {
  return exprs.reduce((total, { size }) => total + size, 0)
}
