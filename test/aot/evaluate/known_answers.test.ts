/** Matrices whose right answer is known, most of which a greedy entropy tree on labels gets wrong. */
import { describe, expect, test } from 'vitest'
import type { Decision } from '../../../src/aot/evaluate/decide/decision.ts'
import { readSweeps } from '../../../src/aot/evaluate/input/read_sweeps.ts'
import type { Sweep } from '../../../src/aot/evaluate/input/sweep.ts'
import { lossesOf, regretOf, toMatrix } from '../../../src/aot/evaluate/matrix.ts'
import { Random } from '../../../src/support/random.ts'
import { native } from './native.ts'
import { byHand, type MadeSweep, tensorFeatures, toSweep } from './sweeps.ts'

const { argumentsOf, decide, moduleText, runModule, toSettings } = native

function build(made: MadeSweep, options = {}): Decision {
  return decide(toSweep(made), toSettings(options))
}

/** The tag of the config that the emitted module chooses for sizes of one argument. */
function chooser(decision: Decision): (sizes: readonly number[]) => unknown {
  const text = moduleText(decision, { tool: 'test', device: 'test' })
  const module = runModule(text, decision.kernel, 'test.ts')
  return (sizes) => module.autotune(...argumentsOf(tensorFeatures([sizes]))).tag
}

const GRID = [64, 128, 256, 512, 1024, 2048]
const PAIRS = GRID.flatMap((a) => GRID.map((b) => [a, b] as const))

describe('a tree', () => {
  test('answers XOR of two sizes', () => {
    const large = (size: number) => size > 400
    const choose = chooser(
      build(
        byHand(
          PAIRS,
          PAIRS.map(([a, b]) => (large(a) === large(b) ? [1, 3] : [3, 1])),
        ),
      ),
    )
    for (const [a, b] of PAIRS) expect(choose([a, b]), `${a}x${b}`).toBe(large(a) === large(b) ? 0 : 1)
  })

  test('answers XOR of two categories', () => {
    const values = ['p', 'q'].flatMap((a) =>
      ['r', 's'].flatMap((b) => [1, 2, 3, 4, 5, 6].map((n) => ({ a, b, n }))),
    )
    const made: MadeSweep = {
      kernel: 'made',
      shapes: values.map(({ a, b, n }) => ({ key_0: a, key_1: b, key_2: n })),
      configs: [{ tag: 0 }, { tag: 1 }],
      times: values.map(({ a, b }) => ((a === 'p') === (b === 'r') ? [1, 2] : [2, 1])),
    }
    const decision = build(made)
    const module = runModule(moduleText(decision, { tool: 't', device: 'd' }), 'made', 'made.ts')
    for (const { a, b, n } of values)
      expect(module.autotune(a, b, n).tag, `${a}${b}${n}`).toBe((a === 'p') === (b === 'r') ? 0 : 1)
  })

  test('weighs what a choice costs, not how often a config is first', () => {
    const shapes = GRID.slice(0, 4).map((size) => [size, 64])
    const decision = build(
      byHand(shapes, [
        [1, 1.001],
        [1, 1.001],
        [1, 1.001],
        [10, 1],
      ]),
      { maxConfigs: 1 },
    )
    expect(decision.configs).toEqual([{ num_warps: 2, tag: 1 }])
  })

  test('is one leaf on pure noise', () => {
    for (const seed of [1, 2, 3, 4, 5, 6]) {
      const random = new Random(seed)
      const times = PAIRS.map(() => [1, 1, 1, 1].map(() => 1 + 0.03 * (random.next() - 0.5)))
      const decision = build(byHand(PAIRS, times))
      expect(decision.leaves.length, `seed ${seed}`).toBe(1)
    }
  })

  test('is one leaf on two equal configs with a jitter of 0.05 %', () => {
    const random = new Random(9)
    const shapes = PAIRS.slice(0, 32)
    const times = shapes.map(() => [1 + 5e-4 * random.next(), 1 + 5e-4 * random.next()])
    expect(build(byHand(shapes, times)).leaves).toHaveLength(1)
  })

  test('cuts between training values, so that 1025 stays with 1024', () => {
    const sizes = [256, 512, 1024, 4096, 8192, 16384]
    const choose = chooser(
      build(
        byHand(
          sizes.map((n) => [n, 64]),
          sizes.map((n) => (n <= 1024 ? [1, 2] : [2, 1])),
        ),
      ),
    )
    expect([1024, 1025, 1500].map((n) => choose([n, 64]))).toEqual([0, 0, 0])
    expect([4096, 4000, 3000].map((n) => choose([n, 64]))).toEqual([1, 1, 1])
  })

  test('gives a rare shape its config where the common one would be slow', () => {
    const sizes = [1, 1024, 1100, 1200, 1300, 1400, 1500, 1600, 1700, 1800]
    const choose = chooser(
      build(
        byHand(
          sizes.map((n) => [n, 4096]),
          sizes.map((n) => (n === 1 ? [8, 1] : [1, 8])),
        ),
      ),
    )
    expect(choose([1, 4096])).toBe(1)
    expect(choose([1500, 4096])).toBe(0)
  })

  test('is not steered by a shape that no kept config can run', () => {
    const sizes = [128, 256, 512, 1024, 2048]
    const times = sizes.map((n) => (n === 512 ? [null, null] : [1, 1.5]))
    const decision = build(
      byHand(
        sizes.map((n) => [n, 64]),
        times,
      ),
    )
    expect(decision.leaves).toHaveLength(1)
    expect(decision.warnings.join()).toContain('no config runs on 1 shape')
  })
})

