/** The default config of each shape as a choice: taken where it is the better one for shapes to come. */
import { expect, test } from 'vitest'
import { narrowed } from '../../../src/aot/evaluate/decide/keep_configs.ts'
import type { ModuleMeta } from '../../../src/aot/evaluate/emit/meta.ts'
import type { Sweep } from '../../../src/aot/evaluate/input/sweep.ts'
import { SweepBuilder } from '../../../src/aot/evaluate/input/sweep.ts'
import { smallestGood } from '../../../src/aot/evaluate/learn/validation.ts'
import { toMatrix } from '../../../src/aot/evaluate/matrix.ts'
import { sha16 } from '../../../src/support/stable.ts'
import { native } from './native.ts'
import { tensorFeatures } from './sweeps.ts'

const { argumentsOf, decide, evaluateModule, moduleText, readModule, runModule, toSettings } = native

const SIZES = Array.from({ length: 16 }, (_, i) => 96 * (i + 1))
/** Which of two configs is twice as fast as the other changes from shape to shape, without a rule. */
const WANTED = [1, 0, 0, 1, 1, 1, 0, 1, 0, 0, 0, 1, 0, 1, 1, 0]

/** The default has a tile of its own on every shape; `ofDefault` says how long it takes there. */
function sweepWith(ofDefault: (row: number) => number | undefined): Sweep {
  const builder = new SweepBuilder('made')
  SIZES.forEach((size, row) => {
    const features = tensorFeatures([[size, 64]])
    const add = (config: object, ms: number, isDefault = false): void =>
      builder.add({
        ...{ shapeHash: `shape${row}`, features, config: config as never, isDefault },
        ...{ status: 'ok', samples: [ms] },
      })
    add({ num_warps: 1 }, WANTED[row] ? 2 : 1)
    add({ num_warps: 2 }, WANTED[row] ? 1 : 2)
    const ms = ofDefault(row)
    if (ms !== undefined) add({ num_warps: 4, block_sizes: [size] }, ms, true)
  })
  return builder.finish(undefined, undefined)
}

function byText(a: object, b: object): number {
  return JSON.stringify(a) > JSON.stringify(b) ? 1 : -1
}

function built(sweep: Sweep, previous?: string, options: object = { defaults: true }) {
  const before = previous === undefined ? undefined : readModule(previous, 'made', 'm.ts')
  const decision = decide(sweep, toSettings(options), before)
  const text = moduleText(decision, { tool: 'helion-aot 0', device: 'd' })
  const { autotune, meta } = runModule(text, 'made', 'm.ts')
  const chosen = (size: number, dtype?: string) =>
    autotune(...argumentsOf(tensorFeatures([[size, 64]], dtype)))
  return { decision, text, chosen, meta: meta as Partial<ModuleMeta> }
}

test('shapes that were not measured get their default where configs cannot be told apart', () => {
  const sweep = sweepWith((row) => (row === 3 ? 1.6 : 1.03))
  const { decision, text, chosen, meta } = built(sweep)
  for (const size of [200, 500, 1000, 1300]) expect([size, chosen(size)]).toEqual([size, {}])
  // A shape that was tuned keeps what was found for it.
  expect(chosen(SIZES[3] ?? 0)).toEqual({ num_warps: 2 })
  expect(text).toContain('\n  {}, // the default config of each shape, worked out from its sizes\n')
  expect(text).toContain(`kept: ${decision.configs.length}, the default of each shape among them.`)
  expect(meta.defaults).toEqual(
    Object.fromEntries(
      SIZES.map((size, row) => [`shape${row}`, sha16({ num_warps: 4, block_sizes: [size] })]),
    ),
  )
  expect(decision.heldOut?.geomean).toBeLessThan(1.15)
  expect(decision.warnings.join()).not.toContain('the default config of each would be')
  expect(evaluateModule(text, 'm.ts', decision).statistics.worst).toBeLessThan(1.1)
})

test('what a tuned shape gets holds for its dtype alone', () => {
  const builder = new SweepBuilder('made')
  SIZES.forEach((size, row) => {
    const dtype = row % 2 === 0 ? 'torch.float16' : 'torch.float32'
    const outcome = { shapeHash: `shape${row}`, features: tensorFeatures([[size, 64]], dtype) }
    const add = (config: object, ms: number, isDefault = false): void =>
      builder.add({ ...outcome, config: config as never, isDefault, status: 'ok', samples: [ms] })
    add({ num_warps: 1 }, WANTED[row] ? 2 : 1)
    add({ num_warps: 2 }, WANTED[row] ? 1 : 2)
    add({ num_warps: 4, block_sizes: [size] }, row === 4 ? 1.6 : 1.03, true)
  })
  const { chosen } = built(builder.finish(undefined, undefined))
  expect(chosen(SIZES[4] ?? 0, 'torch.float16')).toEqual({ num_warps: 2 })
  expect(chosen(SIZES[4] ?? 0, 'torch.float32')).toEqual({})
})

test('a module with such a choice is read, and built again from equal measurements it is the same', () => {
  const sweep = sweepWith(() => 1.03)
  const { text } = built(sweep)
  expect(readModule(text, 'made', 'm.ts').configs).toContainEqual({})
  expect(built(sweep, text).text).toBe(text)
})

