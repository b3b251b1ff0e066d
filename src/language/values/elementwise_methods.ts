/**
 * The element-wise methods of a tile, as authors see them. One line per row of the operation table
 * (`src/ir/ops.ts`); the assertion at the end keeps the two in step. Operands broadcast and promote; a result
 * has the broadcast shape. "float" operations turn integers into f32.
 */
import type { OpName } from '../../ir/ops.ts'

/** Generic in the types of values, which themselves build on this one, so that imports go one way. */
export interface ElementwiseMethods<Operand, TileValue> {
  /** The sum. i32 and u32 wrap. */
  add(other: Operand): TileValue
  /** The difference. i32 and u32 wrap. */
  sub(other: Operand): TileValue
  /** The product, element by element; `dot` is the matrix product. */
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
  /** `-x`. */
  neg(): TileValue
  /** The absolute value. */
  abs(): TileValue
  /** -1, 0 or 1. */
  sign(): TileValue
  /** `x * x`. */
  square(): TileValue
  /** `1 / x`; integers become f32. */
  reciprocal(): TileValue
  /** The smaller of two, element by element. */
  minimum(other: Operand): TileValue
  /** The larger of two, element by element. */
  maximum(other: Operand): TileValue
  /** Downwards to an integer, in the dtype of this value; integers stay as they are. Likewise below. */
  floor(): TileValue
  /** Upwards to an integer, in the dtype of this value. */
  ceil(): TileValue
  /** To the nearest integer, halves to even. */
  round(): TileValue
  /** Towards zero to an integer, in the dtype of this value. */
  trunc(): TileValue
  /** `x - floor(x)`. */
  fract(): TileValue
  /** Bits that both have, of integers. */
  bitAnd(other: Operand): TileValue
  /** Bits that either has, of integers. */
  bitOr(other: Operand): TileValue
  /** Bits that one of the two has, of integers. */
  bitXor(other: Operand): TileValue
  /** All bits the other way round, of integers. */
  bitNot(): TileValue
  /** Shift left by 0 to 31 bits. */
  shl(bits: Operand): TileValue
  /** Shift right by 0 to 31 bits; i32 keeps its sign. */
  shr(bits: Operand): TileValue

  /** e to the power of x. */
  exp(): TileValue
  /** 2 to the power of x. */
  exp2(): TileValue
  /** `exp(x) - 1`, accurate near zero. */
  expm1(): TileValue
  /** Natural logarithm. */
  log(): TileValue
  /** Logarithm to base 2. */
  log2(): TileValue
  /** Logarithm to base 10. */
  log10(): TileValue
  /** `log(1 + x)`, accurate near zero. */
  log1p(): TileValue
  /** A negative base takes integer exponents only; otherwise NaN. */
  pow(exponent: Operand): TileValue
  /** The square root. */
  sqrt(): TileValue
  /** `1 / sqrt(x)`. */
  rsqrt(): TileValue
  /** The sine of an angle in radians. */
  sin(): TileValue
  /** The cosine of an angle in radians. */
  cos(): TileValue
  /** The tangent of an angle in radians. */
  tan(): TileValue
  /** The angle with this sine, in radians. */
  asin(): TileValue
  /** The angle with this cosine, in radians. */
  acos(): TileValue
  /** The angle with this tangent, in radians. */
  atan(): TileValue
  /** Angle of the point (x = other, y = this). */
  atan2(other: Operand): TileValue
  /** The hyperbolic sine. */
  sinh(): TileValue
  /** The hyperbolic cosine. */
  cosh(): TileValue
  /** The hyperbolic tangent. */
  tanh(): TileValue
  /** The inverse of `sinh`. */
  asinh(): TileValue
  /** The inverse of `cosh`. */
  acosh(): TileValue
  /** The inverse of `tanh`. */
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

  /** True where both are equal. */
  eq(other: Operand): TileValue
  /** True where they differ. */
  ne(other: Operand): TileValue
  /** True where this is less. */
  lt(other: Operand): TileValue
  /** True where this is less or equal. */
  le(other: Operand): TileValue
  /** True where this is greater. */
  gt(other: Operand): TileValue
  /** True where this is greater or equal. */
  ge(other: Operand): TileValue
  /** Truth values; numbers count as true when not zero. */
  and(other: Operand): TileValue
  /** True where either is; numbers count as true when not zero. */
  or(other: Operand): TileValue
  /** True where one of the two is; numbers count as true when not zero. */
  xor(other: Operand): TileValue
  /** True where this is not. */
  not(): TileValue
  /** True where this is not a number. */
  isnan(): TileValue
  /** True where this is infinite, of either sign. */
  isinf(): TileValue
  /** True where this is neither infinite nor NaN. */
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