describe('forbidden configs', () => {
  test('are not chosen, however fast elsewhere', () => {
    const times = PAIRS.map(([a, b]) => (a * b > 500_000 ? [null, 2] : [1, 2]))
    const decision = build(byHand(PAIRS, times))
    expect(decision.training.forbidden).toBe(0)
    const choose = chooser(decision)
    for (const [a, b] of PAIRS) expect(choose([a, b]), `${a}x${b}`).toBe(a * b > 500_000 ? 1 : 0)
    expect(choose([4096, 4096])).toBe(1)
  })

  test('are not chosen on a single measured shape either, though all others speak for them', () => {
    const isHole = ([a = 0, b = 0]: readonly number[]) => a === 256 && b === 512
    const times = PAIRS.map((pair) => [isHole(pair) ? null : 1, 3])
    const decision = build(byHand(PAIRS, times))
    const choose = chooser(decision)
    expect(PAIRS.filter((pair) => choose(pair) !== (isHole(pair) ? 1 : 0))).toEqual([])
    expect(decision.training.forbidden).toBe(0)
  })

  test('leave partitions, each with its own config', () => {
    const times = PAIRS.map(([a]) =>
      a <= 128 ? [1, null, null] : a <= 512 ? [null, 1, null] : [null, null, 1],
    )
    const decision = build(byHand(PAIRS, times))
    expect(decision.configs).toHaveLength(3)
    expect(decision.training).toMatchObject({ geomean: 1, forbidden: 0 })
  })

  test('cap the total of all partitions and say what is left uncovered', () => {
    const times = PAIRS.map(([a]) =>
      a <= 128 ? [1, null, null] : a <= 512 ? [null, 1, null] : [null, null, 1],
    )
    const decision = build(byHand(PAIRS, times), { maxConfigs: 2 })
    expect(decision.configs).toHaveLength(2)
    expect(decision.warnings.join('\n')).toContain('no kept config runs on')
    expect(decision.goal.met).toBe(false)
  })
})

/** A step in one size; a wrong config costs what the distance from it costs. */
function steps(count: number): MadeSweep {
  const sizes = Array.from({ length: count }, (_, index) => 2 ** (6 + 2 * index))
  return byHand(
    sizes.map((size) => [size]),
    sizes.map((size) => [1, size < 1000 ? 0.5 : 2 * (size / 1000)]),
  )
}

