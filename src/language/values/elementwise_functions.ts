/**
 * The element-wise methods as functions of `hl`, each with the words
 * of its method, which editors show. Written from the methods by `npm run functions`: change those.
 */
import type { Dim, Tensor, WholeMethods, WholeOperand } from '../tensors/tensor.ts'
import type { Operand, TileMethods, TileValue } from './value.ts'

type OfTile<K extends keyof TileMethods> = Parameters<Extract<TileMethods[K], (...of: never[]) => unknown>>
type OfTensor<K extends keyof WholeMethods> = Parameters<WholeMethods[K]>

/** Element-wise functions of values and of whole tensors. */
export interface ElementwiseFunctions {
  /** The sum. i32 and u32 wrap. */
  add(a: number, b: number): Dim
  /** The sum. i32 and u32 wrap. */
  add(a: Operand, b: Operand): TileValue
  /** The sum. i32 and u32 wrap. */
  add(a: WholeOperand, b: WholeOperand): Tensor
  /** The difference. i32 and u32 wrap. */
  sub(a: number, b: number): Dim
  /** The difference. i32 and u32 wrap. */
  sub(a: Operand, b: Operand): TileValue
  /** The difference. i32 and u32 wrap. */
  sub(a: WholeOperand, b: WholeOperand): Tensor
  /** The product, element by element; `dot` is the matrix product. */
  mul(a: number, b: number): Dim
  /** The product, element by element; `dot` is the matrix product. */
  mul(a: Operand, b: Operand): TileValue
  /** The product, element by element; `dot` is the matrix product. */
  mul(a: WholeOperand, b: WholeOperand): Tensor
  /** True division; integers become f32. */
  div(value: Operand, ...rest: OfTile<'div'>): TileValue
  /** True division; integers become f32. */
  div(tensor: WholeOperand, ...rest: OfTensor<'div'>): Tensor
  /** Quotient rounded towards minus infinity. */
  floorDiv(a: number, b: number): Dim
  /** Quotient rounded towards minus infinity. */
  floorDiv(a: Operand, b: Operand): TileValue
  /** Quotient rounded towards minus infinity. */
  floorDiv(a: WholeOperand, b: WholeOperand): Tensor
  /** Remainder with the sign of the divisor. */
  mod(a: number, b: number): Dim
  /** Remainder with the sign of the divisor. */
  mod(a: Operand, b: Operand): TileValue
  /** Remainder with the sign of the divisor. */
  mod(a: WholeOperand, b: WholeOperand): Tensor
  /** Remainder with the sign of the dividend. */
  rem(value: Operand, ...rest: OfTile<'rem'>): TileValue
  /** Remainder with the sign of the dividend. */
  rem(tensor: WholeOperand, ...rest: OfTensor<'rem'>): Tensor
  /** `this * factor + addend`, in one rounding where the device can. */
  fma(value: Operand, ...rest: OfTile<'fma'>): TileValue
  /** `this * factor + addend`, in one rounding where the device can. */
  fma(tensor: WholeOperand, ...rest: OfTensor<'fma'>): Tensor
  /** `-x`. */
  neg(value: Operand, ...rest: OfTile<'neg'>): TileValue
  /** `-x`. */
  neg(tensor: WholeOperand, ...rest: OfTensor<'neg'>): Tensor
  /** The absolute value. */
  abs(value: Operand, ...rest: OfTile<'abs'>): TileValue
  /** The absolute value. */
  abs(tensor: WholeOperand, ...rest: OfTensor<'abs'>): Tensor
  /** -1, 0 or 1. */
  sign(value: Operand, ...rest: OfTile<'sign'>): TileValue
  /** -1, 0 or 1. */
  sign(tensor: WholeOperand, ...rest: OfTensor<'sign'>): Tensor
  /** `x * x`. */
  square(value: Operand, ...rest: OfTile<'square'>): TileValue
  /** `x * x`. */
  square(tensor: WholeOperand, ...rest: OfTensor<'square'>): Tensor
  /** `1 / x`; integers become f32. */
  reciprocal(value: Operand, ...rest: OfTile<'reciprocal'>): TileValue
  /** `1 / x`; integers become f32. */
  reciprocal(tensor: WholeOperand, ...rest: OfTensor<'reciprocal'>): Tensor
  /** The smaller of two, element by element. */
  minimum(a: number, b: number): Dim
  /** The smaller of two, element by element. */
  minimum(a: Operand, b: Operand): TileValue
  /** The smaller of two, element by element. */
  minimum(a: WholeOperand, b: WholeOperand): Tensor
  /** The larger of two, element by element. */
  maximum(a: number, b: number): Dim
  /** The larger of two, element by element. */
  maximum(a: Operand, b: Operand): TileValue
  /** The larger of two, element by element. */
  maximum(a: WholeOperand, b: WholeOperand): Tensor
  /** Downwards to an integer, in the dtype of this value; integers stay as they are. */
  floor(value: Operand, ...rest: OfTile<'floor'>): TileValue
  /** Downwards to an integer, in the dtype of this value; integers stay as they are. */
  floor(tensor: WholeOperand, ...rest: OfTensor<'floor'>): Tensor
  /** Upwards to an integer, in the dtype of this value. */
  ceil(value: Operand, ...rest: OfTile<'ceil'>): TileValue
  /** Upwards to an integer, in the dtype of this value. */
  ceil(tensor: WholeOperand, ...rest: OfTensor<'ceil'>): Tensor
  /** To the nearest integer, halves to even. */
  round(value: Operand, ...rest: OfTile<'round'>): TileValue
  /** To the nearest integer, halves to even. */
  round(tensor: WholeOperand, ...rest: OfTensor<'round'>): Tensor
  /** Towards zero to an integer, in the dtype of this value. */
  trunc(value: Operand, ...rest: OfTile<'trunc'>): TileValue
  /** Towards zero to an integer, in the dtype of this value. */
  trunc(tensor: WholeOperand, ...rest: OfTensor<'trunc'>): Tensor
  /** `x - floor(x)`. */
  fract(value: Operand, ...rest: OfTile<'fract'>): TileValue
  /** `x - floor(x)`. */
  fract(tensor: WholeOperand, ...rest: OfTensor<'fract'>): Tensor
  /** Bits that both have, of integers. */
  bitAnd(value: Operand, ...rest: OfTile<'bitAnd'>): TileValue
  /** Bits that both have, of integers. */
  bitAnd(tensor: WholeOperand, ...rest: OfTensor<'bitAnd'>): Tensor
  /** Bits that either has, of integers. */
  bitOr(value: Operand, ...rest: OfTile<'bitOr'>): TileValue
  /** Bits that either has, of integers. */
  bitOr(tensor: WholeOperand, ...rest: OfTensor<'bitOr'>): Tensor
  /** Bits that one of the two has, of integers. */
  bitXor(value: Operand, ...rest: OfTile<'bitXor'>): TileValue
  /** Bits that one of the two has, of integers. */
  bitXor(tensor: WholeOperand, ...rest: OfTensor<'bitXor'>): Tensor
  /** All bits the other way round, of integers. */
  bitNot(value: Operand, ...rest: OfTile<'bitNot'>): TileValue
  /** All bits the other way round, of integers. */
  bitNot(tensor: WholeOperand, ...rest: OfTensor<'bitNot'>): Tensor
  /** Shift left by 0 to 31 bits. */
  shl(value: Operand, ...rest: OfTile<'shl'>): TileValue
  /** Shift left by 0 to 31 bits. */
  shl(tensor: WholeOperand, ...rest: OfTensor<'shl'>): Tensor
  /** Shift right by 0 to 31 bits; i32 keeps its sign. */
  shr(value: Operand, ...rest: OfTile<'shr'>): TileValue
  /** Shift right by 0 to 31 bits; i32 keeps its sign. */
  shr(tensor: WholeOperand, ...rest: OfTensor<'shr'>): Tensor
  /** e to the power of x. */
  exp(value: Operand, ...rest: OfTile<'exp'>): TileValue
  /** e to the power of x. */
  exp(tensor: WholeOperand, ...rest: OfTensor<'exp'>): Tensor
  /** 2 to the power of x. */
  exp2(value: Operand, ...rest: OfTile<'exp2'>): TileValue
  /** 2 to the power of x. */
  exp2(tensor: WholeOperand, ...rest: OfTensor<'exp2'>): Tensor
  /** `exp(x) - 1`, accurate near zero. */
  expm1(value: Operand, ...rest: OfTile<'expm1'>): TileValue
  /** `exp(x) - 1`, accurate near zero. */
  expm1(tensor: WholeOperand, ...rest: OfTensor<'expm1'>): Tensor
  /** Natural logarithm. */
  log(value: Operand, ...rest: OfTile<'log'>): TileValue
  /** Natural logarithm. */
  log(tensor: WholeOperand, ...rest: OfTensor<'log'>): Tensor
  /** Logarithm to base 2. */
  log2(value: Operand, ...rest: OfTile<'log2'>): TileValue
  /** Logarithm to base 2. */
  log2(tensor: WholeOperand, ...rest: OfTensor<'log2'>): Tensor
  /** Logarithm to base 10. */
  log10(value: Operand, ...rest: OfTile<'log10'>): TileValue
  /** Logarithm to base 10. */
  log10(tensor: WholeOperand, ...rest: OfTensor<'log10'>): Tensor
  /** `log(1 + x)`, accurate near zero. */
  log1p(value: Operand, ...rest: OfTile<'log1p'>): TileValue
  /** `log(1 + x)`, accurate near zero. */
  log1p(tensor: WholeOperand, ...rest: OfTensor<'log1p'>): Tensor
  /** A negative base takes integer exponents only; otherwise NaN. */
  pow(value: Operand, ...rest: OfTile<'pow'>): TileValue
  /** A negative base takes integer exponents only; otherwise NaN. */
  pow(tensor: WholeOperand, ...rest: OfTensor<'pow'>): Tensor
  /** The square root. */
  sqrt(value: Operand, ...rest: OfTile<'sqrt'>): TileValue
  /** The square root. */
  sqrt(tensor: WholeOperand, ...rest: OfTensor<'sqrt'>): Tensor
  /** `1 / sqrt(x)`. */
  rsqrt(value: Operand, ...rest: OfTile<'rsqrt'>): TileValue
  /** `1 / sqrt(x)`. */
  rsqrt(tensor: WholeOperand, ...rest: OfTensor<'rsqrt'>): Tensor
  /** The sine of an angle in radians. */
  sin(value: Operand, ...rest: OfTile<'sin'>): TileValue
  /** The sine of an angle in radians. */
  sin(tensor: WholeOperand, ...rest: OfTensor<'sin'>): Tensor
  /** The cosine of an angle in radians. */
  cos(value: Operand, ...rest: OfTile<'cos'>): TileValue
  /** The cosine of an angle in radians. */
  cos(tensor: WholeOperand, ...rest: OfTensor<'cos'>): Tensor
  /** The tangent of an angle in radians. */
  tan(value: Operand, ...rest: OfTile<'tan'>): TileValue
  /** The tangent of an angle in radians. */
  tan(tensor: WholeOperand, ...rest: OfTensor<'tan'>): Tensor
  /** The angle with this sine, in radians. */
  asin(value: Operand, ...rest: OfTile<'asin'>): TileValue
  /** The angle with this sine, in radians. */
  asin(tensor: WholeOperand, ...rest: OfTensor<'asin'>): Tensor
  /** The angle with this cosine, in radians. */
  acos(value: Operand, ...rest: OfTile<'acos'>): TileValue
  /** The angle with this cosine, in radians. */
  acos(tensor: WholeOperand, ...rest: OfTensor<'acos'>): Tensor
  /** The angle with this tangent, in radians. */
  atan(value: Operand, ...rest: OfTile<'atan'>): TileValue
  /** The angle with this tangent, in radians. */
  atan(tensor: WholeOperand, ...rest: OfTensor<'atan'>): Tensor
  /** Angle of the point (x = other, y = this). */
  atan2(value: Operand, ...rest: OfTile<'atan2'>): TileValue
  /** Angle of the point (x = other, y = this). */
  atan2(tensor: WholeOperand, ...rest: OfTensor<'atan2'>): Tensor
  /** The hyperbolic sine. */
  sinh(value: Operand, ...rest: OfTile<'sinh'>): TileValue
  /** The hyperbolic sine. */
  sinh(tensor: WholeOperand, ...rest: OfTensor<'sinh'>): Tensor
  /** The hyperbolic cosine. */
  cosh(value: Operand, ...rest: OfTile<'cosh'>): TileValue
  /** The hyperbolic cosine. */
  cosh(tensor: WholeOperand, ...rest: OfTensor<'cosh'>): Tensor
  /** The hyperbolic tangent. */
  tanh(value: Operand, ...rest: OfTile<'tanh'>): TileValue
  /** The hyperbolic tangent. */
  tanh(tensor: WholeOperand, ...rest: OfTensor<'tanh'>): Tensor
  /** The inverse of `sinh`. */
  asinh(value: Operand, ...rest: OfTile<'asinh'>): TileValue
  /** The inverse of `sinh`. */
  asinh(tensor: WholeOperand, ...rest: OfTensor<'asinh'>): Tensor
  /** The inverse of `cosh`. */
  acosh(value: Operand, ...rest: OfTile<'acosh'>): TileValue
  /** The inverse of `cosh`. */
  acosh(tensor: WholeOperand, ...rest: OfTensor<'acosh'>): Tensor
  /** The inverse of `tanh`. */
  atanh(value: Operand, ...rest: OfTile<'atanh'>): TileValue
  /** The inverse of `tanh`. */
  atanh(tensor: WholeOperand, ...rest: OfTensor<'atanh'>): Tensor
  /** Error function, to about 1e-7 (Abramowitz and Stegun 7.1.26). */
  erf(value: Operand, ...rest: OfTile<'erf'>): TileValue
  /** Error function, to about 1e-7 (Abramowitz and Stegun 7.1.26). */
  erf(tensor: WholeOperand, ...rest: OfTensor<'erf'>): Tensor
  /** `1 / (1 + exp(-x))`. */
  sigmoid(value: Operand, ...rest: OfTile<'sigmoid'>): TileValue
  /** `1 / (1 + exp(-x))`. */
  sigmoid(tensor: WholeOperand, ...rest: OfTensor<'sigmoid'>): Tensor
  /** `x * sigmoid(x)`. */
  silu(value: Operand, ...rest: OfTile<'silu'>): TileValue
  /** `x * sigmoid(x)`. */
  silu(tensor: WholeOperand, ...rest: OfTensor<'silu'>): Tensor
  /** `max(x, 0)`. */
  relu(value: Operand, ...rest: OfTile<'relu'>): TileValue
  /** `max(x, 0)`. */
  relu(tensor: WholeOperand, ...rest: OfTensor<'relu'>): Tensor
  /** `x * (1 + erf(x / sqrt 2)) / 2`. */
  gelu(value: Operand, ...rest: OfTile<'gelu'>): TileValue
  /** `x * (1 + erf(x / sqrt 2)) / 2`. */
  gelu(tensor: WholeOperand, ...rest: OfTensor<'gelu'>): Tensor
  /** The tanh approximation of gelu. */
  geluTanh(value: Operand, ...rest: OfTile<'geluTanh'>): TileValue
  /** The tanh approximation of gelu. */
  geluTanh(tensor: WholeOperand, ...rest: OfTensor<'geluTanh'>): Tensor
  /** `log(1 + exp(x))`. */
  softplus(value: Operand, ...rest: OfTile<'softplus'>): TileValue
  /** `log(1 + exp(x))`. */
  softplus(tensor: WholeOperand, ...rest: OfTensor<'softplus'>): Tensor
  /** True where both are equal. */
  eq(value: Operand, ...rest: OfTile<'eq'>): TileValue
  /** True where both are equal. */
  eq(tensor: WholeOperand, ...rest: OfTensor<'eq'>): Tensor
  /** True where they differ. */
  ne(value: Operand, ...rest: OfTile<'ne'>): TileValue
  /** True where they differ. */
  ne(tensor: WholeOperand, ...rest: OfTensor<'ne'>): Tensor
  /** True where this is less. */
  lt(value: Operand, ...rest: OfTile<'lt'>): TileValue
  /** True where this is less. */
  lt(tensor: WholeOperand, ...rest: OfTensor<'lt'>): Tensor
  /** True where this is less or equal. */
  le(value: Operand, ...rest: OfTile<'le'>): TileValue
  /** True where this is less or equal. */
  le(tensor: WholeOperand, ...rest: OfTensor<'le'>): Tensor
  /** True where this is greater. */
  gt(value: Operand, ...rest: OfTile<'gt'>): TileValue
  /** True where this is greater. */
  gt(tensor: WholeOperand, ...rest: OfTensor<'gt'>): Tensor
  /** True where this is greater or equal. */
  ge(value: Operand, ...rest: OfTile<'ge'>): TileValue
  /** True where this is greater or equal. */
  ge(tensor: WholeOperand, ...rest: OfTensor<'ge'>): Tensor
  /** Truth values; numbers count as true when not zero. */
  and(value: Operand, ...rest: OfTile<'and'>): TileValue
  /** Truth values; numbers count as true when not zero. */
  and(tensor: WholeOperand, ...rest: OfTensor<'and'>): Tensor
  /** True where either is; numbers count as true when not zero. */
  or(value: Operand, ...rest: OfTile<'or'>): TileValue
  /** True where either is; numbers count as true when not zero. */
  or(tensor: WholeOperand, ...rest: OfTensor<'or'>): Tensor
  /** True where one of the two is; numbers count as true when not zero. */
  xor(value: Operand, ...rest: OfTile<'xor'>): TileValue
  /** True where one of the two is; numbers count as true when not zero. */
  xor(tensor: WholeOperand, ...rest: OfTensor<'xor'>): Tensor
  /** True where this is not. */
  not(value: Operand, ...rest: OfTile<'not'>): TileValue
  /** True where this is not. */
  not(tensor: WholeOperand, ...rest: OfTensor<'not'>): Tensor
  /** True where this is not a number. */
  isnan(value: Operand, ...rest: OfTile<'isnan'>): TileValue
  /** True where this is not a number. */
  isnan(tensor: WholeOperand, ...rest: OfTensor<'isnan'>): Tensor
  /** True where this is infinite, of either sign. */
  isinf(value: Operand, ...rest: OfTile<'isinf'>): TileValue
  /** True where this is infinite, of either sign. */
  isinf(tensor: WholeOperand, ...rest: OfTensor<'isinf'>): Tensor
  /** True where this is neither infinite nor NaN. */
  isfinite(value: Operand, ...rest: OfTile<'isfinite'>): TileValue
  /** True where this is neither infinite nor NaN. */
  isfinite(tensor: WholeOperand, ...rest: OfTensor<'isfinite'>): Tensor
  /** `a` where this is true, else `b`. */
  where(value: Operand, ...rest: OfTile<'where'>): TileValue
  /** `a` where this is true, else `b`. */
  where(tensor: WholeOperand, ...rest: OfTensor<'where'>): Tensor
}
