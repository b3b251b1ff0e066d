/**
 * Where the published method goes wrong, and what happens here instead: each case is tried on both. Readers,
 * guards, options and builds have their cases beside their own tests.
 */
import { describe, expect, test } from 'vitest'
import type { Decision } from '../../../src/aot/evaluate/decide/decision.ts'
import { withCodeHash } from '../../../src/aot/evaluate/emit/code_hash.ts'
import { toColumns } from '../../../src/aot/evaluate/features/columns.ts'
import type { Features } from '../../../src/heuristics/features.ts'
import { Random } from '../../../src/support/random.ts'
import { helionMethod, helionNeighbour, helionOnFeatures, helionSubset } from './helion_method.ts'
import { native } from './native.ts'
import { byHand, type MadeSweep, tensorFeatures, toSweep } from './sweeps.ts'

const { argumentsOf, decide, evaluateModule, moduleText, runModule, toSettings } = native

interface Built {
  readonly decision: Decision
  readonly text: string
  /** The tag of the config that the emitted module chooses. */
  readonly tag: (features: Features) => unknown
}

function build(made: MadeSweep, options = {}): Built {
  const decision = decide(toSweep(made), toSettings(options))
  const text = moduleText(decision, { tool: 't', device: 'd' })
  const module = runModule(text, made.kernel, 'm.ts')
  return { decision, text, tag: (features) => module.autotune(...argumentsOf(features)).tag }
}

/** The published method on a sweep: the position of its choice. */
function published(made: MadeSweep): (features: Features) => number {
  return helionOnFeatures(made.shapes, timesOf(made))
}

function timesOf({ times }: MadeSweep): readonly (readonly number[])[] {
  return times.map((row) => row.map((time) => time ?? Number.POSITIVE_INFINITY))
}

/** A sweep over sizes of one dimension beside a constant one. */
function bySize(sizes: readonly number[], time: (size: number, row: number) => (number | null)[]): MadeSweep {
  return byHand(
    sizes.map((size) => [size, 64]),
    sizes.map(time),
  )
}

function ofSize(size: number): Features {
  return tensorFeatures([[size, 64]])
}

const GRID = [64, 128, 256, 512, 1024, 2048]
const PAIRS = GRID.flatMap((a) => GRID.map((b) => [a, b] as const))

describe('trees', () => {
  test('a loss of 10 times counts for more than three of 0.1 %', () => {
    const made = bySize([8, 64, 64, 64, 64, 512, 1024, 2048], (size, row) =>
      size === 8 ? [3, 1] : size > 64 || row === 4 ? [1, 10] : [1.001, 1],
    )
    expect(published(made)(ofSize(64))).toBe(1)
    expect(build(made).tag(ofSize(64))).toBe(0)
  })

  test('noise makes no branches', () => {
    const shapes = PAIRS.slice(0, 32)
    const times = shapes.map((_, row) => [1, 1 + 5e-4 * Math.sin(row * 7)])
    const choose = helionMethod(shapes, times, 10, 1.0001)
    expect(new Set(shapes.map(choose)).size).toBe(2)
    expect(build(byHand(shapes, times)).decision.leaves).toHaveLength(1)
  })

  test('1025 fares like 1024, not like 4096', () => {
    const made = bySize([256, 512, 1024, 4096, 8192, 16384], (size) => (size <= 1024 ? [1, 2] : [2, 1]))
    const choose = published(made)
    const { tag } = build(made)
    expect([1024, 1025].map((size) => choose(ofSize(size)))).toEqual([0, 1])
    expect([1024, 1025].map((size) => tag(ofSize(size)))).toEqual([0, 0])
  })

  test('XOR', () => {
    const isSame = ([a = 0, b = 0]: readonly number[]) => a > 400 === b > 400
    const corners = [
      [100, 100],
      [100, 1000],
      [1000, 100],
      [1000, 1000],
    ]
    const choose = helionMethod(
      corners,
      corners.map((pair) => (isSame(pair) ? [1, 3] : [3, 1])),
    )
    expect(corners.filter((pair) => choose(pair) !== (isSame(pair) ? 0 : 1))).not.toHaveLength(0)
    const { tag } = build(
      byHand(
        PAIRS,
        PAIRS.map((pair) => (isSame(pair) ? [1, 3] : [3, 1])),
      ),
    )
    expect(PAIRS.filter((pair) => tag(tensorFeatures([pair])) !== (isSame(pair) ? 0 : 1))).toEqual([])
  })

  test('a tie goes to the config that is better over all', () => {
    const made = bySize([32, 64, 64, 128, 256, 512, 8192], (size, row) =>
      size === 8192 ? [1, 2] : size === 64 ? (row === 1 ? [1, 1.01] : [1.01, 1]) : [1.3, 1],
    )
    expect(published(made)(ofSize(64))).toBe(0)
    expect(build(made).tag(ofSize(64))).toBe(1)
  })

  test('a shape that nothing can run does not steer its neighbours', () => {
    const made = bySize([128, 256, 512, 1024, 2048, 4096, 8192, 16384], (size) =>
      size === 8192 ? [null, null] : size <= 1024 ? [1, 2] : [2, 1],
    )
    expect(published(made)(ofSize(8000))).toBe(0)
    const { tag, decision } = build(made)
    expect(tag(ofSize(8000))).toBe(1)
    expect(decision.warnings.join()).toContain('no config runs on 1 shape (shape0006): left out')
  })

  test('nobody is told that label accuracy is quality', () => {
    const made = bySize(GRID, (size) => (size <= 256 ? [1, 1.001] : [1.001, 1]))
    const { decision } = build(made)
    expect(decision.leaves).toHaveLength(1)
    expect(decision.training.geomean).toBeLessThan(1.001)
  })
})

