/** A build meets its goal whenever some set of the allowed size does and features tell the shapes apart. */

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { GOALS, type GoalName } from '../../../src/aot/evaluate/select/goals.ts'
import { isOpen } from '../../../src/config/value.ts'
import { Random } from '../../../src/support/random.ts'
import { temporaryFolder } from '../../temporary_folder.ts'
import { kernelRecord, measured, RUN } from '../run/records_for_tests.ts'
import { native } from './native.ts'
import { runModule } from './run_module.ts'
import { byHand, type MadeSweep, toCsv } from './sweeps.ts'

const { runBuild } = native
const folder = temporaryFolder()
/** HELION_TEST_SWEEPS asks for more. */
const SWEEPS = Number(process.env.HELION_TEST_SWEEPS ?? 24)

function build(made: MadeSweep, options: { goal?: string; maxConfigs?: number; backend?: string } = {}) {
  const path = join(folder, 'm.csv')
  writeFileSync(path, toCsv(made))
  const outcome = runBuild({ measurements: [path], dumpCode: true, scoreMatrix: false, ...options })
  const [kernel] = outcome.result.kernels
  if (!kernel) throw new Error('nothing was built')
  return { ...kernel, exitCode: outcome.exitCode, messages: outcome.messages.join('\n') }
}

/** Times with as little system as can be, some of them missing; every shape runs with some config. */
function randomSweep(random: Random): MadeSweep {
  const shapes = random.int(2, 14)
  const configs = random.int(2, 9)
  const sizes = new Map<string, readonly number[]>()
  while (sizes.size < shapes) {
    const pair = [2 ** random.int(4, 8), 2 ** random.int(4, 8)]
    sizes.set(pair.join(), pair)
  }
  const times = Array.from({ length: shapes }, () => {
    const best = random.int(0, configs - 1)
    return Array.from({ length: configs }, (_, config) => {
      if (config === best) return 1
      return random.int(0, 9) === 0 ? null : random.choice([1, 1.05, 1.09, 1.11, 1.3, 2, 5])
    })
  })
  return byHand([...sizes.values()], times)
}

/** The best value of a goal that any set of so many configs reaches, by trying all of them. */
function bestReachable({ times }: MadeSweep, name: GoalName, most: number): number {
  const configs = times[0]?.length ?? 0
  let best = Number.POSITIVE_INFINITY
  for (let set = 1; set < 2 ** configs; set++) {
    const chosen = Array.from({ length: configs }, (_, config) => config).filter(
      (config) => (set >> config) & 1,
    )
    if (chosen.length > most) continue
    const logs = Float64Array.from(times, (row) => {
      const least = Math.min(...row.map((time) => time ?? Number.POSITIVE_INFINITY))
      return Math.log(Math.min(...chosen.map((config) => row[config] ?? Number.POSITIVE_INFINITY)) / least)
    })
    best = Math.min(best, GOALS[name].statistic({ logs, weights: new Float64Array(logs.length).fill(1) }))
  }
  return best
}

describe('random times', () => {
  const goals: readonly GoalName[] = ['max_slowdown', 'max_slowdown', 'geomean_slowdown', 'avg_slowdown']
  test.each(Array.from({ length: SWEEPS }, (_, seed) => seed))('%i', (seed) => {
    const random = new Random(seed)
    const made = randomSweep(random)
    const goal = random.choice(goals)
    const maxConfigs = random.int(1, 5)
    const best = bestReachable(made, goal, maxConfigs)
    const { exitCode, messages, decision, evaluation } = build(made, { goal, maxConfigs })
    const reachable = best <= 1.1 + 1e-6
    expect({ reachable: decision.goal.reachable, met: decision.goal.met }, `${goal} ${best}`).toEqual({
      reachable,
      met: reachable,
    })
    if (evaluation.coverage === 1) expect(exitCode).toBe(reachable ? 0 : 3)
    if (!reachable) expect(messages).toContain(`(allowed: ${maxConfigs})`)
  })
})

/** What a module chooses for each of some sizes, where one config is each size's default. */
function chosen(
  times: readonly (readonly number[])[],
  defaults: readonly number[],
  maxConfigs: number,
  mayBeOpen = false,
): readonly number[] {
  const sizes = times.map((_, row) => 64 * 4 ** row)
  const configs = (times[0] ?? []).map((_, tag) => ({ num_warps: 2 ** tag, tag }))
  const records = sizes.flatMap((size, row) =>
    configs.map((config, column) => {
      const is_default = defaults[row] === column
      return measured('plain', size, config, times[row]?.[column] ?? null, is_default ? { is_default } : {})
    }),
  )
  const path = join(folder, 'records_x.jsonl')
  writeFileSync(
    path,
    [RUN, kernelRecord('plain'), ...records].map((record) => JSON.stringify(record)).join('\n'),
  )
  const build = { measurements: [path], dumpCode: true, scoreMatrix: false, maxConfigs, defaults: mayBeOpen }
  const { result } = runBuild(build)
  const { autotune } = runModule(result.kernels[0]?.text ?? '', 'plain', 'm.ts')
  return sizes.map((size, row) => {
    const config = autotune({ shape: [size], dtype: 'f32' })
    return isOpen(config) ? (defaults[row] ?? -1) : Number(config.tag)
  })
}

