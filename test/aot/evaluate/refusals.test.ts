/** Shapes on which a config will be refused, from those on which it was. */
import { expect, test } from 'vitest'
import { rowOf, toColumns } from '../../../src/aot/evaluate/features/columns.ts'
import { type Sweep, SweepBuilder } from '../../../src/aot/evaluate/input/sweep.ts'
import { teach } from '../../../src/aot/evaluate/learn/lesson.ts'
import { refusalOf } from '../../../src/aot/evaluate/learn/refusals.ts'
import { toMatrix } from '../../../src/aot/evaluate/matrix.ts'
import { native } from './native.ts'
import { tensorFeatures } from './sweeps.ts'

const { decide, moduleText, runModule, argumentsOf, toSettings } = native

type Sizes = readonly [m: number, n: number]

/** Says of shapes whether they are refused, from one that was and others that ran. */
function told(refused: readonly Sizes[], ran: readonly Sizes[], dtype?: string) {
  const features = [...refused, ...ran].map((sizes) => tensorFeatures([sizes], dtype))
  const other = tensorFeatures([[64, 64]], 'torch.float32')
  const { columns, rows } = toColumns([...features, other])
  const positions = features.map((_, row) => row)
  const refusal = refusalOf(columns, rows, {
    refused: positions.slice(0, refused.length),
    ran: positions.slice(refused.length),
  })
  return (sizes: Sizes, of = dtype) => refusal(rowOf(columns, tensorFeatures([sizes], of)))
}

test('rows that are not aligned are refused where one such row was', () => {
  const isRefused = told(
    [[333, 777]],
    [
      [624, 176],
      [1500, 1280],
      [1067, 2864],
      [16, 224],
    ],
  )
  expect([isRefused([18, 311]), isRefused([3, 1773]), isRefused([2000, 109])]).toEqual([true, true, true])
  expect([isRefused([333, 784]), isRefused([1001, 3584])]).toEqual([false, false])
})

test('rows that are longer, or shorter, than one that was refused', () => {
  const long = told(
    [[64, 32768]],
    [
      [64, 4096],
      [128, 8192],
      [32, 1024],
    ],
  )
  expect([long([64, 65536]), long([64, 40000]), long([64, 8000])]).toEqual([true, true, false])
  const short = told(
    [[64, 16]],
    [
      [64, 4096],
      [128, 8192],
      [32, 1024],
    ],
  )
  expect([short([64, 8]), short([64, 2048])]).toEqual([true, false])
})

test('say nothing where no single reason is behind them, nor of a dtype without any', () => {
  const isRefused = told(
    [[64, 64]],
    [
      [32, 32],
      [128, 128],
      [64, 32],
      [32, 64],
      [128, 64],
      [64, 128],
    ],
  )
  expect(isRefused([64, 64])).toBeUndefined()
  expect(isRefused([64, 64], 'torch.float32')).toBeUndefined()
  expect(told([], [[64, 64]])([64, 64])).toBeUndefined()
})

/** `fast` is refused where rows are not aligned; of `slow` configs `safe` runs everywhere. */
function sweepOf(status: 'invalid' | 'error'): Sweep {
  const builder = new SweepBuilder('made')
  const sizes: Sizes[] = [
    [333, 777],
    [624, 176],
    [1500, 1280],
    [1067, 2864],
    [16, 224],
    [96, 512],
  ]
  sizes.forEach(([m, n], row) => {
    const outcome = { shapeHash: `${row}`, features: tensorFeatures([[m, n]]) }
    const fails = n % 4 !== 0
    builder.add({
      ...{ ...outcome, config: { tag: 'fast' }, status: fails ? status : 'ok', samples: fails ? [] : [1] },
    })
    builder.add({ ...outcome, config: { tag: 'safe' }, status: 'ok', samples: [1.3] })
  })
  return builder.finish(undefined, undefined)
}

test('teach what to expect of shapes that nobody measured, and accidents do not', () => {
  const expected = (status: 'invalid' | 'error', sizes: Sizes) => {
    const matrix = toMatrix(sweepOf(status))
    const { columns, rows } = toColumns(matrix.shapes.map(({ features }) => features))
    const column = matrix.configs.findIndex(({ data }) => data.tag === 'fast')
    return teach(matrix, columns, rows).forbidden.expected(rowOf(columns, tensorFeatures([sizes])), column)
  }
  expect([expected('invalid', [700, 1001]), expected('invalid', [700, 1008])]).toEqual([true, false])
  // Far from the one that failed.
  expect(expected('error', [20, 203])).toBe(false)
  expect(expected('invalid', [20, 203])).toBe(true)
})

test('modules choose what can be built', () => {
  const decision = decide(sweepOf('invalid'), toSettings())
  const module = runModule(moduleText(decision, { tool: 't', device: 'd' }), 'made', 'm.ts')
  const chosen = (sizes: Sizes) => module.autotune(...argumentsOf(tensorFeatures([sizes]))).tag
  expect([chosen([20, 203]), chosen([900, 1001]), chosen([900, 1008])]).toEqual(['safe', 'safe', 'fast'])
})
