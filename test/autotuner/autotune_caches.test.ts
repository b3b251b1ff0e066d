/** The caches of search results as users hold them, over a kernel that is tuned. */
import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import {
  Config,
  explainCacheMiss,
  FileShareCache,
  FiniteSearch,
  getDevice,
  getHelionCacheDir,
  hl,
  iterCacheEntries,
  kernel,
  LocalAutotuneCache,
  PatternSearch,
  RandomSearch,
  RemoteAutotuneCache,
  rand,
  SavedBestConfig,
  StrictLocalAutotuneCache,
  StrictRemoteAutotuneCache,
  type Tensor,
} from '../../src/index.ts'
import { listen } from '../listen.ts'
import { temporaryFolder } from '../temporary_folder.ts'
import { double } from './kernel_trials.ts'

let cacheDir: string
let lines: readonly string[]
beforeEach(() => {
  cacheDir = temporaryFolder()
  ;({ lines } = listen())
})
afterEach(() => {
  vi.restoreAllMocks()
  vi.unstubAllEnvs()
})

const make = (options: object = {}) =>
  kernel({ autotuneEffort: 'quick', autotuneProgressBar: false, cacheDir, ...options }, double)
const args: [Tensor] = [rand([5000])]
const searchOf = (tuned = make()) =>
  new PatternSearch(tuned.bind(...args), args, {
    initialPopulation: 1,
    maxGenerations: 0,
    exhaustiveLimit: 0,
  })

describe.each([
  [LocalAutotuneCache, StrictLocalAutotuneCache],
  [StrictLocalAutotuneCache, LocalAutotuneCache],
])('%o', (Cache, Other) => {
  it('has the result of a search, as a later call finds it', async () => {
    const options = { autotuneCache: Cache.name }
    // As much as a call does by itself: a search of fewer configs would not serve one.
    const search = new PatternSearch(make(options).bind(...args), args, { exhaustiveLimit: 0 })
    expect(await new Cache(search).get()).toBeUndefined()
    const best = await search.autotune()
    const found = await new Cache(search).get()
    expect(found?.equals(best)).toBe(true)
    expect(readdirSync(join(cacheDir, 'configs'))).toEqual([
      (await new Cache(search).path()).split('/').at(-1),
    ])
    ;({ lines } = listen())
    const again = make(options)
    await again(...args).data()
    expect(lines.filter((line) => line.includes('found cached config for double'))).toHaveLength(1)
    expect(await new Cache(again.bind(...args)).get()).toEqual(found)
    expect(await new Other(search).get()).toBeUndefined()
  })

  it('takes a config that was found elsewhere', async () => {
    const binding = make({ autotuneCache: Cache.name }).bind(...args)
    const config = binding.bound.spec(await getDevice()).defaultConfig()
    const cache = new Cache(binding)
    await cache.put(config, 0.25)
    expect((await cache.get())?.equals(config)).toBe(true)
    vi.stubEnv('HELION_AUTOTUNE_EFFORT', 'quick')
    expect(await new Cache(await cache.key(), { folder: cacheDir }).get()).toEqual(config)
    const [saved] = iterCacheEntries(cacheDir)
    expect(saved).toMatchObject({ kernel: 'double', ms: 0.25, path: await cache.path() })
  })
})

describe('a remote cache', () => {
  it.each([RemoteAutotuneCache, StrictRemoteAutotuneCache])('%o serves other folders', async (Cache) => {
    const share = temporaryFolder()
    const config = new Config({ block_sizes: [64] })
    const remote = new FileShareCache(share)
    await new Cache(searchOf(), { remote, folder: temporaryFolder() }).put(config)
    const other = new Cache(searchOf(), { remote, folder: temporaryFolder() })
    expect((await other.get())?.data).toEqual(config.data)
    expect([...iterCacheEntries(share)].map(({ kernel }) => kernel)).toEqual(['double'])
    const kernels = make({
      autotuneCache: Cache.name,
      remoteCacheBackend: remote,
      cacheDir: temporaryFolder(),
    })
    expect(await explainCacheMiss(kernels.bind(...args))).toMatch(
      /^nothing is missing: \S+ holds the result$/,
    )
  })
})

describe('a cache', () => {
  it('refuses what it does not take, with the place', async () => {
    const make = () => new LocalAutotuneCache(searchOf(), { foldr: '/tmp' } as object)
    expect(make).toThrow('a cache has no option foldr')
    await expect(new LocalAutotuneCache(undefined as never).get()).rejects.toThrow('names no task')
    const cache = new LocalAutotuneCache(searchOf())
    expect(() => cache.put('fast' as never)).toThrow('put: config is "fast", not an object')
    expect(() => explainCacheMiss({} as never, { foldr: 7 } as never)).toThrow(
      /has no option foldr.*\n.*autotune_caches/,
    )
    await expect(cache.put({ num_warps: 3 })).rejects.toThrow('config field num_warps is 3')
    expect(readdirSync(cacheDir)).toEqual([])
  })
})