describe('small sweeps', () => {
  test('say nothing of held-out shapes where these are too few, but what is known', () => {
    const few = build(steps(7))
    expect(few.heldOut).toBeNull()
    expect(few.heldOutRegrets).toEqual([])
    expect(few.comparison.map(({ heldOut }) => heldOut)).toEqual(few.comparison.map(() => null))
    expect(few.leaves.map(({ heldOut }) => heldOut)).toEqual(few.leaves.map(() => null))
    expect(few.configs).toHaveLength(2)
    expect(few.worstOfKept).toBeCloseTo(2 * (2 ** 18 / 1000), 6)
    const text = moduleText(few, { tool: 'test', device: 'test' })
    expect(text).toContain(
      ' * Time over best time: 1.000 on these shapes: 524.29 at most with any kept config;\n' +
        ' * fewer than 8 shapes, so none were held out.\n',
    )
    expect(text).toContain('heldOut: null')
    expect(text).toMatch(/return \d \/\/ \d shapes$/m)
    const enough = build(steps(8))
    expect(enough.heldOut?.shapes).toBe(16)
    expect(enough.leaves.every(({ heldOut }) => heldOut !== null)).toBe(true)
  })

  test('hold shapes out by what would be served: outside, the safest config where that is asked for', () => {
    // What is best at the upper end is bad at the lower one, and 30 times as slow far beyond.
    const sizes = [64, 80, 96, 112, 128, 144, 160, 176, 192, 100_000]
    const made = byHand(
      sizes.map((size) => [size, 64]),
      sizes.map((size) => (size < 120 ? [2, 1] : size < 1000 ? [1, 1.2] : [30, 1])),
    )
    const heldOut = (outside: string) => {
      const { matrix, heldOutRegrets } = build(made, { outside })
      const far = matrix.shapes.findIndex(({ features }) => features.arg0_dim0 === 100_000)
      return heldOutRegrets.map((regrets) => regrets[far])
    }
    expect(heldOut('safe')).toEqual([1, 1])
    expect(heldOut('auto')).toEqual([30, 30])
    expect(heldOut('tree')).toEqual([30, 30])
  })

  test('one shape', () => {
    const decision = build(byHand([[64, 64]], [[2, 1, 3]]))
    expect(decision.configs).toEqual([{ num_warps: 2, tag: 1 }])
    expect(decision.heldOut).toBeNull()
    expect(chooser(decision)([5000, 1])).toBe(1)
  })

  test('one config', () => {
    const decision = build(
      byHand(
        PAIRS,
        PAIRS.map(([a]) => [a]),
      ),
    )
    expect(decision.leaves).toHaveLength(1)
    expect(decision.training.geomean).toBe(1)
  })

  test('two shapes', () => {
    const decision = build(
      byHand(
        [
          [64, 64],
          [4096, 64],
        ],
        [
          [1, 9],
          [9, 1],
        ],
      ),
    )
    expect(decision.training.forbidden).toBe(0)
  })

  test('all configs fail everywhere', () => {
    expect(() => build(byHand([[64, 64]], [[null, null]]))).toThrow(
      'no config of kernel made ran on any shape',
    )
  })

  test('duplicate shapes with different times', () => {
    const shapes = [...PAIRS, ...PAIRS]
    const times = shapes.map(([a], row) => (a <= 256 ? [1, 2 + row * 1e-3] : [2 + row * 1e-3, 1]))
    const decision = build(byHand(shapes, times))
    expect(decision.training.geomean).toBeLessThan(1.001)
    expect(decision.leaves).toHaveLength(2)
  })
})

test('ties go to the config that is best over all', () => {
  const times = PAIRS.map(([a]) => (a <= 256 ? [1, 1] : [1, 1.2]))
  expect(build(byHand(PAIRS, times)).configs).toEqual([{ num_warps: 1, tag: 0 }])
})

