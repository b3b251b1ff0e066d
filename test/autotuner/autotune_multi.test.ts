/** `kernel.autotuneMulti`: one config for several lists of arguments. */
import { readFileSync } from 'node:fs'
import { describe, expect, it, vi } from 'vitest'
import {
  iterCacheEntries,
  kernel,
  type MultiTuneOptions,
  PatternSearch,
  rand,
  type Tensor,
  UsageError,
  zeros,
} from '../../src/index.ts'
import { listen } from '../listen.ts'
import { temporaryFolder } from '../temporary_folder.ts'
import { double, increment, matmul } from './kernel_trials.ts'

const folder = temporaryFolder()

const quick = {
  autotuneEffort: 'quick',
  autotuneRandomSeed: 1,
  autotuneLogLevel: 'silent',
  autotuneFinalTopK: 1,
  autotuneFinishingRounds: 0,
  cacheDir: folder,
} as const
/** A search of few configs. */
const few = { initialPopulation: 2, maxGenerations: 0, exhaustiveLimit: 0 }

const vector = (size: number): [Tensor] => [rand([size])]
const product = (m: number, k: number, n: number): [Tensor, Tensor] => [rand([m, k]), rand([k, n])]

/** The lines on stderr while `action` runs. */
async function said(action: () => Promise<unknown>): Promise<string> {
  const heard = listen()
  try {
    await action()
  } finally {
    vi.restoreAllMocks()
  }
  return heard.text
}

describe('autotuneMulti', () => {
  it('finds one config for all lists, which all of their calls use', async () => {
    const log = `${folder}/trials`
    const product_of = kernel({ ...quick, autotuneLogLevel: 'info', autotuneLog: log }, matmul)
    const lists = [product(8, 16, 32), product(64, 32, 16)]
    let found: unknown
    const told = await said(async () => {
      found = await product_of.autotuneMulti(lists, few)
    })
    for (const [x, y] of lists) {
      expect(product_of.bind(x, y).bound.config).toEqual(found)
      const { length } = await product_of(x, y).data()
      expect(length).toBe((x.shape[0] ?? 0) * (y.shape[1] ?? 0))
    }
    const shapes = ['f32[8,16], f32[16,32]', 'f32[64,32], f32[32,16]']
    for (const shape of shapes) expect(told).toContain(`  ${shape}: `)
    expect(told).toMatch(/f32\[32,16\]: [\d.]+ .s, [\d.]+ times the speed of the default/)
    expect(readFileSync(`${log}.csv`, 'utf8')).toContain(shapes.join(' + '))
  })

  it('stores the result under all lists and what was asked for', async () => {
    const sources = async (lists: [Tensor][], options: object = {}): Promise<boolean> => {
      const doubled = kernel({ ...quick, disallowAutotuning: true }, double)
      return doubled.autotuneMulti(lists, { ...few, force: false, ...options }).then(
        () => true,
        (error: unknown) => {
          expect(String(error)).toContain('a search for double would start')
          return false
        },
      )
    }
    const lists = [vector(5000), vector(6000)]
    await kernel(quick, double).autotuneMulti(lists, few)
    expect(await sources(lists)).toBe(true)
    expect(await sources(lists.toReversed())).toBe(false)
    expect(await sources([vector(5000)])).toBe(false)
    expect(await sources([vector(5000), vector(6001)])).toBe(false)
    for (const other of [{ aggregation: 'max' }, { relativeTo: 'default' }, { cacheTag: 'mine' }])
      expect(await sources(lists, other)).toBe(false)
    const stored = [...iterCacheEntries(folder)].find(({ kernel: name }) => name === 'double')
    expect(stored?.entry.key.settings).toContain('[5000]')
  })

  it('takes lists of one binding whose sizes may change, and searches the widest space', async () => {
    const doubled = kernel({ ...quick, staticShapes: false }, double)
    const lists = [vector(48), vector(40_000)]
    const config = await doubled.autotuneMulti(lists, { ...few, relativeTo: 'default', aggregation: 'max' })
    const [first, second] = lists.map((list) => doubled.bind(...list).bound)
    expect(first).toBe(second)
    expect(first?.config).toEqual(config)
    for (const [x] of lists) {
      const values = await x.data()
      expect(await doubled(x).data()).toEqual(values.map((value) => value * 2))
    }
  })

  it('leaves arguments as they are, and what has nothing to do out of the times', async () => {
    const one_more = kernel(quick, increment)
    const lists = [vector(300), [zeros([0])] as [Tensor], vector(400)]
    const before = await Promise.all(lists.map(([x]) => x.data()))
    await one_more.autotuneMulti(lists, few)
    expect(await Promise.all(lists.map(([x]) => x.data()))).toEqual(before)
    const idle = await one_more.autotuneMulti([[zeros([0])]], few)
    expect(idle.equals(one_more.bind(zeros([0])).defaultConfig())).toBe(true)
  })

  it('takes a search made by hand', async () => {
    const doubled = kernel(quick, double)
    const list = vector(7000)
    const search = new PatternSearch(doubled.bind(...list), list, few)
    await doubled.autotuneMulti([list, vector(7001)], { search })
    expect([...iterCacheEntries(folder)].some(({ entry }) => entry.search === 'PatternSearch')).toBe(true)
  })

  it('sees times in relation to those of baselineFn', async () => {
    const plain = kernel({ ...quick, autotuneEffort: 'none', ignoreWarnings: [] }, double)
    const doubled = kernel({ ...quick, baselineFn: (x: Tensor) => plain(x) }, double)
    const lists = [vector(2000), vector(9000)]
    await doubled.autotuneMulti(lists, { ...few, relativeTo: 'baseline' })
    const without = kernel(quick, double).autotuneMulti(lists, { ...few, relativeTo: 'baseline' })
    await expect(without).rejects.toThrow(
      'times of double cannot be seen in relation to a baseline: it has no baselineFn',
    )
    const host = kernel({ ...quick, baselineFn: async (x: Tensor) => (await x.data()) as never }, double)
    await expect(host.autotuneMulti(lists, { ...few, relativeTo: 'baseline' })).rejects.toThrow(
      'baselineFn of double launches no kernel that could be timed',
    )
  })
})

