/** Which config a call uses, and ways to set, build and look at one by hand. */
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import {
  Config,
  ConfigError,
  getDevice,
  hl,
  kernel,
  sync,
  type Tensor,
  tensor,
  zeros,
} from '../../src/index.ts'
import { kernelFactory } from '../../src/kernel/factory.ts'
import type { TuneOptions } from '../../src/kernel/options.ts'
import { resetDevice } from '../../src/runtime/default_device.ts'
import { listen } from '../listen.ts'
import { located, plusOne, type Unary } from './kernels.ts'

beforeAll(async () => {
  await getDevice()
})
afterEach(() => vi.restoreAllMocks())

/** The num_warps of the configs that the calls of this kernel are compiled for, in order. */
async function warpsUsed(of: ReturnType<typeof plusOne>, calls = 1): Promise<readonly number[]> {
  const x = zeros([100])
  const compile = vi.spyOn(of.bind(x).bound, 'compile').mockClear()
  for (let i = 0; i < calls; i++) expect((await dataOf(of(x)))[99]).toBe(1)
  return compile.mock.calls.map(([config]) => config.numWarps)
}

async function dataOf(result: Tensor): Promise<readonly number[]> {
  return [...(await (result as ReturnType<typeof zeros>).data())]
}

describe('the config of a call', () => {
  const eight = { num_warps: 8 }
  const quick = {
    autotuneEffort: 'quick',
    autotuneLogLevel: 100,
    skipCache: true,
  } as const

  it('is the one that the author gives', async () => {
    expect(await warpsUsed(plusOne({ config: eight }), 2)).toEqual([8])
    expect(await warpsUsed(plusOne({ config: new Config(eight) }))).toEqual([8])
    expect(await warpsUsed(plusOne({ configs: [eight] }))).toEqual([8])
    expect(await warpsUsed(plusOne({ config: eight, autotuneEffort: 'none' }))).toEqual([8])
  })

  it('is the default one, which is said once, when no time shall be spent', async () => {
    const stderr = listen()
    const add = plusOne({ autotuneEffort: 'none' })
    expect(await warpsUsed(add, 2)).toEqual([1])
    expect(stderr.text).toMatch(/^helion-aot: plus_one uses its default config: new Config\(\{.*\}\)\n$/)
    expect(await warpsUsed(plusOne({ config: eight, autotuneEffort: 'none', forceAutotune: true }))).toEqual([
      1,
    ])
  })

  it('is the fastest of several', async () => {
    const configs = [eight, { num_warps: 2 }, { block_sizes: [16_384], num_warps: 8 }]
    const add = plusOne({ ...quick, configs })
    // 1: the default config tells whether there is anything to do.
    expect(new Set(await warpsUsed(add))).toEqual(new Set([1, 8, 2]))
    expect(await warpsUsed(add)).toEqual([])
  })

  it('is the one that was set, until the kernel is reset', async () => {
    const add = plusOne({ config: eight })
    add.bind(zeros([100])).setConfig({ num_warps: 2 })
    expect(await warpsUsed(add)).toEqual([2])
    add.reset()
    expect(await warpsUsed(add)).toEqual([8])
  })
})

describe('kernel.autotune', () => {
  it('installs what the tuner finds, for all calls of the binding', async () => {
    const asked: [number, TuneOptions][] = []
    const services = {
      sourceOf: () => ({ ready: () => undefined }),
      async tune(
        _bound: unknown,
        { tensors }: { tensors: readonly Tensor[] },
        stream: object,
        options: TuneOptions,
      ) {
        expect(stream).not.toBe((tensors[0] as ReturnType<typeof zeros>).stream)
        asked.push([Number(tensors[0]?.shape[0]), options])
        return new Config({ num_warps: 2 })
      },
      tuneTogether: () => Promise.reject(new Error('not asked here')),
    }
    const add = kernelFactory(services, { staticShapes: false })(function add(x: Tensor) {
      const out = hl.emptyLike(x)
      for (const t of hl.tile(x.shape[0])) out.at(t).set(x.at(t).add(1))
      return out
    })
    const config = await add.autotune([zeros([100])], { initialPopulation: 3 })
    expect(config.data).toEqual({ num_warps: 2 })
    await add.bind(zeros([52])).autotune([zeros([52])], { force: false })
    expect(asked).toEqual([
      [100, { force: true, initialPopulation: 3 }],
      [52, { force: false }],
    ])
    expect(await warpsUsed(add as never)).toEqual([2])
  })

  it('fails where the tuner fails', async () => {
    const services = {
      sourceOf: () => ({ ready: () => undefined }),
      tune: () => Promise.reject(new ConfigError('none works')),
      tuneTogether: () => Promise.reject(new ConfigError('none works together')),
    }
    const add = kernelFactory(services)(function add(x: Tensor) {
      const out = hl.emptyLike(x)
      for (const t of hl.tile(x.shape[0])) out.at(t).set(x.at(t).add(1))
      return out
    })
    await expect(add.autotune([zeros([100])])).rejects.toThrow('none works')
    await expect(add.autotuneMulti([[zeros([100])]])).rejects.toThrow('none works together')
    await sync()
  })
})