describe('noise', () => {
  const random = new Random(12)

  /** A sweep of records with five samples a cell, scattered by `spread`. */
  function sampled(
    pairs: readonly (readonly number[])[],
    times: readonly number[][],
    spread: number,
    warm: readonly number[] = [],
  ): Sweep {
    const lines = pairs.flatMap((pair, row) =>
      (times[row] ?? []).map((time, tag) => {
        const samples = [0, 1, 2, 3, 4].map(() => time * (1 + spread * (random.next() - 0.5)))
        return JSON.stringify({
          event: 'measurement',
          kernel: 'made',
          shape_hash: pair.join('x'),
          config: { tag },
          shape_features: tensorFeatures([pair]),
          status: 'ok',
          samples,
          timing_ms: samples[2],
          ...(warm[tag] === undefined ? {} : { warm_ms: warm[tag] }),
        })
      }),
    )
    const [sweep] = readSweeps([{ path: 'r.jsonl', lines }]).sweeps
    if (!sweep) throw new Error('no sweep')
    return sweep
  }

  /**
   * Mean loss of the slower config, as a share of what was measured: it is 0.8 % slower on half of the shapes
   * and faster on the others.
   */
  function share(spread: number): number {
    const times = PAIRS.map((_, row) => [1, row % 2 ? 1.008 : 1 / 1.008])
    const matrix = toMatrix(sampled(PAIRS, times, spread))
    const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0)
    const losses = lossesOf(matrix).map((row) => Math.max(...row))
    const gaps = matrix.shapes.map((_, row) =>
      Math.log(Math.max(...[0, 1].map((c) => regretOf(matrix, row, c)))),
    )
    return sum(losses) / sum(gaps)
  }

  test('differences within it hardly count, those beyond it do', () => {
    expect(share(0.02)).toBeLessThan(0.5)
    expect(share(0.0001)).toBeGreaterThan(0.95)
  })

  test.each([
    { cold: 1.002, warm: [1, 1.3], chosen: 0 },
    { cold: 1.002, warm: [1.3, 1], chosen: 1 },
    { cold: 1.2, warm: [1.9, 1], chosen: 0 },
  ])('warm caches break ties, and no more: $cold, $warm', ({ cold, warm, chosen }) => {
    const times = PAIRS.map(() => [1, cold])
    const decision = decide(sampled(PAIRS, times, 0.02, warm), toSettings({ maxConfigs: 1 }))
    for (const pair of PAIRS) expect(chooser(decision)(pair)).toBe(chosen)
  })

  test.each([
    [0.02, true],
    [1.5, false],
  ])('where samples scatter by %d, one shape of five has its own config: %s', (spread, own) => {
    const shapes = [
      [512, 64],
      [256, 256],
      [100, 1000],
      [64, 2048],
      [16, 8192],
    ]
    const times = [
      [1.6, 2.3],
      [6.1, 2.3],
      [2.4, 5.6],
      [2.2, 3.7],
      [2.1, 5.3],
    ]
    const decision = decide(sampled(shapes, times, spread), toSettings({}))
    expect(chooser(decision)([256, 256]) === 1).toBe(own)
    expect(decision.training.worst < 1.01).toBe(own)
  })
})

describe('what a build has to say', () => {
  test('that another backend would have been better', () => {
    const times = PAIRS.map(([a]) => (a <= 256 ? [1, 1.08] : [1.08, 1]))
    const [tree, single] = ['decision_tree', 'single_config'].map((backend) =>
      build(byHand(PAIRS, times), { backend, threshold: 1.01 }).warnings.join(),
    )
    expect(tree).toBe('')
    expect(single).toMatch(/--backend \w+ would have been better on held-out shapes: 1\.0\d+ against 1\.0/)
  })

  test('of no other backend where chance alone makes it better', () => {
    const random = new Random(5)
    const shapes = GRID.map((size) => [size, 64])
    const said = [...shapes.keys()].flatMap(() => {
      const times = [...shapes, ...shapes].map(() => [1, Math.exp(0.25 * (random.next() - 0.5))])
      const sizes = [...shapes, ...shapes.map(([size = 0]) => [size + 32, 64])]
      return build(byHand(sizes, times), { threshold: 1.01 }).warnings
    })
    expect(said.join()).not.toContain('--backend')
  })

  test('on how many shapes the default config would have been faster', () => {
    const made = byHand(
      PAIRS,
      PAIRS.map(([a]) => (a <= 64 ? [1, 1.05] : [1, 0.5])),
    )
    const sweep = toSweep(made)
    const standard = sweep.configs.findIndex(({ data }) => data.tag === 0)
    const defaultMs = (shape: number) => sweep.cell(shape, standard)?.samples[0]
    const { training } = decide({ ...sweep, defaultMs }, toSettings({ maxConfigs: 1 }))
    expect(training.worseThanDefault).toBeCloseTo(1 / 6, 9)
    expect(build(made, { maxConfigs: 1 }).training.worseThanDefault).toBeNull()
  })
})
