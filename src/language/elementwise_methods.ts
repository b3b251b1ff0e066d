/**
 * The element-wise methods of a tile, as authors see them. One line per row of the operation table
 * (`src/ir/ops.ts`); the assertion at the end keeps the two in step. Operands broadcast and promote; a result
 * has the broadcast shape. "float" operations turn integers into f32.
 */
import type { OpName } from '../ir/ops.ts'

/** Generic in the types of values, which themselves build on this one, so that imports go one way. */
export interface ElementwiseMethods<Operand, TileValue> {
  add(other: Operand): TileValue
  sub(other: Operand): TileValue
  mul(other: Operand): TileValue
  /** True division; integers become f32. */
  div(other: Operand): TileValue
  /** Quotient rounded towards minus infinity. */
  floorDiv(other: Operand): TileValue
  /** Remainder with the sign of the divisor. */
  mod(other: Operand): TileValue
  /** Remainder with the sign of the dividend. */
  rem(other: Operand): TileValue
  /** `this * factor + addend`, in one rounding where the device can. */
  fma(factor: Operand, addend: Operand): TileValue
  neg(): TileValue
  abs(): TileValue
  /** -1, 0 or 1. */
  sign(): TileValue
  square(): TileValue
  reciprocal(): TileValue
  /** The smaller of two, element by element. */
  minimum(other: Operand): TileValue
  /** The larger of two, element by element. */
  maximum(other: Operand): TileValue
  /** Downwards to an integer, in the dtype of this value; integers stay as they are. Likewise below. */
  floor(): TileValue
  ceil(): TileValue
  /** To the nearest integer, halves to even. */
  round(): TileValue
  trunc(): TileValue
  /** `x - floor(x)`. */
  fract(): TileValue
  bitAnd(other: Operand): TileValue
  bitOr(other: Operand): TileValue
  bitXor(other: Operand): TileValue
  bitNot(): TileValue
  /** Shift left by 0 to 31 bits. */
  shl(bits: Operand): TileValue
  /** Shift right by 0 to 31 bits; i32 keeps its sign. */
  shr(bits: Operand): TileValue

  exp(): TileValue
  exp2(): TileValue
  /** `exp(x) - 1`, accurate near zero. */
  expm1(): TileValue
  /** Natural logarithm. */
  log(): TileValue
  log2(): TileValue
  log10(): TileValue
  /** `log(1 + x)`, accurate near zero. */
  log1p(): TileValue
  /** A negative base takes integer exponents only; otherwise NaN. */
  pow(exponent: Operand): TileValue
  sqrt(): TileValue
  /** `1 / sqrt(x)`. */
  rsqrt(): TileValue
  sin(): TileValue
  cos(): TileValue
  tan(): TileValue
  asin(): TileValue
  acos(): TileValue
  atan(): TileValue
  /** Angle of the point (x = other, y = this). */
  atan2(other: Operand): TileValue
  sinh(): TileValue
  cosh(): TileValue
  tanh(): TileValue
  asinh(): TileValue
  acosh(): TileValue
  atanh(): TileValue
  /** Error function, to about 1e-7 (Abramowitz and Stegun 7.1.26). */
  erf(): TileValue
  /** `1 / (1 + exp(-x))`. */
  sigmoid(): TileValue
  /** `x * sigmoid(x)`. */
  silu(): TileValue
  /** `max(x, 0)`. */
  relu(): TileValue
  /** `x * (1 + erf(x / sqrt 2)) / 2`. */
  gelu(): TileValue
  /** The tanh approximation of gelu. */
  geluTanh(): TileValue
  /** `log(1 + exp(x))`. */
  softplus(): TileValue

  eq(other: Operand): TileValue
  ne(other: Operand): TileValue
  lt(other: Operand): TileValue
  le(other: Operand): TileValue
  gt(other: Operand): TileValue
  ge(other: Operand): TileValue
  /** Truth values; numbers count as true when not zero. */
  and(other: Operand): TileValue
  or(other: Operand): TileValue
  xor(other: Operand): TileValue
  not(): TileValue
  isnan(): TileValue
  isinf(): TileValue
  isfinite(): TileValue
  /** `a` where this is true, else `b`. */
  where(a: Operand, b: Operand): TileValue
}

type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : never) : never
/**
 * Fails to compile when a row of the table has no method here, or the other way round.
 * @lintignore
 */
export const METHODS_MATCH_TABLE: Same<keyof ElementwiseMethods<unknown, unknown>, OpName> = true
