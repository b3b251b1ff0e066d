import { mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { CacheEntry, CacheKey } from '../../src/autotuner/cache/cache_entry.ts'
import { LocalCache } from '../../src/autotuner/cache/local_cache.ts'
import { resetWarnings } from '../../src/support/log.ts'
import { temporaryFolder } from '../temporary_folder.ts'

let root: string
let cache: LocalCache
let lines: string[]
beforeEach(() => {
  root = temporaryFolder()
  cache = new LocalCache(root)
  lines = []
  resetWarnings()
  vi.spyOn(process.stderr, 'write').mockImplementation((line) => {
    lines.push(String(line))
    return true
  })
})
afterEach(() => {
  vi.restoreAllMocks()
})

const key: CacheKey = {
  kernel: 'softmax',
  ir: 'ir1',
  specialization: 'f32[4096,1024]',
  space: 'space1',
  device: 'webgpu_nvidia-h200',
  driver: '580.1',
  runtime: 'dawn 1',
  settings: '{}',
}

function entry(changes: Partial<CacheEntry> = {}): CacheEntry {
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
    ...changes,
  }
}

/** Sets the age of an entry's file. */
function age(of: CacheEntry, seconds: number): void {
  const time = new Date(Date.UTC(2026, 0, 1) - seconds * 1000)
  utimesSync(cache.pathOf(of.key), time, time)
}

describe('get and put', () => {
  it('give back what was stored, from a file of its own', () => {
    expect(cache.get(key, 'quick')).toBeUndefined()
    cache.put(entry())
    expect(cache.get(key, 'full')).toEqual(entry())
    expect(readdirSync(join(root, 'configs'))).toEqual([cache.pathOf(key).split('/').at(-1)])
  })

  it.each(Object.keys(key) as (keyof CacheKey)[])('tell keys apart by %s', (field) => {
    cache.put(entry())
    expect(cache.get({ ...key, [field]: 'other' }, 'quick')).toBeUndefined()
  })

  it('serve lesser efforts, not greater ones', () => {
    cache.put(entry({ effort: 'quick' }))
    expect(cache.get(key, 'quick')).toBeDefined()
    expect(cache.get(key, 'full')).toBeUndefined()
  })

  it('remove the oldest of too many files', () => {
    const small = new LocalCache(root, 2)
    const entries = ['a', 'b', 'c'].map((driver) => entry({ key: { ...key, driver } }))
    for (const [index, one] of entries.entries()) {
      small.put(one)
      age(one, 10 - index)
    }
    expect(entries.map((one) => small.get(one.key, 'full') !== undefined)).toEqual([false, true, true])
  })

  it('keep a more thorough result, replace others', () => {
    cache.put(entry({ effort: 'full', ms: 1 }))
    cache.put(entry({ effort: 'quick', ms: 2 }))
    expect(cache.get(key, 'quick')?.ms).toBe(1)
    cache.put(entry({ effort: 'full', ms: 3 }))
    expect(cache.get(key, 'quick')?.ms).toBe(3)
  })
})

describe('unusable files', () => {
  it.each([
    ['{', 'it is no JSON'],
    ['null', 'it is null, not an object'],
    ['{"key": {}, "config": {}, "effort": "much"}', 'it has no effort that is known, but "much"'],
    ['{"key": {}, "config": {}, "effort": "toString"}', 'it has no effort that is known, but "toString"'],
    ['{"key": {}, "config": {}, "effort": "full"}', 'its key has the kernel missing, not a text'],
    ['{"key": {}, "config": [], "effort": "full"}', 'its config is [], not an object'],
    ['{"key": {}, "config": {}, "effort": "full", "ms": "1"}', 'its ms is "1", not a number of 0 or more'],
    ['{"key": {}, "config": {}, "effort": "full", "runnersUp": 7}', 'its runnersUp are 7, not a list'],
    ['{"key": {}, "config": {"num_warps": 3}, "effort": "full"}', 'config field num_warps is 3'],
  ])('are named in a warning and passed over: %s', (text, reason) => {
    mkdirSync(join(root, 'configs'))
    writeFileSync(cache.pathOf(key), text)
    expect(cache.get(key, 'quick')).toBeUndefined()
    expect([...cache.entries()]).toEqual([])
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

  it('takes entries of the kernel on the device, the most alike first, then newer ones', () => {
    const entries = [
      other({ specialization: 'f32[1]', ir: 'ir2' }, 16),
      other({ space: 'space2' }, 32),
      other({ specialization: 'f32[2]', ir: 'ir3' }, 64),
      other({ driver: '581' }, 128),
      other({ device: 'elsewhere' }, 1),
      other({ kernel: 'matmul' }, 2),
    ]
    for (const [index, one] of entries.entries()) {
      cache.put(one)
      age(one, index)
    }
    expect(sizes()).toEqual([128, 32, 16, 64])
    expect(sizes(2)).toEqual([128, 32])
    expect(sizes(20, 3)).toEqual([32, 16, 64])
  })

  it('adds runners-up after all winners, each config once', () => {
    cache.put(entry({ effort: 'quick' }))
    cache.put(other({ driver: '581' }, 4))
    const found = cache.bestAvailable(key, 20, 500).map(({ data }) => data)
    expect(found).toHaveLength(3)
    expect(found.at(-1)).toEqual({ block_sizes: [8] })
  })
})

describe('explainMiss', () => {
  it('names the fields in which the nearest entries differ', () => {
    cache.put(entry({ key: { ...key, driver: '579' } }))
    cache.put(entry({ key: { ...key, ir: 'ir9', space: 'space9' }, effort: 'quick' }))
    expect(cache.explainMiss(key, 'full')).toBe(
      [
        'the nearest of 2 entries for softmax differ:',
        `  ${cache.pathOf({ ...key, driver: '579' })}:`,
        '    driver: stored 579, asked for 580.1',
        `  ${cache.pathOf({ ...key, ir: 'ir9', space: 'space9' })}:`,
        '    ir: stored ir9, asked for ir1',
        '    space: stored space9, asked for space1',
        '    effort: stored quick, asked for full',
      ].join('\n'),
    )
  })

  it('says when nothing is near', () => {
    expect(cache.explainMiss(key, 'full')).toBe(
      `${join(root, 'configs')} holds nothing for the kernel softmax`,
    )
  })
})