describe('the choice of configs', () => {
  const ours = (times: readonly (readonly (number | null)[])[], options = {}) => {
    const shapes = times.map((_, row) => [8 * (row + 1), 64])
    const { decision } = build(byHand(shapes, times), { configPrice: 10, outside: 'tree', ...options })
    return { ...decision, tags: decision.configs.map(({ tag }) => tag).sort() }
  }

  test.each(['geomean', 'avg'] as const)(
    '%s: by how much the goal comes nearer, not in order of hashes',
    (goal) => {
      const table = [
        [1.5, 1.4, 1, 3],
        [1.5, 1.4, 1, 3],
        [1.5, 1.4, 3, 1],
        [1.5, 1.4, 3, 1],
      ]
      expect(helionSubset(table, { goal, threshold: 1.05 })).toEqual([0, 1, 2, 3])
      expect(ours(table, { goal: `${goal}_slowdown`, threshold: 1.05 }).tags).toEqual([2, 3])
    },
  )

  test('of two that satisfy the goal, the faster', () => {
    const table = GRID.map(() => [1.09, 1])
    expect(helionSubset(table)).toEqual([0])
    expect(ours(table).tags).toEqual([1])
  })

  test('two where the greedy choice keeps three', () => {
    const table = [
      [1, 9, 9],
      [1, 9, 1],
      [9, 1, 1],
      [9, 1, 9],
      [1, 9, 1],
      [9, 1, 1],
    ].map(([a = 0, b = 0, c = 0]) => [c, a, b])
    expect(helionSubset(table)).toEqual([0, 1, 2])
    expect(ours(table).tags).toEqual([1, 2])
  })

  test('--max-configs is a total, and what it leaves uncovered is said', () => {
    const table = GRID.map((_, row) =>
      GRID.map((_, column) => (row >> 1 === column >> 1 ? (row === column ? 1 : 2) : null)),
    )
    const forbidden = table.map((row) => row.map((time) => time ?? Number.POSITIVE_INFINITY))
    expect(helionSubset(forbidden, { maxConfigs: 2 })).toHaveLength(6)
    const { configs, goal, warnings } = ours(table, { maxConfigs: 2 })
    expect(configs).toHaveLength(2)
    expect(goal).toMatchObject({ met: false, statistic: Number.POSITIVE_INFINITY })
    expect(warnings.join('\n')).toMatch(/goal .* is not met[\s\S]*no kept config runs on 2 shapes/)
  })
})

