/** Which configs are kept: each case is one that greedy selection by counting gets wrong. */
import { expect, test } from 'vitest'
import type { GoalName } from '../../../src/aot/evaluate/select/goals.ts'
import { selectConfigs } from '../../../src/aot/evaluate/select/subset.ts'
import { Random } from '../../../src/support/random.ts'

/** Selects from a table of slowdowns; null is forbidden. */
function select(
  slowdowns: readonly (readonly (number | null)[])[],
  {
    goal = 'max_slowdown' as GoalName,
    threshold = 1.1,
    maxConfigs = 10,
    price = 1e9,
    preferred = [] as number[],
  } = {},
) {
  const losses = slowdowns.map((row) => Float64Array.from(row, (s) => (s === null ? Infinity : Math.log(s))))
  const weights = new Float64Array(losses.length).fill(1)
  const finite = losses.map((row) => row.map((loss) => Math.min(loss, 10)))
  return selectConfigs({
    measured: { losses, weights },
    atDefault: new Float64Array(losses.length).fill(Number.POSITIVE_INFINITY),
    expected: { losses: finite, weights },
    goal: { name: goal, threshold },
    maxConfigs,
    price,
    preferred: new Set(preferred),
  })
}

test('two configs where greedy takes the middle one first and needs three', () => {
  const table = [
    [1, 9, 9],
    [1, 9, 1],
    [9, 1, 1],
    [9, 1, 9],
    [1, 9, 1],
    [9, 1, 1],
  ]
  expect(select(table).configs).toEqual([0, 1])
  expect(select(table, { maxConfigs: 2 })).toMatchObject({ configs: [0, 1], goalMet: true })
})

test('of configs that cover as much, the faster', () => {
  expect(
    select([
      [1.09, 1],
      [1.09, 1],
      [1.09, 1.001],
    ]).configs,
  ).toEqual([1])
})

test.each(['geomean_slowdown', 'avg_slowdown'] as const)(
  '%s: the two that suffice, not the first four',
  (goal) => {
    const table = [
      [1.5, 1.4, 1, 3],
      [1.5, 1.4, 1, 3],
      [1.5, 1.4, 3, 1],
      [1.5, 1.4, 3, 1],
    ]
    const selection = select(table, { goal, threshold: 1.05 })
    expect(selection).toMatchObject({ configs: [2, 3], goalMet: true })
    expect(selection.statistic).toBeCloseTo(1, 9)
  },
)

test('the smallest set, compared with trying all sets', () => {
  for (let seed = 0; seed < 25; seed++) {
    const random = new Random(seed)
    const table = Array.from({ length: 14 }, () =>
      Array.from({ length: 9 }, () => (random.next() < 0.3 ? 1 : 2)),
    )
    for (const row of table) row[random.int(0, 8)] = 1
    expect(select(table).configs.length, `seed ${seed}`).toBe(smallest(table))
  }
})

test('the cap is a cap in all, across partitions, and a missed goal is said', () => {
  const table = [
    [1, null, null],
    [null, 1, null],
    [null, null, 1],
  ]
  expect(select(table).configs).toEqual([0, 1, 2])
  const capped = select(table, { maxConfigs: 2 })
  expect(capped.configs).toHaveLength(2)
  expect(capped.goalMet).toBe(false)
  expect(capped.uncovered).toHaveLength(1)
  expect(capped.statistic).toBe(Infinity)
})

test('covering a shape comes before the goal', () => {
  expect(
    select(
      [
        [1, 2],
        [1, 2],
        [null, 2],
      ],
      { maxConfigs: 1 },
    ).configs,
  ).toEqual([1])
})

test('beyond the goal a config must pay its price', () => {
  const table = [
    [1.09, 1],
    [1, 1.09],
  ]
  expect(select(table).configs).toHaveLength(1)
  expect(select(table, { price: 0.05 }).configs).toHaveLength(1)
  expect(select(table, { price: 0.01 }).configs).toEqual([0, 1])
})

test('an earlier config stays where the other is no better than the price', () => {
  const table = [
    [1, 1.001],
    [1, 1.001],
  ]
  expect(select(table, { price: 0.01 }).configs).toEqual([0])
  expect(select(table, { price: 0.01, preferred: [1] }).configs).toEqual([1])
  expect(
    select(
      [
        [1, 1.2],
        [1, 1.2],
      ],
      { price: 0.01, preferred: [1] },
    ).configs,
  ).toEqual([0])
})

function smallest(table: readonly (readonly number[])[]): number {
  const count = table[0]?.length ?? 0
  let best = count
  for (let set = 1; set < 2 ** count; set++) {
    const size = set.toString(2).replaceAll('0', '').length
    if (
      size < best &&
      table.every((row) => row.some((value, config) => (set >> config) % 2 === 1 && value <= 1.1))
    )
      best = size
  }
  return best
}
