/** A search never fails because of its cache: folders that are none, and files that are not entries. */
import { execFile } from 'node:child_process'
import fs, { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { EntryFolder } from '../../src/autotuner/cache/entry_folder.ts'
import { ResultStore } from '../../src/autotuner/cache/result_store.ts'
import { readCache } from '../../src/autotuner/cache/stored_result.ts'
import { ConfigGeneration } from '../../src/autotuner/search/session/config_generation.ts'
import { ConfigSpec } from '../../src/config/config_spec.ts'
import { ConfigError } from '../../src/support/errors.ts'
import { Random } from '../../src/support/random.ts'
import { resolveSettings } from '../../src/support/resolve_settings.ts'
import type { Settings } from '../../src/support/settings.ts'
import { refuses } from '../disk_refusal.ts'
import { listen } from '../listen.ts'
import { forEachMutation } from '../mutations.ts'
import { temporaryFolder } from '../temporary_folder.ts'
import { CONTENDED } from './contended.ts'
import { PROBLEMS, type Problem, SyntheticBenchmarker, tune } from './synthetic.ts'

const [, row] = PROBLEMS as [Problem, Problem]
const key = { ...CONTENDED.key, kernel: 'row', space: row.spec.fingerprint }

const TSX = createRequire(import.meta.url).resolve('tsx')
const WRITER = fileURLToPath(new URL('children/cache_writer.ts', import.meta.url))

const storeIn = (root: string) => new ResultStore('loose', EntryFolder.below(root))

let lines: readonly string[]
beforeEach(() => {
  ;({ lines } = listen())
})
afterEach(() => vi.restoreAllMocks())

const search = (cacheDir: string, settings: Partial<Settings> = {}) =>
  tune(row, { settings: { autotuneEffort: 'quick', cacheDir, ...settings }, task: { cacheKey: key } })

describe('a cache folder that cannot be used costs one warning', () => {
  const inFolder = (make: (path: string) => void) => () => {
    const path = join(temporaryFolder(), 'cache')
    make(path)
    return path
  }
  it.each([
    ['a file', inFolder((path) => writeFileSync(path, '')), 'a file is there where a folder belongs'],
    ['a full device', () => '/dev/full', 'a file is there where a folder belongs'],
    ['a link to nothing', inFolder((path) => symlinkSync('/nowhere/at/all', path)), ''],
    ['a link to itself', inFolder((path) => symlinkSync(path, path)), 'links lead in a circle'],
    ['a file in it', inFolder((path) => occupied(path)), 'a file is there where a folder belongs'],
    ['a name that is too long', inFolder(() => {}), ''],
  ])('%s', async (what, make, reason) => {
    const folder = what.startsWith('a name') ? join(make(), 'x'.repeat(300)) : make()
    for (const _ of ['once', 'again']) expect((await search(folder)).result.source).toBe('search')
    expect(lines).toHaveLength(1)
    expect(lines[0]).toMatch(/^helion-aot: the cache .* (is passed over|does not take the result)/)
    expect(lines[0]).toContain(reason)
  })

  it('a working directory that is gone', async () => {
    vi.spyOn(process, 'cwd').mockImplementation(() => {
      throw Object.assign(new Error('ENOENT: uv_cwd'), { code: 'ENOENT', syscall: 'uv_cwd' })
    })
    expect((await search('relative')).result.source).toBe('search')
    expect(lines).toEqual([
      'helion-aot: the cache relative/configs is not used: ' +
        'the working directory does not exist any more\n  Change into another one.\n',
    ])
  })

  it('a folder that is removed meanwhile is made again', async () => {
    const folder = temporaryFolder()
    await search(folder)
    rmSync(folder, { recursive: true })
    expect((await search(folder)).result.source).toBe('search')
    expect((await search(folder)).result.source).toBe('cache')
    expect(lines).toEqual([])
  })
})

describe('a disk that refuses a file', () => {
  it.each([
    ['is full', 'fsyncSync', 'ENOSPC', 'fsync', 'the disk is full'],
    ['can only be read', 'openSync', 'EROFS', 'open', 'the file system can only be read'],
    ['fails', 'renameSync', 'EIO', 'rename', 'the disk failed'],
  ] as const)('%s: one warning, and nothing is left behind', async (_, operation, code, syscall, reason) => {
    const folder = temporaryFolder()
    vi.spyOn(fs, operation).mockImplementation(() => refuses(code, syscall))
    for (const _ of ['once', 'again']) expect((await search(folder)).result.source).toBe('search')
    expect(lines).toHaveLength(1)
    expect(lines[0]).toContain('does not take the result of this search')
    expect(lines[0]).toContain(reason)
    expect(fs.readdirSync(join(folder, 'configs'))).toEqual([])
  })

  it('does not take the mark of a use: nothing is said', async () => {
    const folder = temporaryFolder()
    await search(folder)
    vi.spyOn(fs, 'utimesSync').mockImplementation(() => refuses('EROFS', 'utime'))
    expect((await search(folder)).result.source).toBe('cache')
    expect(lines).toEqual([])
  })
})

describe('processes that store at the same time', () => {
  it('never show half a file, and leave nothing behind', async () => {
    const root = temporaryFolder()
    const store = new ResultStore('strict', EntryFolder.below(root))
    const enough = join(root, 'enough')
    const run = (name: string) =>
      promisify(execFile)(process.execPath, ['--import', TSX, WRITER, root, name, '60', enough])
    let running = 3
    const writers = ['one', 'two', 'three'].map((name) => run(name).finally(() => running--))
    for (let found = 0; running > 0; ) {
      const entry = await store.get(CONTENDED.key, 'full')
      if (entry) expect(entry.search).toMatch(/^(one|two|three)/)
      if (entry && ++found === 60) fs.writeFileSync(enough, '')
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    for (const { stderr } of await Promise.all(writers)) expect(stderr).toBe('')
    expect(fs.existsSync(enough)).toBe(true)
    expect(lines).toEqual([])
    const names = fs.readdirSync(join(root, 'configs'))
    expect(names.filter((name) => !name.endsWith('.best_config'))).toEqual([])
    expect(names.length).toBeLessThanOrEqual(4)
  })
})

describe('a stored result that does not fit is a warning and a miss', () => {
  const stored = (changes: object) => {
    const folder = temporaryFolder()
    mkdirSync(join(folder, 'configs'))
    const entry = { key, config: {}, effort: 'quick', ms: 1, spread: 0, ...changes }
    writeFileSync(storeIn(folder).pathOf(key), JSON.stringify(entry))
    return folder
  }
  it.each([
    [
      'of another kernel',
      { key: { ...key, kernel: 'other' } },
      'it is of another task: kernel (name of the kernel): stored other',
    ],
    ['whose config is not in the space', { config: { block_sizes: [1, 2, 3] } }, 'block_sizes'],
    ['whose tunable is not known', { config: { flavour: 7 } }, 'flavour'],
    ['of a time that is none', { ms: 'fast' }, 'its ms is "fast"'],
  ])('%s', async (_, changes, reason) => {
    const folder = stored(changes)
    expect((await search(folder)).result.source).toBe('search')
    expect(lines[0]).toMatch(/^helion-aot: cannot use the stored search result /)
    expect(lines[0]).toContain(reason)
    expect(lines).toHaveLength(1)
    expect((await search(folder)).result.source).toBe('cache')
  })

  it('whose config the compiler does not take', async () => {
    const numWarps = row.spec.defaultConfig().numWarps * 2
    const folder = stored({ config: { num_warps: numWarps } })
    const spec = new ConfigSpec(row.spec.input, (config) =>
      config.numWarps === numWarps ? new ConfigError('it needs 64 KiB of workgroup memory') : undefined,
    )
    const settings = { autotuneEffort: 'quick', cacheDir: folder } as const
    const { result } = await tune({ ...row, spec }, { settings, task: { cacheKey: key } })
    expect(result.source).toBe('search')
    expect(lines).toHaveLength(1)
    expect(lines[0]).toContain('it needs 64 KiB of workgroup memory')
  })

  it('and no stored result where one is asserted', async () => {
    const folder = stored({ config: { flavour: 7 } })
    await expect(search(folder, { assertCacheHit: true })).rejects.toThrow(/^no stored result for row/)
  })
})

describe('mutated files', () => {
  it('never crash a search, and nothing in them is executed', async () => {
    const folder = temporaryFolder()
    await search(folder)
    const cache = storeIn(folder)
    const task = {
      kernel: 'row',
      spec: row.spec,
      benchmarker: new SyntheticBenchmarker(row.cost),
      settings: resolveSettings({ autotuneEffort: 'quick', cacheDir: folder }, () => undefined),
      cacheKey: key,
    }
    const whole = JSON.stringify(await cache.get(key, 'quick'))
    const generation = new ConfigGeneration(row.spec, new Random(7))
    const outcomes = { hit: 0, miss: 0 }
    await forEachMutation(whole, 7, async (changed) => {
      writeFileSync(cache.pathOf(key), changed)
      const result = await readCache(task, cache, 'quick')
      outcomes[result ? 'hit' : 'miss']++
      if (result) expect(typeof result.ms).toBe('number')
      for (const config of cache.bestAvailable(key, 20, 500)) generation.canonical(config)
    })
    expect(outcomes.miss).toBeGreaterThan(outcomes.hit)
    expect(outcomes.hit).toBeGreaterThan(0)
    expect(globalThis).not.toHaveProperty('executed')
    expect({}).not.toHaveProperty('polluted')
  })
})

function occupied(path: string): void {
  mkdirSync(path)
  writeFileSync(join(path, 'configs'), '')
}