describe('no measured shape gets a config that is clearly slower than its default', () => {
  test('where the goal would allow it', () => {
    const times = [
      [1, 1.05, 3, 2],
      [2, 1.0, 3, 2],
      [2, 1.0, 3, 1.08],
      [3, 1.08, 1.0, 2],
    ]
    expect(chosen(times, [3, 3, 3, 2], 10)).toEqual([expect.any(Number), 1, 1, 2])
    // Nor does the goal alone ask for the third config, nor is there one where one is too many.
    expect(chosen(times, [3, 3, 3, 3], 10)[3]).toBe(1)
    expect(chosen(times, [3, 3, 3, 2], 1)).toEqual([1, 1, 1, 1])
  })

  test.each(Array.from({ length: SWEEPS }, (_, seed) => seed))('random times, %i', (seed) => {
    const random = new Random(seed)
    const configs = random.int(2, 6)
    const times = Array.from({ length: random.int(2, 6) }, () =>
      Array.from({ length: configs }, () => random.choice([1, 1.01, 1.04, 1.08, 1.3, 2])),
    )
    const defaults = times.map(() => random.int(0, configs - 1))
    const tags = chosen(times, defaults, configs, seed % 2 === 1)
    tags.forEach((tag, row) => {
      const [time = 0, standard = 0] = [times[row]?.[tag], times[row]?.[defaults[row] ?? 0]]
      expect(time / standard, `shape ${row} of ${JSON.stringify({ times, defaults, tags })}`).toBeLessThan(
        1.03,
      )
    })
  })
})

test('noise does not spare a config that the goal needs', () => {
  const lines = [64, 128, 256, 512, 1024, 2048].flatMap((size) =>
    [0, 1].flatMap((tag) => {
      const time = size <= 256 === (tag === 0) ? 1 : 1.114
      return [0.99, 1, 1.01, 1, 1].map((share) => row(size, tag, time * share))
    }),
  )
  const path = join(folder, 'noisy.csv')
  writeFileSync(
    path,
    ['kernel_name,shape_hash,config_hash,config,shape_features,timing_ms', ...new Set(lines)].join('\n'),
  )
  const { result, exitCode } = runBuild({ measurements: [path], dumpCode: true, scoreMatrix: false })
  const [kernel] = result.kernels
  expect([exitCode, kernel?.decision.goal.met, kernel?.decision.configs.length]).toEqual([0, true, 2])
})

function row(size: number, tag: number, ms: number): string {
  const features = `{""arg0_ndim"": 1, ""arg0_dim0"": ${size}, ""arg0_dtype"": ""f32""}`
  return `noisy,s${size},c${tag},"{""tag"": ${tag}}","${features}",${ms}`
}

test('configs beyond those that learning looks at still count for the goal', () => {
  // Each shape needs its own config, and each of the many others is better in the mean.
  const sizes = [64, 256, 1024, 4096]
  const times = sizes.map((_, shape) =>
    Array.from({ length: 80 }, (_, config) =>
      config < 4 ? (config === shape ? 1 : 3) : 1.12 + config * 1e-3,
    ),
  )
  const { exitCode, decision } = build(
    byHand(
      sizes.map((size) => [size, 64]),
      times,
    ),
    { maxConfigs: 4 },
  )
  expect([exitCode, decision.configs.length]).toEqual([0, 4])
})

test('a backend that cannot follow every shape says so, with exit code 3', () => {
  const sizes = [64, 128, 256, 512, 1024, 2048]
  const made = byHand(
    sizes.map((size) => [size, 64]),
    sizes.map((_, row) => (row % 2 ? [1, 1.5] : [1.5, 1])),
  )
  expect(build(made)).toMatchObject({ exitCode: 0 })
  const single = build(made, { backend: 'single_config' })
  expect(single.exitCode).toBe(3)
  expect(single.messages).toContain(
    'the kept configs reach 1.000, but the choices among them only 1.500: ' +
      '--backend decision_tree follows every measured shape, single_config does not',
  )
})
