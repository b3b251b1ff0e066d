/** What a module does with shapes unlike those of the sweep. */
import { describe, expect, test } from 'vitest'
import { native } from './native.ts'
import { type MadeSweep, tensorFeatures, toSweep } from './sweeps.ts'

const { decide, moduleText, runModule, toSettings } = native

const SIZES = [64, 128, 256, 512, 1024, 2048]
const SHAPES = SIZES.flatMap((m) => ['f16', 'f32'].map((dtype) => ({ m, dtype })))

/** Config 0 is best below 400, config 1 above; config 2 is never far from the best. */
const MADE: MadeSweep = {
  kernel: 'made',
  shapes: SHAPES.map(({ m, dtype }) => tensorFeatures([[m, 64]], dtype)),
  configs: [{ tag: 0 }, { tag: 1 }, { tag: 2 }],
  times: SHAPES.map(({ m, dtype }) => (m < 400 ? [1, 4, 1.3] : [4, 1, dtype === 'f16' ? 1.3 : 1.29])),
}

function tags(outside: string): (m: number, dtype?: string) => unknown {
  const text = moduleText(decide(toSweep(MADE), toSettings({ outside })), { tool: 't', device: 'd' })
  const module = runModule(text, 'made', 'm.ts')
  return (m, dtype = 'f16') => module.autotune({ shape: [m, 64], dtype }).tag
}

describe('outside the sweep', () => {
  test.each(['auto', 'safe', 'nearest', 'tree'])('%s: inside, the tree decides', (outside) => {
    const tag = tags(outside)
    expect(SIZES.map((m) => tag(m))).toEqual([0, 0, 0, 1, 1, 1])
  })

  test('auto: the tree goes on, and dtypes never seen get the config with the best worst case', () => {
    const tag = tags('auto')
    expect([1, 16, 8000, 100_000].map((m) => tag(m))).toEqual([0, 0, 1, 1])
    expect(tag(64, 'i8')).toBe(2)
  })

  test('safe: the config with the best worst case from the first step outside', () => {
    const tag = tags('safe')
    expect([63, 2049].map((m) => tag(m))).toEqual([2, 2])
    expect(tag(64, 'i8')).toBe(2)
  })

  test('nearest and tree: the end of the tree', () => {
    for (const outside of ['nearest', 'tree'])
      expect([1, 100_000].map((m) => tags(outside)(m))).toEqual([0, 1])
  })
})

test('auto: a number that is no size, as a scale that follows from one, is as free as sizes are', () => {
  const scaled = (m: number, scale: number) => ({ ...tensorFeatures([[m, 64]]), arg1_scalar: scale })
  const made: MadeSweep = {
    ...MADE,
    shapes: SHAPES.map(({ m }, i) => scaled(m, [-0.5, 0.25, 1][i % 3] ?? 0)),
    times: SHAPES.map(({ m }) => (m < 400 ? [1, 4, 1.3] : [4, 1, 1.3])),
  }
  const text = moduleText(decide(toSweep(made), toSettings()), { tool: 't', device: 'd' })
  const { autotune } = runModule(text, 'made', 'm.ts')
  const tag = (m: number, scale: number) => autotune({ shape: [m, 64], dtype: 'f16' }, scale).tag
  for (const scale of [-40, -0.1, 0, 0.01, 80]) expect([tag(64, scale), tag(2048, scale)]).toEqual([0, 1])
})

test('a module of the tree alone holds no config that nothing chooses', () => {
  // Slow enough not to be a choice between measured shapes.
  const made: MadeSweep = { ...MADE, times: SHAPES.map(({ m }) => (m < 400 ? [1, 4, 1.4] : [4, 1, 1.4])) }
  const kept = (outside: string) => decide(toSweep(made), toSettings({ outside })).configs.length
  expect([kept('auto'), kept('tree')]).toEqual([3, 2])
})

test('the config with the best worst case comes first among the fallbacks', () => {
  const decision = decide(toSweep(MADE), toSettings())
  expect(decision.fallbacks[0]).toBe(decision.configs.findIndex((config) => config.tag === 2))
})

test('a module that always answers the same looks at nothing', () => {
  const always: MadeSweep = { ...MADE, times: SHAPES.map(() => [1, 4, 4]) }
  const text = moduleText(decide(toSweep(always), toSettings()), { tool: 't', device: 'd' })
  expect(/export function key_made[\s\S]*?\n}/.exec(text)?.[0]).toBe(
    'export function key_made(): number {\n  return 0 // 12 shapes; held out 1.00x, worst 1.00x\n}',
  )
})

test('where no config runs on every shape, each class keeps its own, however far outside', () => {
  const made: MadeSweep = {
    ...MADE,
    times: SHAPES.map(({ dtype }) => (dtype === 'f16' ? [1, null, 2] : [null, 1, null])),
  }
  const text = moduleText(decide(toSweep(made), toSettings()), { tool: 't', device: 'd' })
  const { autotune } = runModule(text, 'made', 'm.ts')
  for (const m of [1, 64, 100_000])
    expect(['f16', 'f32'].map((dtype) => autotune({ shape: [m, 64], dtype }).tag)).toEqual([0, 1])
})
