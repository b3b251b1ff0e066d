/** Exponentials, trigonometry and the activation functions of neural networks: one row each. */
import { binary, call1, call2, type ElementCode, type HelperName, type OpRule, unary } from './op_rule.ts'

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
  exp: unary('float', Math.exp, call1('exp')),
  exp2: unary('float', (a) => 2 ** a, call1('exp2')),
  expm1: helped('expm1', Math.expm1),
  log: unary('float', Math.log, call1('log')),
  log2: unary('float', Math.log2, call1('log2')),
  log10: unary('float', Math.log10, (code, a) =>
    code.infix('*', code.call('log2', a), code.number(Math.log10(2))),
  ),
  log1p: helped('log1p', Math.log1p),
  pow: binary(
    'float',
    (a, b) => a ** b,
    (code, a, b) => code.helper('pow', a, b),
  ),
  sqrt: unary('float', Math.sqrt, call1('sqrt')),
  rsqrt: unary('float', (a) => 1 / Math.sqrt(a), call1('inverseSqrt')),
  sin: unary('float', Math.sin, call1('sin')),
  cos: unary('float', Math.cos, call1('cos')),
  tan: unary('float', Math.tan, call1('tan')),
  asin: unary('float', Math.asin, call1('asin')),
  acos: unary('float', Math.acos, call1('acos')),
  atan: unary('float', Math.atan, call1('atan')),
  atan2: binary('float', Math.atan2, call2('atan2')),
  sinh: unary('float', Math.sinh, call1('sinh')),
  cosh: unary('float', Math.cosh, call1('cosh')),
  // Drivers compute tanh slowly, some as a quotient of exponentials that overflow.
  tanh: unary('float', Math.tanh, (code, a) => code.helper('tanh_exp', a)),
  // Of negative numbers, asinh as WGSL defines it takes the logarithm of a difference that vanishes.
  asinh: unary('float', Math.asinh, (code, a) =>
    code.infix('*', code.call('sign', a), code.call('asinh', code.call('abs', a))),
  ),
  acosh: unary('float', Math.acosh, call1('acosh')),
  atanh: unary('float', Math.atanh, call1('atanh')),
  erf: helped('erf', erf),
  sigmoid: unary(
    'float',
    (a) => 1 / (1 + Math.exp(-a)),
    (code, a) => code.infix('/', code.number(1), onePlusExp(code, code.prefix('-', a))),
  ),
  silu: unary(
    'float',
    (a) => a / (1 + Math.exp(-a)),
    (code, a) => code.infix('/', a, onePlusExp(code, code.prefix('-', a))),
  ),
  relu: unary(
    'number',
    (a) => Math.max(a, 0),
    (code, a) => code.call('max', a, code.number(0)),
  ),
  gelu: unary(
    'float',
    (a) => 0.5 * a * (1 + erf(a * SQRT_HALF)),
    (code, a) => {
      const wave = code.helper('erf', code.infix('*', a, code.number(SQRT_HALF)))
      const half = code.infix('*', code.number(0.5), a)
      return code.infix('*', half, code.infix('+', code.number(1), wave))
    },
  ),
  geluTanh: unary(
    'float',
    (a) => 0.5 * a * (1 + Math.tanh(SQRT_2_OVER_PI * (a + 0.044715 * a * a * a))),
    (code, a) => {
      // 0.5 (1 + tanh y) is sigmoid(2y), which needs no tanh.
      const times = (x: typeof a, y: typeof a) => code.infix('*', x, y)
      const cube = code.infix('+', code.number(1), times(times(code.number(0.044715), a), a))
      const exponent = times(times(code.number(-2 * SQRT_2_OVER_PI), a), cube)
      return code.infix('/', a, onePlusExp(code, exponent))
    },
  ),
  softplus: unary(
    'float',
    (a) => Math.max(a, 0) + Math.log1p(Math.exp(-Math.abs(a))),
    (code, a) => {
      const tail = code.call('log', onePlusExp(code, code.prefix('-', code.call('abs', a))))
      return code.infix('+', code.call('max', a, code.number(0)), tail)
    },
  ),
}

function onePlusExp<E>(code: ElementCode<E>, exponent: E): E {
  return code.infix('+', code.number(1), code.call('exp', exponent))
}

function helped(helper: HelperName, cpu: (a: number) => number): OpRule {
  return unary('float', cpu, (code, a) => code.helper(helper, a))
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