describe('the key', () => {
  const keyOf = async (options: object, values = args) =>
    new LocalAutotuneCache(make(options).bind(...values)).key()

  it('holds settings that count, and no others', async () => {
    const plain = await keyOf({})
    expect(await keyOf({ autotuneLogLevel: 'debug', autotuneRandomSeed: 5 })).toEqual(plain)
    expect(plain.settings).toBe('{}')
    for (const options of [
      { autotuneConfigOverrides: { num_warps: 1 } },
      { autotuneBaselineAtol: 1 },
      { persistentReservedSms: 1 },
      { configFilter: (config: Config) => config },
      { configs: [new Config({ block_sizes: [64] }), new Config({ block_sizes: [128] })] },
    ])
      expect((await keyOf(options)).settings).not.toBe('{}')
  })

  it('is the same in every process where a function is among the arguments', async () => {
    const applied = kernel({ cacheDir }, function applied(x: Tensor, f: (value: unknown) => unknown) {
      const out = hl.emptyLike(x)
      for (const tile of hl.tile(x.shape)) out.at(...tile).set(f(x.at(...tile)) as never)
      return out
    })
    const twice = () => (value: unknown) => (value as { mul(by: number): unknown }).mul(2)
    const [one, other] = [applied.bind(args[0], twice()), applied.bind(args[0], twice())]
    expect(one.bound.key).not.toBe(other.bound.key)
    const keys = await Promise.all([one, other].map((binding) => new LocalAutotuneCache(binding).key()))
    expect(keys[0]).toEqual(keys[1])
  })

  it('of a choice among configs is not that of a search of the space', async () => {
    const tuned = make()
    const configs = [{ block_sizes: [64] }, { block_sizes: [128] }]
    const finite = new FiniteSearch(tuned.bind(...args), args, { configs })
    const best = await finite.autotune()
    expect((await new LocalAutotuneCache(finite).get())?.equals(best)).toBe(true)
    expect(await new LocalAutotuneCache(searchOf(tuned)).get()).toBeUndefined()
    expect(await new LocalAutotuneCache(tuned.bind(...args)).get()).toBeUndefined()
    const given = make({ configs: configs.map((config) => new Config(config)) })
    expect((await new LocalAutotuneCache(given.bind(...args)).get())?.equals(best)).toBe(true)
  })

  it('is none of a search of what is no kernel', async () => {
    const search = new RandomSearch({ autotune: async () => new Config() }, [])
    await expect(new LocalAutotuneCache(search).get()).rejects.toThrow(
      'the RandomSearch tunes something that is no kernel, and its results are not stored',
    )
    await expect(explainCacheMiss({} as never)).rejects.toThrow('something that names no task')
  })
})

describe('explainCacheMiss', () => {
  it('names the fields in which the nearest results differ', async () => {
    const stored = make().bind(...args)
    await new LocalAutotuneCache(stored).put(new Config({ block_sizes: [64] }))
    const other = make().bind(rand([6000]))
    const text = await explainCacheMiss(other)
    expect(text).toMatch(/^the nearest of 1 entries for double differ:/)
    expect(text).toContain('specialization (kind of arguments): stored f32[=5000]')
    expect(await explainCacheMiss(make({ autotuneEffort: 'full' }).bind(...args))).toContain(
      'effort: stored quick, asked for full',
    )
    expect(
      await explainCacheMiss(make({ autotuneCache: 'StrictLocalAutotuneCache' }).bind(...args)),
    ).toContain('kind of key: stored loose, asked for strict')
    expect(await explainCacheMiss(make({ skipCache: true }).bind(...args))).toBe(
      'stored results are not read: skipCache (HELION_SKIP_CACHE) is set',
    )
  })
})

describe('iterCacheEntries', () => {
  it('gives what is stored, last used first', async () => {
    vi.stubEnv('HELION_CACHE_DIR', cacheDir)
    expect(getHelionCacheDir()).toBe(resolve(cacheDir))
    expect([...iterCacheEntries()]).toEqual([])
    const cache = new LocalAutotuneCache(make().bind(...args))
    const config = new Config({ block_sizes: [64], num_warps: 2 })
    await cache.put(config, 0.5)
    const [saved, ...others] = iterCacheEntries()
    const key = await cache.key()
    expect(saved).toBeInstanceOf(SavedBestConfig)
    expect(saved).toMatchObject({
      hardware: key.device,
      specializationKey: key.specialization,
      configSpecHash: key.space,
      config,
      flatConfig: [[64], 2],
    })
    expect(Object.isFrozen(saved)).toBe(true)
    saved?.toMutableFlatConfig().push(7)
    expect(saved?.flatConfig).toHaveLength(2)
    expect(others).toEqual([])
    expect([...iterCacheEntries(cacheDir, { maxScan: 0 })]).toEqual([])
    expect([...iterCacheEntries(join(cacheDir, 'configs'))]).toHaveLength(1)
    expect(JSON.parse(readFileSync(String(saved?.path), 'utf8')).kind).toBe('loose')
    expect([...iterCacheEntries(join(cacheDir, 'nowhere'))]).toEqual([])
  })
})
