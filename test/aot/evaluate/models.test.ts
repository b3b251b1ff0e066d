/** All models by the same rules; and the default one against the method it replaces, on shapes held out. */
import { describe, expect, test } from 'vitest'
import { friendlyBetween } from '../../../src/aot/evaluate/learn/friendly.ts'
import { BACKENDS } from '../../../src/aot/evaluate/models/backends.ts'
import { Random } from '../../../src/support/random.ts'
import { stableStringify } from '../../../src/support/stable.ts'
import { helionMethod } from './helion_method.ts'
import { native } from './native.ts'
import { byHand, type MadeSweep, matmulSweep, part, rowSweep, toSweep } from './sweeps.ts'

const { argumentsOf, decide, moduleText, runModule, toSettings } = native

const SWEEPS = { matmul: matmulSweep(21, 14, 10), rows: rowSweep(22, 14, 10) }

describe.each(Object.keys(BACKENDS))('%s', (backend) => {
  test.each(Object.keys(SWEEPS) as (keyof typeof SWEEPS)[])('on %s', (name) => {
    const made = SWEEPS[name]
    const decision = decide(toSweep(made), toSettings({ backend }))
    const shuffled = decide(toSweep(shuffledRows(made)), toSettings({ backend }))
    expect(decision.backend).toBe(backend)
    expect(decision.configs.length).toBeLessThanOrEqual(10)
    expect(decision.training.forbidden).toBe(0)
    expect(decision.heldOut?.shapes).toBe(28)
    expect(decision.training.geomean).toBeGreaterThanOrEqual(1)
    expect(decision.leaves.reduce((sum, leaf) => sum + leaf.shapes, 0)).toBe(14)
    expect(decision.comparison.map((model) => model.backend)).toEqual(Object.keys(BACKENDS))
    const emit = { tool: 't', device: 'd' }
    const choices = [decision, shuffled].map((d) => {
      const module = runModule(moduleText(d, emit), made.kernel, 'm.ts')
      return made.shapes.map((features) => stableStringify(module.autotune(...argumentsOf(features))))
    })
    expect(decision.training.geomean).toBeLessThan(1.4)
    expect(choices[0]).toEqual(choices[1])
  })
})

test('the nearest neighbour learns which sizes count', () => {
  const random = new Random(8)
  const shapes = Array.from({ length: 40 }, () => [2 ** random.int(4, 12), 2 ** random.int(4, 12)])
  const times = shapes.map(([a = 0]) => (a <= 64 ? [1, 2, 3] : a <= 512 ? [2, 1, 3] : [3, 2, 1]))
  const { program } = decide(toSweep(byHand(shapes, times)), toSettings({ backend: 'nearest_neighbor' }))
  const [first, second] = program.kind === 'table' ? program.axes : []
  expect((first?.weight ?? 0) / (second?.weight ?? 1)).toBeGreaterThan(8)
})

test('held-out regret is well below that of greedy selection and an entropy tree', () => {
  const ours: number[] = []
  const theirs: number[] = []
  for (const made of [matmulSweep(31, 28, 12), matmulSweep(32, 28, 12, true), rowSweep(33, 28, 12)]) {
    const order = new Random(5).shuffle(made.shapes.map((_, row) => row))
    const test = order.filter((_, index) => index % 4 === 0)
    const train = order.filter((_, index) => index % 4 !== 0)
    const pick = fitOurs(part(made, train))
    const pickTheirs = fitTheirs(part(made, train))
    for (const row of test) {
      ours.push(regret(made, row, pick(made, row)))
      theirs.push(regret(made, row, pickTheirs(made, row)))
    }
  }
  const excess = (regrets: readonly number[]) =>
    Math.exp(regrets.reduce((s, r) => s + Math.log(r), 0) / regrets.length) - 1
  const p95 = (regrets: readonly number[]) =>
    [...regrets].sort((a, b) => a - b)[Math.floor(0.95 * regrets.length)] ?? 0
  expect(excess(ours)).toBeLessThan(0.6 * excess(theirs))
  expect(p95(ours) - 1).toBeLessThan(0.6 * (p95(theirs) - 1))
})

test('round numbers between others', () => {
  expect(friendlyBetween(1024, 4096)).toBe(2000)
  expect(friendlyBetween(1000, 1100)).toBe(1024)
  expect(friendlyBetween(1100, 1200)).toBe(1150)
  expect(friendlyBetween(0, 64)).toBe(30)
  expect(friendlyBetween(120, 140)).toBe(128)
  expect(friendlyBetween(5, Number.POSITIVE_INFINITY)).toBe(5)
  const random = new Random(1)
  for (let step = 0; step < 2000; step++) {
    const low = 2 ** (40 * random.next() - 10)
    const high = low * (1 + 3 * random.next() ** 8)
    const number = friendlyBetween(low, high)
    expect(number >= low && number < high, `${low} ${number} ${high}`).toBe(high > low)
  }
})

type Pick = (made: MadeSweep, row: number) => number

function fitOurs(train: MadeSweep): Pick {
  const module = runModule(
    moduleText(decide(toSweep(train), toSettings()), { tool: 't', device: 'd' }),
    train.kernel,
    'm',
  )
  const names = train.configs.map((config) => stableStringify(config))
  return (made, row) =>
    names.indexOf(stableStringify(module.autotune(...argumentsOf(made.shapes[row] ?? {}))))
}

function fitTheirs(train: MadeSweep): Pick {
  const names = Object.keys(train.shapes[0] ?? {}).filter(
    (name) => typeof train.shapes[0]?.[name] === 'number',
  )
  const point = (made: MadeSweep, row: number) => names.map((name) => Number(made.shapes[row]?.[name] ?? 0))
  const times = train.times.map((row) => row.map((time) => time ?? Number.POSITIVE_INFINITY))
  const choose = helionMethod(
    train.shapes.map((_, row) => point(train, row)),
    times,
  )
  return (made, row) => choose(point(made, row))
}

/** A forbidden choice counts as 10 times as slow. */
function regret(made: MadeSweep, row: number, config: number): number {
  const times = made.times[row] ?? []
  const best = Math.min(...times.map((time) => time ?? Number.POSITIVE_INFINITY))
  return (times[config] ?? 10 * best) / best
}

function shuffledRows(made: MadeSweep): MadeSweep {
  return part(made, new Random(77).shuffle(made.shapes.map((_, row) => row)))
}
