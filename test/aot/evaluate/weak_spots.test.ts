/**
 * Where the published method (greedy counting, entropy tree on labels) goes wrong, and what happens here
 * instead. Subsets, readers, guards and builds have their cases beside their own tests.
 */
import { describe, expect, test } from 'vitest'
import type { Decision } from '../../../src/aot/evaluate/decide/decision.ts'
import { toColumns } from '../../../src/aot/evaluate/features/columns.ts'
import type { Features } from '../../../src/heuristics/features.ts'
import { helionMethod } from './helion_method.ts'
import { native } from './native.ts'
import { byHand, type MadeSweep, tensorFeatures, toSweep } from './sweeps.ts'

const { argumentsOf, decide, evaluateModule, moduleText, runModule, toSettings } = native

function build(
  made: MadeSweep,
  options = {},
): { decision: Decision; text: string; tag: (f: Features) => unknown } {
  const decision = decide(toSweep(made), toSettings(options))
  const text = moduleText(decision, { tool: 't', device: 'd' })
  const module = runModule(text, made.kernel, 'm.ts')
  return { decision, text, tag: (features) => module.autotune(...argumentsOf(features)).tag }
}

const GRID = [64, 128, 256, 512, 1024, 2048]
const PAIRS = GRID.flatMap((a) => GRID.map((b) => [a, b] as const))

describe('the published method', () => {
  test('fails on XOR, where a tree on losses is right (see known answers)', () => {
    const isSame = ([a = 0, b = 0]: readonly number[]) => a > 400 === b > 400
    const points = [2, 3, 2, 3, 2, 3, 2, 3].flatMap((b, i) => [[(i % 2) * 1000 + 100, b * 200, i] as const])
    const balanced = [
      [100, 100],
      [100, 1000],
      [1000, 100],
      [1000, 1000],
    ]
    const choose = helionMethod(
      balanced,
      balanced.map((pair) => (isSame(pair) ? [1, 3] : [3, 1])),
    )
    expect(points).toHaveLength(8)
    expect(balanced.filter((pair) => choose(pair) !== (isSame(pair) ? 0 : 1))).not.toHaveLength(0)
  })

  test('follows noise', () => {
    const shapes = PAIRS.slice(0, 32)
    const times = shapes.map((_, row) => [1, 1 + 5e-4 * Math.sin(row * 7)])
    const choose = helionMethod(shapes, times, 10, 1.0001)
    expect(new Set(shapes.map(choose)).size).toBe(2)
    expect(build(byHand(shapes, times)).decision.leaves).toHaveLength(1)
  })
})

test('features of all shapes count, not only of the first', () => {
  const shapes: readonly Features[] = GRID.flatMap((n) => [tensorFeatures([[n]]), tensorFeatures([[n, 64]])])
  const made: MadeSweep = {
    kernel: 'ranks',
    shapes,
    configs: [{ tag: 0 }, { tag: 1 }],
    times: shapes.map((features) => (features.arg0_ndim === 1 ? [1, 2] : [2, 1])),
  }
  const { tag } = build(made)
  expect(shapes.map(tag)).toEqual(shapes.map((features) => (features.arg0_ndim === 1 ? 0 : 1)))
})

test('a feature with all values different does not push out the others', () => {
  const shapes = PAIRS.map(([a, b], row) => ({ key_0: 1000 + row, key_1: a, key_2: b }))
  const { columns, dropped } = toColumns(shapes)
  expect(columns.map(({ name }) => name)).toEqual(['key_0', 'key_1', 'key_2'])
  expect(dropped).toEqual([])
  const twins = toColumns(
    shapes.map(({ key_1, key_2 }) => ({ key_1, key_2, key_3: 2 * key_1 + 1, key_4: 7 })),
  )
  expect(twins.dropped).toEqual([
    { name: 'key_3', reason: 'moves in step with key_1' },
    { name: 'key_4', reason: 'the same in every shape' },
  ])
})

test('dtypes of one size are told apart', () => {
  const shapes = GRID.flatMap((n) =>
    ['torch.float16', 'torch.bfloat16'].map((d) => tensorFeatures([[n, 64]], d)),
  )
  const made: MadeSweep = {
    kernel: 'dtypes',
    shapes,
    configs: [{ tag: 0 }, { tag: 1 }],
    times: shapes.map((features) => (features.arg0_dtype === 'torch.float16' ? [1, 2] : [2, 1])),
  }
  const { tag, text } = build(made)
  expect(shapes.map(tag)).toEqual(shapes.map((features) => (features.arg0_dtype === 'torch.float16' ? 0 : 1)))
  expect(text).toMatch(/dtype !== 'torch\.b?float16'/)
})

test('the nearest neighbour of 8191 x 64 is 8192 x 64, and the module says which backend made it', () => {
  const shapes = [
    [64, 64],
    [8192, 64],
    [64, 8192],
    [8192, 8192],
  ]
  const times = shapes.map((_, row) => shapes.map((_, column) => (row === column ? 1 : 2)))
  const { tag, text } = build(byHand(shapes, times), { backend: 'nearest_neighbor' })
  expect(tag(tensorFeatures([[8191, 64]]))).toBe(1)
  expect(tag(tensorFeatures([[60, 9000]]))).toBe(2)
  expect(text).toContain("backend: 'nearest_neighbor'")
})

test('statistics are of the emitted text, and a text that contradicts its build is refused', () => {
  const made = byHand(
    PAIRS,
    PAIRS.map(([a]) => (a < 400 ? [1, 2] : [2, 1])),
  )
  const { decision, text } = build(made)
  const { statistics, coverage, shapes } = evaluateModule(text, 'm.ts', decision)
  expect({ coverage, geomean: statistics.geomean, shapes: shapes.length }).toEqual({
    coverage: 1,
    geomean: 1,
    shapes: 36,
  })
  const flipped = text.replace(/<= (\d+)\) return/, '<= 1) return')
  expect(flipped).not.toBe(text)
  expect(() => evaluateModule(flipped, 'm.ts', decision)).toThrow(
    /m\.ts chooses \d for shape \w+, the build \d/,
  )
})

test('a module says where it comes from', () => {
  const { text } = build(byHand([[64, 64]], [[1]]))
  const { meta } = runModule(text, 'made', 'm.ts')
  expect(meta).toMatchObject({
    format: 1,
    kernel: 'made',
    device: 'd',
    tool: 't',
    goal: 'max_slowdown <= 1.1',
  })
  expect(meta.leaves).toEqual([{ choice: 0, shapes: 1, heldOut: null, hull: {} }])
})
