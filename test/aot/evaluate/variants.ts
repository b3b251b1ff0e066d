/** Sweeps and options that between them make every kind of module. */
import type { DecisionOptions } from '../../../src/aot/evaluate/decide/settings.ts'
import { type MadeSweep, matmulSweep, rowSweep } from './sweeps.ts'

export const VARIANTS: readonly (readonly [name: string, made: MadeSweep, options: DecisionOptions])[] = [
  ['tree', matmulSweep(1, 40, 12), {}],
  ['irregular', matmulSweep(2, 40, 12, true), { outside: 'safe' }],
  ['nearest', rowSweep(3, 40, 10), { outside: 'nearest' }],
  ['table', rowSweep(4, 30, 8), { backend: 'nearest_neighbor' }],
  ['single', rowSweep(5, 20, 8), { singleConfig: true }],
  ['cart', rowSweep(6, 40, 8), { backend: 'ml_cart', outside: 'tree' }],
  ['keys', keySweep(), {}],
  ['keys table', keySweep(), { backend: 'nearest_neighbor' }],
  ['free names', freeNames(), {}],
]

function keySweep(): MadeSweep {
  const shapes = [1, 2, 3, 4, 5, 6, 7, 8].flatMap((n) =>
    ['p', 'q', 'r'].map((key_0) => ({ key_0, key_2: 2 ** n })),
  )
  return {
    kernel: 'with_key',
    shapes,
    configs: [{ tag: 0 }, { tag: 1 }, { tag: 2 }],
    times: shapes.map(({ key_0, key_2 }) => (key_0 === 'p' ? [1, 2, 3] : key_2 > 30 ? [2, 1, 3] : [3, 2, 1])),
  }
}

function freeNames(): MadeSweep {
  const shapes = [1, 2, 4, 8, 16, 32, 64].flatMap((m) =>
    [1, 2, 3].map((size) => ({ m: m * 100, size, class: 'x' })),
  )
  return {
    kernel: 'free',
    shapes,
    configs: [{ tag: 0 }, { tag: 1 }],
    times: shapes.map(({ m, size }) => (m * size > 1500 ? [1, 2] : [2, 1])),
  }
}
