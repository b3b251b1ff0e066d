/** Exponentials, trigonometry and the activation functions of neural networks: one row each. */
import { binary, builtin, type HelperName, type OpRule, unary } from './op_rule.ts'

export type MathOp =
  | 'exp'
  | 'exp2'
  | 'expm1'
  | 'log'
  | 'log2'
  | 'log10'
  | 'log1p'
  | 'pow'
  | 'sqrt'
  | 'rsqrt'
  | 'sin'
  | 'cos'
  | 'tan'
  | 'asin'
  | 'acos'
  | 'atan'
  | 'atan2'
  | 'sinh'
  | 'cosh'
  | 'tanh'
  | 'asinh'
  | 'acosh'
  | 'atanh'
  | 'erf'
  | 'sigmoid'
  | 'silu'
  | 'relu'
  | 'gelu'
  | 'geluTanh'
  | 'softplus'

const SQRT_HALF = Math.SQRT1_2
const SQRT_2_OVER_PI = Math.sqrt(2 / Math.PI)

export const MATH: Readonly<Record<MathOp, OpRule>> = {
  exp: unary('float', Math.exp, builtin('exp')),
  exp2: unary('float', (a) => 2 ** a, builtin('exp2')),
  expm1: helped('expm1', Math.expm1),
  log: unary('float', Math.log, builtin('log')),
  log2: unary('float', Math.log2, builtin('log2')),
  log10: unary('float', Math.log10, ({ T }, a) => `log2(${a}) * ${T}(${Math.log10(2)})`),
  log1p: helped('log1p', Math.log1p),
  pow: binary(
    'float',
    (a, b) => a ** b,
    ({ call }, a, b) => call('pow', a, b),
  ),
  sqrt: unary('float', Math.sqrt, builtin('sqrt')),
  rsqrt: unary('float', (a) => 1 / Math.sqrt(a), builtin('inverseSqrt')),
  sin: unary('float', Math.sin, builtin('sin')),
  cos: unary('float', Math.cos, builtin('cos')),
  tan: unary('float', Math.tan, builtin('tan')),
  asin: unary('float', Math.asin, builtin('asin')),
  acos: unary('float', Math.acos, builtin('acos')),
  atan: unary('float', Math.atan, builtin('atan')),
  atan2: binary('float', Math.atan2, builtin('atan2')),
  sinh: unary('float', Math.sinh, builtin('sinh')),
  cosh: unary('float', Math.cosh, builtin('cosh')),
  // Some drivers compute tanh as a quotient of exponentials that overflow; it is 1 beyond 15 in any case.
  tanh: unary('float', Math.tanh, ({ T }, a) => `tanh(clamp(${a}, ${T}(-15), ${T}(15)))`),
  // Of negative numbers, asinh as WGSL defines it takes the logarithm of a difference that vanishes.
  asinh: unary('float', Math.asinh, (_t, a) => `sign(${a}) * asinh(abs(${a}))`),
  acosh: unary('float', Math.acosh, builtin('acosh')),
  atanh: unary('float', Math.atanh, builtin('atanh')),
  erf: helped('erf', erf),
  sigmoid: unary(
    'float',
    (a) => 1 / (1 + Math.exp(-a)),
    ({ T }, a) => `${T}(1) / (${T}(1) + exp(-${a}))`,
  ),
  silu: unary(
    'float',
    (a) => a / (1 + Math.exp(-a)),
    ({ T }, a) => `${a} / (${T}(1) + exp(-${a}))`,
  ),
  relu: unary(
    'number',
    (a) => Math.max(a, 0),
    ({ T }, a) => `max(${a}, ${T}(0))`,
  ),
  gelu: unary(
    'float',
    (a) => 0.5 * a * (1 + erf(a * SQRT_HALF)),
    ({ T, call }, a) => `${T}(0.5) * ${a} * (${T}(1) + ${call('erf', `${a} * ${T}(${SQRT_HALF})`)})`,
  ),
  geluTanh: unary(
    'float',
    (a) => 0.5 * a * (1 + Math.tanh(SQRT_2_OVER_PI * (a + 0.044715 * a * a * a))),
    ({ T }, a) =>
      // 0.5 (1 + tanh y) is sigmoid(2y), which needs no tanh.
      `${a} / (${T}(1) + ` +
      `exp(${T}(${-2 * SQRT_2_OVER_PI}) * ${a} * (${T}(1) + ${T}(0.044715) * ${a} * ${a})))`,
  ),
  softplus: unary(
    'float',
    (a) => Math.max(a, 0) + Math.log1p(Math.exp(-Math.abs(a))),
    ({ T }, a) => `max(${a}, ${T}(0)) + log(${T}(1) + exp(-abs(${a})))`,
  ),
}

function helped(helper: HelperName, cpu: (a: number) => number): OpRule {
  return unary('float', cpu, ({ call }, a) => call(helper, a))
}

/**
 * Error function to double precision: Maclaurin series near zero, continued fraction of erfc in the tails.
 */
function erf(x: number): number {
  if (Number.isNaN(x)) return x
  const a = Math.abs(x)
  if (a > 6) return Math.sign(x)
  if (a < 2.5) {
    let term = x
    let total = x
    for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(total); n++) {
      term *= (-x * x) / n
      total += term / (2 * n + 1)
    }
    return (2 / Math.sqrt(Math.PI)) * total
  }
  let fraction = 0
  for (let k = 60; k >= 1; k--) fraction = k / 2 / (a + fraction)
  return Math.sign(x) * (1 - Math.exp(-a * a) / Math.sqrt(Math.PI) / (a + fraction))
}
