/** Every row of the operation table, for every dtype it takes: WGSL against the CPU rule. */
import { describe, it } from 'vitest'
import { OP_NAMES, OPS, type OpName } from '../../src/ir/ops.ts'
import { hl, type Tensor, type TileValue } from '../../src/language/index.ts'
import { getDevice } from '../../src/runtime/default_device.ts'
import type { DType } from '../../src/support/dtypes.ts'
import { spread, type TensorInput, values, whole } from './inputs.ts'
import { EXACT, Subject, type Tolerance } from './subject.ts'

/** A multiple of the vector width, with a rest for the tile. */
const COUNT = 100
const { shaderF16 } = (await getDevice()).limits
const FLOATS: readonly DType[] = shaderF16 ? ['f32', 'f16'] : ['f32']

interface Case {
  /** Range of float operands. */
  readonly range?: readonly [low: number, high: number]
  /** What the last operand is one of: where a quotient that is rounded otherwise would be another integer. */
  readonly divisors?: readonly number[]
  /** What the specification of WGSL grants an f32; default is the exact result. */
  readonly f32?: Tolerance
}

const close = (rel: number, abs = 0): Tolerance => ({ abs, rel })
/** Half the digits of a half float. */
const F16: Tolerance = { abs: 4e-3, rel: 6e-3 }

/** Quotients by these are exact. */
const POWERS = [0.5, 1, 2, 4, -0.5, -1, -2, -4]

const CASES: Readonly<Partial<Record<OpName, Case>>> = {
  div: { f32: close(1e-6) },
  floorDiv: { divisors: POWERS },
  mod: { divisors: POWERS, f32: close(0, 2e-6) },
  rem: { divisors: POWERS, f32: close(0, 2e-6) },
  reciprocal: { f32: close(1e-6) },
  fract: { f32: close(0, 1e-6) },
  fma: { f32: close(1e-6, 1e-6) },
  exp: { f32: close(2e-6) },
  exp2: { f32: close(2e-6) },
  expm1: { f32: close(2e-4) },
  log: { range: [0.01, 99], f32: close(1e-6, 1e-6) },
  log2: { range: [0.01, 99], f32: close(1e-6, 1e-6) },
  log10: { range: [0.01, 99], f32: close(1e-6, 1e-6) },
  log1p: { range: [-0.9, 9], f32: close(2e-4) },
  pow: { range: [0.1, 5], f32: close(2e-5) },
  sqrt: { range: [0, 99], f32: close(1e-6) },
  rsqrt: { range: [0.01, 99], f32: close(1e-6) },
  sin: { range: [-3.1, 3.1], f32: close(0, 5e-4) },
  cos: { range: [-3.1, 3.1], f32: close(0, 5e-4) },
  tan: { range: [-1.4, 1.4], f32: close(4e-3, 1e-3) },
  asin: { range: [-1, 1], f32: close(0, 5e-4) },
  acos: { range: [-1, 1], f32: close(0, 5e-4) },
  atan: { f32: close(5e-4) },
  atan2: { f32: close(5e-4) },
  sinh: { f32: close(2e-4) },
  cosh: { f32: close(2e-6) },
  tanh: { f32: close(2e-4) },
  asinh: { range: [-200, 200], f32: close(2e-4) },
  acosh: { range: [1.01, 99], f32: close(1e-5) },
  atanh: { range: [-0.99, 0.99], f32: close(1e-4) },
  erf: { f32: close(1e-5, 1e-6) },
  sigmoid: { f32: close(2e-6) },
  silu: { f32: close(2e-6) },
  gelu: { f32: close(1e-5, 1e-6) },
  geluTanh: { f32: close(2e-5, 1e-6) },
  softplus: { f32: close(1e-4, 1e-6) },
}

for (const op of OP_NAMES) {
  describe(op, () => {
    for (const dtype of dtypesOf(op)) {
      const { range = [-8, 8], divisors, f32 = EXACT } = CASES[op] ?? {}
      const tolerance = dtype === 'f32' ? f32 : F16

      it(`of ${dtype}`, async () => {
        const inputs = [0, 1, 2].slice(0, OPS[op].arity).map(() => operand(dtype, range))
        if (divisors && isFloat(dtype))
          inputs.splice(
            1,
            1,
            values([COUNT], dtype, (i) => divisors[i % divisors.length] ?? 1),
          )
        const subject = await Subject.of(applied(op), inputs, { tolerance })
        await subject.expectAllRight([{ num_warps: 1 }, { indexing: 'pointer' }])
      })
    }
  })
}