describe('features', () => {
  test('of all shapes, not only of the first', () => {
    // The first shape of the sweep, in the order of their texts, is 1024.
    const shapes = GRID.flatMap((n): Features[] =>
      n === 1024 ? [ofSize(n)] : [ofSize(n), { ...ofSize(n), arg1_scalar: 2 }],
    )
    const made: MadeSweep = {
      kernel: 'optional',
      shapes,
      configs: [{ tag: 0 }, { tag: 1 }],
      times: shapes.map((features) => (features.arg1_scalar ? [2, 1] : [1, 2])),
    }
    const right = shapes.map((features) => (features.arg1_scalar ? 1 : 0))
    expect(shapes.map(build(made).tag)).toEqual(right)
    expect(shapes.map(published(made))).not.toEqual(right)
  })

  test('one with all values different does not push out the others', () => {
    const numbers = new Random(4).shuffle(PAIRS.map((_, row) => 1000 + row))
    const shapes = PAIRS.map(([a, b], row) => ({ key_0: numbers[row] ?? 0, key_1: a, key_2: b }))
    const made: MadeSweep = {
      kernel: 'keys',
      shapes,
      configs: [{ tag: 0 }, { tag: 1 }],
      times: shapes.map(({ key_1 }) => (key_1 <= 256 ? [1, 2] : [2, 1])),
    }
    const unseen = shapes.map((shape, row) => ({ ...shape, key_0: 1000.5 + ((row * 7) % 36) }))
    const right = shapes.map(({ key_1 }) => (key_1 <= 256 ? 0 : 1))
    expect(unseen.map(build(made).tag)).toEqual(right)
    expect(unseen.map(published(made))).not.toEqual(right)
    const twins = toColumns(
      shapes.map(({ key_1, key_2 }) => ({ key_1, key_2, key_3: 2 * key_1 + 1, key_4: 7 })),
    )
    expect(twins.dropped).toEqual([
      { name: 'key_3', reason: 'moves in step with key_1' },
      { name: 'key_4', reason: 'the same in every shape' },
    ])
  })

  test('texts count: dtypes of one size are told apart', () => {
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
    const right = shapes.map((features) => (features.arg0_dtype === 'torch.float16' ? 0 : 1))
    expect(shapes.map(tag)).toEqual(right)
    expect(shapes.map(published(made))).not.toEqual(right)
    expect(text).toMatch(/dtype !== 'torch\.b?float16'/)
  })

  test('an absent value of a key function keeps its place', () => {
    const shapes = GRID.flatMap((key_1): Features[] => [{ key_1 }, { key_0: 3, key_1 }])
    const made: MadeSweep = {
      kernel: 'places',
      shapes,
      configs: [{ tag: 0 }, { tag: 1 }],
      times: shapes.map(({ key_1 }) => (Number(key_1) <= 256 ? [1, 2] : [2, 1])),
    }
    const module = runModule(build(made).text, 'places', 'm.ts')
    expect([module.autotune(null, 64).tag, module.autotune(null, 2048).tag]).toEqual([0, 1])
  })
})

test('the nearest neighbour of 8191 x 64 is 8192 x 64, and the module says which backend made it', () => {
  const shapes = [
    [64, 64],
    [8192, 64],
    [64, 8192],
    [8192, 8192],
  ]
  const times = shapes.map((_, row) => shapes.map((_, column) => (row === column ? 1 : 2)))
  expect(helionNeighbour(shapes, [8191, 64])).toBe(0)
  const { tag, text } = build(byHand(shapes, times), { backend: 'nearest_neighbor' })
  expect(tag(tensorFeatures([[8191, 64]]))).toBe(1)
  expect(tag(tensorFeatures([[60, 9000]]))).toBe(2)
  expect(text).toContain("backend: 'nearest_neighbor'")
})

describe('verdicts', () => {
  const made = byHand(
    PAIRS,
    PAIRS.map(([a]) => (a < 400 ? [1, 2] : [2, 1])),
  )

  test('are of the emitted text; a text that contradicts its build is refused', () => {
    const { decision, text } = build(made)
    const { statistics, coverage, shapes } = evaluateModule(text, 'm.ts', decision)
    expect({ coverage, geomean: statistics.geomean, shapes: shapes.length }).toEqual({
      coverage: 1,
      geomean: 1,
      shapes: 36,
    })
    const edited = text.replace(/<= (\d+)\) return/, '<= 1) return')
    expect(edited).not.toBe(text)
    expect(() => evaluateModule(edited, 'm.ts', decision)).toThrow('m.ts was edited after it was generated')
    const nodes = /nodes: \[\[0, [\d.]+\]/
    const flipped = text.replace(nodes, 'nodes: [[0, 1]').replace(/\n {2}codeHash: .*/, '')
    expect(flipped).not.toBe(text.replace(/\n {2}codeHash: .*/, ''))
    expect(() => evaluateModule(withCodeHash(flipped), 'm.ts', decision)).toThrow(
      /m\.ts chooses \d for shape \w+, the build \d/,
    )
  })

  test('shapes that nothing can run count as not covered', () => {
    const { decision, text } = build(bySize(GRID, (size) => (size === 64 ? [null] : [1])))
    expect(evaluateModule(text, 'm.ts', decision).coverage).toBeCloseTo(5 / 6, 9)
  })
})

test('a module says where it comes from, and for which shapes each choice was seen', () => {
  const { text } = build(bySize(GRID, (size) => (size <= 256 ? [1, 2] : [2, 1])))
  const { meta } = runModule(text, 'made', 'm.ts')
  expect(meta).toMatchObject({
    format: 2,
    kernel: 'made',
    device: 'd',
    tool: 't',
    goal: 'max_slowdown <= 1.1',
    fallbacks: [0, 1],
  })
  expect(meta.leaves?.map(({ shapes, hull }) => ({ shapes, hull }))).toEqual([
    { shapes: 3, hull: { arg0_dim0: [64, 256] } },
    { shapes: 3, hull: { arg0_dim0: [512, 2048] } },
  ])
})