describe('autotuneMulti refuses', () => {
  const doubled = kernel(quick, double)
  const refused = async (
    lists: unknown,
    options: Readonly<Record<string, unknown>>,
    message: string | RegExp,
  ) => {
    const tuning = (async () => doubled.autotuneMulti(lists as [Tensor][], options as MultiTuneOptions))()
    await expect(tuning).rejects.toThrow(UsageError)
    await expect(
      (async () => doubled.autotuneMulti(lists as [Tensor][], options as MultiTuneOptions))(),
    ).rejects.toThrow(message)
  }

  it('no lists, and what is none', async () => {
    await refused(
      [],
      {},
      /^autotuneMulti of double was given no argument lists\n {2}at .*\n {2}Give one for each shape/,
    )
    await refused([rand([4])], {}, 'autotuneMulti of double: list 0 is no list of arguments')
    await refused(rand([4]), {}, 'autotuneMulti: argLists is an object, not a list')
    await refused([[rand([4]), 1]], {}, 'double takes (x), not 2 arguments')
  })

  it('lists of other dtypes and ranks', async () => {
    await refused(
      [vector(4), vector(8), [zeros([4], { dtype: 'i32' })]],
      {},
      'autotuneMulti of double: list 2 is (i32[4]), which is of another kind than list 0, (f32[4])\n',
    )
    await refused([vector(4), [rand([4, 4])]], {}, 'list 1 is (f32[4,4]), which is of another kind')
  })

  it('options that neither it nor the search has, and wrong values', async () => {
    const lists = [vector(4), vector(8)]
    await refused(lists, { iterations: 3 }, 'LFBOTreeSearch has no option iterations')
    await refused(
      lists,
      { agregation: 'max' },
      /^autotuneMulti has no option agregation\n {2}at .*\n {2}It has aggregation, .* Did you mean/,
    )
    await refused(
      lists,
      { aggregation: 'mean' },
      'option aggregation of autotuneMulti is "mean"; allowed: geomean, max',
    )
    await refused(
      lists,
      { relativeTo: 'best' },
      'option relativeTo of autotuneMulti is "best"; allowed: default, baseline',
    )
  })
})
