import { existsSync, mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { entryText } from '../../src/autotuner/cache/cache_entry.ts'
import { type CacheKey, KEY_KINDS, type KeyField, type KeyKind } from '../../src/autotuner/cache/cache_key.ts'
import { EntryFolder } from '../../src/autotuner/cache/entry_folder.ts'
import { type Result, ResultStore } from '../../src/autotuner/cache/result_store.ts'
import { listen } from '../listen.ts'
import { temporaryFolder } from '../temporary_folder.ts'

let root: string
let cache: ResultStore
let lines: readonly string[]
beforeEach(() => {
  root = temporaryFolder()
  cache = store()
  ;({ lines } = listen())
})
afterEach(() => {
  vi.restoreAllMocks()
})

const store = (kind: KeyKind = 'strict') => new ResultStore(kind, EntryFolder.below(root))

const key: CacheKey = {
  kernel: 'softmax',
  ir: 'ir1',
  specialization: 'f32[4096,1024]',
  space: 'space1',
  device: 'webgpu_nvidia-h200',
  driver: '580.1',
  runtime: 'dawn 1',
  settings: '{}',
  tool: 'helion-aot 1',
}

function entry(changes: Partial<Result> = {}): Result {
  return {
    key,
    config: { block_sizes: [4], num_warps: 8 },
    ms: 0.5,
    spread: 0.01,
    effort: 'full',
    search: 'PatternSearch',
    tested: 300,
    seconds: 60,
    createdAt: '2026-11-21T00:00:00.000Z',
    runnersUp: [{ config: { block_sizes: [8] }, ms: 0.6, spread: 0.01 }],
    hung: [],
    ...changes,
  }
}

/** Sets the age of an entry's file. */
function age(of: Result, seconds: number): void {
  const time = new Date(Date.UTC(2026, 0, 1) - seconds * 1000)
  utimesSync(cache.pathOf(of.key), time, time)
}

/** One of a kernel like it, under another version of the driver. */
const ofDriver = (driver: string, changes: Partial<Result> = {}) =>
  entry({ key: { ...key, driver }, ...changes })

describe('get and put', () => {
  it('give back what was stored, from a file of its own', async () => {
    expect(await cache.get(key, 'quick')).toBeUndefined()
    await cache.put(entry())
    expect(await cache.get(key, 'full')).toEqual({ kind: 'strict', ...entry() })
    expect(readdirSync(join(root, 'configs'))).toEqual([cache.pathOf(key).split('/').at(-1)])
  })

  it.each(['loose', 'strict'] as const)('tell the fields of a %s key apart, and no others', async (kind) => {
    const own = store(kind)
    await own.put(entry())
    for (const field of Object.keys(key) as KeyField[]) {
      const found = await own.get({ ...key, [field]: 'other' }, 'quick')
      expect([field, found === undefined]).toEqual([field, KEY_KINDS[kind].includes(field)])
    }
    expect(await store(kind === 'loose' ? 'strict' : 'loose').get(key, 'quick')).toBeUndefined()
  })

  it('serve lesser efforts, not greater ones', async () => {
    await cache.put(entry({ effort: 'quick' }))
    expect(await cache.get(key, 'quick')).toBeDefined()
    expect(await cache.get(key, 'full')).toBeUndefined()
  })

  it('keep a more thorough result, replace others', async () => {
    await cache.put(entry({ effort: 'full', ms: 1 }))
    await cache.put(entry({ effort: 'quick', ms: 2 }))
    expect((await cache.get(key, 'quick'))?.ms).toBe(1)
    await cache.put(entry({ effort: 'full', ms: 3 }))
    expect((await cache.get(key, 'quick'))?.ms).toBe(3)
  })
})

describe('a folder that is full', () => {
  const kept = (entries: readonly Result[]) => entries.map((one) => existsSync(cache.pathOf(one.key)))
  const limited = (maxEntries: number, maxBytes = 1e9) =>
    new ResultStore('strict', EntryFolder.below(root, { maxEntries, maxBytes }))

  it('loses the results that were not used for the longest time', async () => {
    const entries = ['a', 'b', 'c'].map((driver) => ofDriver(driver))
    for (const [index, one] of entries.entries()) {
      await cache.put(one)
      age(one, 10 - index)
    }
    await limited(3).get({ ...key, driver: 'a' }, 'full')
    await limited(3).put(ofDriver('d'))
    expect(kept([...entries, ofDriver('d')])).toEqual([true, false, true, true])
  })

  it('counts bytes too, and never removes what it has just written', async () => {
    const bytes = entryText({ kind: 'strict', ...entry() }).length
    const entries = ['a', 'b', 'c'].map((driver) => ofDriver(driver))
    for (const [index, one] of entries.entries()) {
      await limited(100, 2.5 * bytes).put(one)
      age(one, 10 - index)
    }
    expect(kept(entries)).toEqual([false, true, true])
    await limited(1, 0).put(ofDriver('d'))
    expect(kept([...entries, ofDriver('d')])).toEqual([false, false, false, true])
  })

  it('leaves the files of others alone, and removes drafts of writers that died', async () => {
    await cache.put(entry())
    const folder = join(root, 'configs')
    const draft = (id: string) => `.name.${id.repeat(8)}-0000-0000-0000-${id.repeat(12)}.tmp`
    const names = ['notes.txt', 'mine.best_config', draft('a'), draft('b')]
    for (const name of names) writeFileSync(join(folder, name), '{}')
    const before = new Date(Date.now() - 7_200_000)
    for (const name of names.slice(0, 3)) utimesSync(join(folder, name), before, before)
    await limited(1, 0).put(ofDriver('d'))
    expect(
      readdirSync(folder)
        .filter((name) => names.includes(name))
        .sort(),
    ).toEqual([draft('b'), 'mine.best_config', 'notes.txt'].sort())
  })
})

describe('unusable files', () => {
  it.each([
    ['{', 'it is no JSON'],
    ['null', 'it is null, not an object'],
    ['{"key": {}, "config": {}, "effort": "much"}', 'it has no effort that is known, but "much"'],
    ['{"key": {}, "config": {}, "effort": "toString"}', 'it has no effort that is known, but "toString"'],
    ['{"key": {}, "config": {}, "effort": "full", "kind": "lax"}', 'it has no kind that is known, but "lax"'],
    ['{"key": {}, "config": {}, "effort": "full"}', 'its key has the kernel missing, not a text'],
    ['{"key": {}, "config": [], "effort": "full"}', 'its config is [], not an object'],
    ['{"key": {}, "config": {}, "effort": "full", "ms": "1"}', 'its ms is "1", not a number of 0 or more'],
    ['{"key": {}, "config": {}, "effort": "full", "spread": 1e999}', 'its spread is null, not a number of 0'],
    ['{"key": {}, "config": {}, "effort": "full", "runnersUp": 7}', 'its runnersUp are 7, not a list'],
    ['{"key": {}, "config": {}, "effort": "full", "hung": 7}', 'its hung are 7, not a list'],
    [' '.repeat(2 ** 20 + 1), 'it has more than the 1048576 bytes that are allowed'],
    ['{"key": {}, "config": {"num_warps": 3}, "effort": "full"}', 'config field num_warps is 3'],
  ])('are named in a warning and passed over: %s', async (text, reason) => {
    mkdirSync(join(root, 'configs'))
    writeFileSync(cache.pathOf(key), text)
    expect(await cache.get(key, 'quick')).toBeUndefined()
    expect([...cache.folder.entries()]).toEqual([])
    expect(lines).toHaveLength(1)
    expect(lines[0]).toContain(`cannot use the stored search result ${cache.pathOf(key)}: `)
    expect(lines[0]).toContain(reason)
  })
})

describe('bestAvailable', () => {
  const other = (changes: Partial<CacheKey>, size: number) =>
    entry({ key: { ...key, ...changes }, config: { block_sizes: [size] }, runnersUp: [] })
  const sizes = (max = 20, scan = 500) =>
    cache.bestAvailable(key, max, scan).map(({ blockSizes }) => blockSizes[0])

  it('takes entries of the kernel on the device, the most alike first, then newer ones', async () => {
    const entries = [
      other({ specialization: 'f32[1]', ir: 'ir2' }, 16),
      other({ space: 'space2' }, 32),
      other({ specialization: 'f32[2]', ir: 'ir3' }, 64),
      ofDriver('581', { config: { block_sizes: [128] }, runnersUp: [] }),
      other({ device: 'elsewhere' }, 1),
      other({ kernel: 'matmul' }, 2),
    ]
    for (const [index, one] of entries.entries()) {
      await cache.put(one)
      age(one, index)
    }
    expect(sizes()).toEqual([128, 32, 16, 64])
    expect(sizes(2)).toEqual([128, 32])
    expect(sizes(20, 3)).toEqual([32, 16, 64])
  })

  it('adds runners-up after all winners, each config once', async () => {
    await cache.put(entry({ effort: 'quick' }))
    await cache.put(ofDriver('581', { config: { block_sizes: [4] }, runnersUp: [] }))
    const found = cache.bestAvailable(key, 20, 500).map(({ data }) => data)
    expect(found).toHaveLength(3)
    expect(found.at(-1)).toEqual({ block_sizes: [8] })
  })
})

describe('explainMiss', () => {
  it('names the fields in which the nearest entries differ', async () => {
    await cache.put(ofDriver('579'))
    await cache.put(entry({ key: { ...key, ir: 'ir9', space: 'space9' }, effort: 'quick' }))
    expect(cache.explainMiss(key, 'full')).toBe(
      [
        'the nearest of 2 entries for softmax differ:',
        `  ${cache.pathOf({ ...key, driver: '579' })}:`,
        '    driver (driver of the GPU): stored 579, asked for 580.1',
        `  ${cache.pathOf({ ...key, ir: 'ir9', space: 'space9' })}:`,
        "    ir (the kernel's code and compiled-in sizes): stored ir9, asked for ir1",
        '    space (space of configs): stored space9, asked for space1',
        '    effort: stored quick, asked for full',
      ].join('\n'),
    )
  })

  it('says when nothing is near', async () => {
    expect(cache.explainMiss(key, 'full')).toBe(
      `${join(root, 'configs')} holds nothing for the kernel softmax`,
    )
  })
})

describe('a result of the first versions, which had one kind of key', () => {
  it('can be read and started from, and is no answer', async () => {
    const { tool: _, ...old } = key
    mkdirSync(join(root, 'configs'))
    writeFileSync(
      join(root, 'configs', `${'0'.repeat(64)}.best_config`),
      JSON.stringify(entry({ key: old as CacheKey })),
    )
    expect(await cache.get(key, 'quick')).toBeUndefined()
    expect(cache.bestAvailable(key, 1, 500).map(({ data }) => data)).toEqual([entry().config])
    expect(cache.explainMiss(key, 'full')).toContain(
      'tool (version of helion-aot): stored nothing, asked for helion-aot 1',
    )
    expect(lines).toEqual([])
  })
})

it('what never ended is remembered, whatever is stored afterwards', async () => {
  const hung = [{ num_warps: 1 }, { num_warps: 2 }]
  await cache.put(entry({ effort: 'none', hung: hung.slice(0, 1) }))
  await cache.put(entry())
  expect(cache.hung(key)).toEqual(hung.slice(0, 1))
  await cache.put(entry({ effort: 'none', hung: hung.slice(1), ms: 9 }))
  expect(cache.hung(key)).toEqual(hung)
  expect((await cache.get(key, 'full'))?.ms).toBe(0.5)
})