describe('special values', () => {
  const ODD = [0, -0, 1, -1, 0.5, -0.5, 1.5, 2.5, -2.5, 1e30, -1e30, Infinity, -Infinity, Number.NaN]
  const pairs = ODD.flatMap((a) => ODD.map((b) => [a, b] as const))
  const NUMBERS = ODD.filter((value) => !Number.isNaN(value))

  it.each(['eq', 'ne', 'lt', 'le', 'gt', 'ge'] as const)('%s knows that NaN is unordered', async (op) => {
    const sides = [0, 1].map((side) =>
      values(
        [pairs.length],
        'f32',
        pairs.map((pair) => pair[side] ?? 0),
      ),
    )
    await (await Subject.of(applied(op), sides)).expectRight()
  })

  it.each(['isnan', 'isinf', 'isfinite', 'neg', 'abs'] as const)('%s', async (op) => {
    for (const dtype of FLOATS) {
      await (await Subject.of(applied(op), [values([ODD.length], dtype, ODD)])).expectRight()
    }
  })

  it.each(['floor', 'ceil', 'round', 'trunc', 'sign'] as const)('%s of halves and infinities', async (op) => {
    await (await Subject.of(applied(op), [values([NUMBERS.length], 'f32', NUMBERS)])).expectRight()
  })

  it.each(['exp', 'exp2', 'sigmoid', 'silu', 'tanh', 'softplus', 'gelu', 'geluTanh', 'erf'] as const)(
    '%s far from zero does not turn into NaN',
    async (op) => {
      const far = values([8], 'f32', [-1000, 1000, -100, 100, -1e30, 1e30, 20, -20])
      await (await Subject.of(applied(op), [far], { tolerance: close(1e-4, 1e-6) })).expectRight()
    },
  )

  const EDGES = [0, 1, -1, 2, -2, 7, -7, 31, 32, 33, 100, 65_536, -65_537, 2 ** 31 - 1, -(2 ** 31)]
  const INTEGER_OPS = OP_NAMES.filter((op) => dtypesOf(op).includes('i32') && OPS[op].arity === 2)

  it.each(INTEGER_OPS)('%s of integers wraps, shifts and divides as the CPU rule does', async (op) => {
    const all = EDGES.flatMap((a) => EDGES.map((b) => [a, b] as const))
    for (const dtype of ['i32', 'u32'] as const) {
      const sides = [0, 1].map((side) =>
        values(
          [all.length],
          dtype,
          all.map((pair) => (dtype === 'u32' ? (pair[side] ?? 0) >>> 0 : (pair[side] ?? 0))),
        ),
      )
      await (await Subject.of(applied(op), sides, { tolerance: close(1e-6) })).expectRight()
    }
  })
})

function dtypesOf(op: OpName): readonly DType[] {
  switch (OPS[op].operands) {
    case 'float':
      return FLOATS
    case 'bool':
      return ['bool']
    case 'int':
      return ['i32', 'u32']
    default:
      return [...FLOATS, 'i32', 'u32']
  }
}

function operand(dtype: DType, [low, high]: readonly [number, number]): TensorInput {
  return isFloat(dtype) ? spread([COUNT], low, high, dtype) : whole([COUNT], dtype)
}

function isFloat(dtype: DType): boolean {
  return dtype === 'f32' || dtype === 'f16'
}

/** A kernel that stores the operation's result; `where` asks which of its operands are positive. */
function applied(op: OpName): (...tensors: Tensor[]) => Tensor {
  const apply = (hl as unknown as Record<OpName, (...operands: TileValue[]) => TileValue>)[op]
  return function operation(...tensors) {
    const [first] = tensors
    if (!first) throw new Error('no operand')
    const result = OPS[op].result === 'bool' ? 'bool' : first.dtype
    const out = hl.empty(first.shape, result)
    for (const t of hl.tile(first.shape[0])) {
      const operands = tensors.map((tensor) => tensor.at(t))
      const [a, b, c] = operands
      const value = op === 'where' && a && b && c ? hl.where(a.gt(0), b, c) : apply(...operands)
      out.at(t).set(value)
    }
    return out
  }
}