test('a tree that is slower than the defaults alone is too small, unless all are', () => {
  const estimate = (position: number, overDefault: number) => ({
    ...{ candidate: { position, heldOut: [Float64Array.of(1, 1, 1)] }, expected: 0, size: position + 1 },
    ...{ worstExpected: 0, forbidden: 0, overDefault },
  })
  const chosen = (...ratios: readonly number[]) =>
    smallestGood(
      ratios.map((ratio, position) => estimate(position, Math.log(ratio))),
      [1, 1, 1],
      0.1,
    )?.candidate.position
  expect(chosen(1.1, 1.02, 0.99, 0.95)).toBe(2)
  expect(chosen(1.005, 0.9)).toBe(0)
  expect(chosen(1.1, 1.05)).toBe(0)
  expect(chosen(Number.NaN, Number.NaN)).toBe(0)
})

test('the default wins among configs that are equally fast', () => {
  for (const ofDefault of [0, 1]) {
    const builder = new SweepBuilder('made')
    SIZES.forEach((size, row) => {
      const outcome = { shapeHash: `shape${row}`, features: tensorFeatures([[size, 64]]) }
      for (const tag of [0, 1]) {
        const samples = [0.98, 0.99, 1, 1.01, 1.02].map((ms) => ms * (tag === ofDefault ? 1.004 : 1))
        builder.add({ ...outcome, config: { tag }, status: 'ok', isDefault: tag === ofDefault, samples })
      }
    })
    const { decision } = built(builder.finish(undefined, undefined), undefined, {})
    expect(decision.configs).toEqual([{ tag: ofDefault }])
  }
})

test('a default that is slow everywhere is no choice', () => {
  const { text, meta } = built(sweepWith(() => 3))
  expect(text).not.toContain('\n  {}')
  expect(meta.defaults).toBeUndefined()
})

test('where records do not tell defaults there is no such choice', () => {
  const sweep = sweepWith(() => undefined)
  expect(toMatrix(sweep).configs.map(({ data }) => data)).toHaveLength(2)
  expect(built(sweep).text).not.toContain('\n  {}')
})

test('where a choice cannot run, what may be slower than the default comes after it', () => {
  const none = { defaults: false }
  expect(
    built(
      sweepWith(() => 1.03),
      undefined,
      none,
    ).meta,
  ).toMatchObject({ beforeDefault: 0 })
  expect(
    built(
      sweepWith(() => 3),
      undefined,
      none,
    ).meta.beforeDefault,
  ).toBeUndefined()
  expect(
    built(
      sweepWith((row) => (row === 3 ? undefined : 1.03)),
      undefined,
      none,
    ).meta,
  ).not.toHaveProperty('beforeDefault')
})

test('defaults are no choice for who wants none', () => {
  const { text, decision } = built(
    sweepWith(() => 1.03),
    undefined,
    { defaults: false },
  )
  expect(text).not.toContain('\n  {}')
  expect(decision.training.worseThanDefault).not.toBeNull()
})

test('configs measured only where they are the default are no choice where others do as well', () => {
  const whole = sweepWith(() => 1.03)
  const left = (sweep: Sweep, options: object = { defaults: true }) =>
    narrowed(toMatrix(sweep), toSettings(options)).configs.map(({ data }) => data)
  expect(left(whole).sort(byText)).toEqual([{ num_warps: 1 }, { num_warps: 2 }, {}])
  const alone = { defaults: false }
  expect(left(whole, alone)).toEqual([{ num_warps: 1 }, { num_warps: 2 }])
  const faster = sweepWith((row) => (row === 1 ? 0.8 : 1.03))
  expect(left(faster, alone).map(({ block_sizes }) => block_sizes)).toContainEqual([SIZES[1]])
  expect(left(faster, alone)).toHaveLength(3)
  // The default of one shape that was measured on another as well is a config like any.
  const ofBoth = { block_sizes: [SIZES[0]], num_warps: 4 }
  const times = whole.configs.findIndex(({ data }) => data.num_warps === 1)
  const own = whole.configs.findIndex(({ hash }) => hash === sha16(ofBoth))
  const both = {
    ...whole,
    cell: (shape: number, config: number) => whole.cell(shape, config === own ? times : config),
  }
  expect(left(both)).toContainEqual(ofBoth)
})

test('of several defaults of a shape, as versions of the compiler have had, the slowest counts', () => {
  const builder = new SweepBuilder('made')
  const outcome = {
    shapeHash: 's',
    features: tensorFeatures([[8, 8]]),
    status: 'ok',
    isDefault: true,
  } as const
  builder.add({ ...outcome, config: { num_warps: 1 }, samples: [2] })
  builder.add({ ...outcome, config: { num_warps: 2 }, samples: [1] })
  const sweep = builder.finish(undefined, undefined)
  expect(sweep.defaultCell(0)).toMatchObject({ hash: sha16({ num_warps: 1 }), samples: [2] })
  expect([...toMatrix(sweep).times].at(-1)).toBe(2)
})