describe('compileConfig', () => {
  it('gives a function with this config, whatever the binding uses', async () => {
    const binding = plusOne({ config: { num_warps: 1 } }).bind(zeros([100]))
    const compile = vi.spyOn(binding.bound, 'compile')
    const [two, four] = [2, 4].map((num_warps) => binding.compileConfig({ num_warps })) as [Unary, Unary]
    const x = zeros([100])
    expect((await dataOf(four(two(binding(x)))))[0]).toBe(3)
    binding.setConfig({ num_warps: 8 })
    expect((await dataOf(four(two(x))))[0]).toBe(2)
    expect(compile.mock.calls.map(([config]) => config.numWarps)).toEqual([1, 2, 4])
  })

  it('refuses arguments of another specialisation, as the binding does', () => {
    const binding = plusOne().bind(zeros([100]))
    const what = 'a binding of plus_one was called with arguments of another specialisation'
    const message = located('configs.test.ts', what, 'Bind again with arguments like these.')
    expect(() => binding(zeros([101]))).toThrow(message)
    expect(() => binding.compileConfig({ num_warps: 1 })(zeros([101]))).toThrow(message)
  })
})

describe('toWgsl', () => {
  it('shows the config in use, the default one, or another', async () => {
    const binding = plusOne().bind(zeros([4096]))
    const threads = (text: string) => Number(/@workgroup_size\((\d+)/.exec(text)?.[1])
    expect(threads(binding.toWgsl())).toBe(32)
    expect(threads(binding.toWgsl({ num_warps: 2 }))).toBe(64)
    binding.setConfig({ num_warps: 4 })
    expect(threads(binding.toWgsl())).toBe(128)
    expect(binding.defaultConfig().numWarps).toBe(1)
    const device = await getDevice()
    device.gpu.pushErrorScope('validation')
    device.gpu.createShaderModule({ code: binding.toWgsl() })
    expect(await device.gpu.popErrorScope()).toBeNull()
  })

  it('has all loops of a kernel, one after the other', () => {
    const two = kernel({ config: {} }, function two(x: Tensor) {
      for (const t of hl.tile(x.shape[0])) x.at(t).set(x.at(t).add(1))
      for (const t of hl.tile(x.shape[0])) x.at(t).set(x.at(t).mul(2))
    })
    expect(
      two
        .bind(zeros([8]))
        .toWgsl()
        .match(/@compute/g),
    ).toHaveLength(2)
  })

  it('refuses configs that do not fit', () => {
    const binding = plusOne().bind(zeros([100]))
    expect(() => binding.toWgsl({ block_sizes: [4, 4] })).toThrow(
      located(
        'kernel/configs.test.ts',
        'config field block_sizes has 2 entries ([4, 4]); this kernel takes 1, one for each tile dimension',
      ),
    )
    expect(() => binding.setConfig({ num_warps: 3 })).toThrow('config field num_warps is 3; allowed:')
  })
})

describe('printOutputCode', () => {
  it('shows each program once, with its config', async () => {
    const stderr = listen()
    const add = plusOne({ config: { num_warps: 2 }, printOutputCode: true })
    for (let i = 0; i < 2; i++) await dataOf(add(zeros([100])))
    expect(stderr.text).toMatch(
      /^\/\/ plus_one: new Config\(\{ .*num_warps: 2.* \}\)\n[\s\S]*@compute[\s\S]*\}\n+$/,
    )
    expect(stderr.text.match(/@compute/g)).toHaveLength(1)
  })
})

describe('before the device is open', () => {
  beforeEach(resetDevice)

  it('what depends on it asks for it', async () => {
    const binding = plusOne().bind(tensor([1, 2]))
    for (const ask of ['toWgsl', 'defaultConfig'] as const) {
      const what = `${ask} needs to know the device, which is not open yet`
      const message = located('configs.test.ts', what, 'Call `await getDevice()` first.')
      expect(() => binding[ask]()).toThrow(message)
    }
    await getDevice()
    expect(binding.toWgsl()).toContain('@compute')
  })
})
