/** What a kernel asks its config source, when, and what it makes of the answers. */
import { beforeAll, describe, expect, it, vi } from 'vitest'
import type { Config, ConfigInput } from '../../src/config/config.ts'
import { getDevice, hl, type Kernel, sync, type Tensor, tensor, zeros } from '../../src/index.ts'
import type { Choice, ChoiceRequest, ConfigSource } from '../../src/kernel/config_source.ts'
import { kernelFactory } from '../../src/kernel/factory.ts'
import { ConfigError, type HelionError } from '../../src/support/errors.ts'
import type { Unary } from './kernels.ts'

beforeAll(async () => {
  await getDevice()
})

/** x + 1 with sizes that may change, and a source of the test's. */
function plusOneWith(source: ConfigSource): Kernel<Unary> {
  const refuse = () => Promise.reject(new Error('not tuned here'))
  const services = { sourceOf: () => source, tune: refuse, tuneTogether: refuse }
  return kernelFactory(services, { staticShapes: false })(function plus_one(x: Tensor) {
    const out = hl.emptyLike(x)
    for (const t of hl.tile(x.shape[0])) out.at(t).set(x.at(t).add(1))
    return out
  })
}

function choice(request: ChoiceRequest, input: ConfigInput, more: Partial<Choice> = {}): Choice {
  const config = request.bound.specFor(request.call, request.device).normalize(input, 'strict')
  return { config, holdsFor: 'signature', ...more }
}

async function first(result: Tensor): Promise<number | undefined> {
  return (await (result as ReturnType<typeof zeros>).data())[0]
}

describe('ready', () => {
  it.each([
    ['binding', [2, 0, 2, 0]],
    ['signature', [2, 0, 2, 0]],
    ['call', [2, 1, 2, 1]],
  ] as const)(
    'a choice that holds for the %s: asked at once and, to compile it, in turn',
    async (holdsFor, asked) => {
      const ready = vi.fn((request: ChoiceRequest) => choice(request, {}, { holdsFor }))
      const add = plusOneWith({ ready })
      const counts: number[] = []
      for (const size of [7, 7, 9, 7]) {
        const x = zeros([size])
        await sync()
        const before = ready.mock.calls.length
        expect(await first(add(x))).toBe(1)
        counts.push(ready.mock.calls.length - before)
      }
      expect(counts).toEqual(asked)
      expect(ready.mock.calls[0]?.[0].definition.name).toBe('plus_one')
      expect(ready.mock.calls[0]?.[0].call.tensors[0]?.shape).toEqual([7])
    },
  )

  it('is asked again after setConfig, which comes first', async () => {
    const ready = vi.fn((request: ChoiceRequest) => choice(request, { num_warps: 1 }))
    const add = plusOneWith({ ready })
    const x = zeros([7])
    await first(add(x))
    const binding = add.bind(x)
    const compile = vi.spyOn(binding.bound, 'compile')
    const warps = (): number[] => compile.mock.calls.map(([config]) => config.numWarps)
    await first(add(x))
    expect(warps()).toEqual([])
    binding.setConfig({ num_warps: 2 })
    await first(add(x))
    await first(add(x))
    expect(warps()).toEqual([2])
    const calls = ready.mock.calls.length
    binding.bound.setConfig(undefined)
    await first(add(x))
    expect(ready.mock.calls.length).toBeGreaterThan(calls)
  })

  it('may choose by values: known configs are launched at once, whatever came between', async () => {
    let warps = 1
    const add = plusOneWith({
      ready: (request) => choice(request, { num_warps: warps }, { holdsFor: 'call' }),
    })
    const x = zeros([7])
    const compile = vi.spyOn(add.bind(x).bound, 'compile')
    const launched: number[] = []
    for (warps of [1, 2, 1, 4, 2]) {
      await sync()
      let result: Tensor = x
      launched.push(x.stream.capture(() => (result = add(x))).length)
      expect(await first(result)).toBe(1)
    }
    expect(compile.mock.calls.map(([config]) => config.numWarps)).toEqual([1, 2, 4])
    expect(launched).toEqual([0, 0, 1, 0, 1])
  })

  it('is asked again for shapes that were forgotten', async () => {
    const ready = vi.fn((request: ChoiceRequest) => choice(request, {}))
    const add = plusOneWith({ ready })
    const [x, y] = [zeros([3]), zeros([5])]
    await first(add(x))
    await first(add(y))
    const calls = ready.mock.calls.length
    for (let size = 6; size < 6 + 4095; size++) add.specializationKey(zeros([size]))
    await sync()
    await first(add(y))
    expect(ready).toHaveBeenCalledTimes(calls)
    await first(add(x))
    expect(ready.mock.calls.length).toBeGreaterThan(calls)
  })
})

describe('prepare and search', () => {
  it('prepare gets what ready needs, while the search is not asked', async () => {
    const order: string[] = []
    let loaded = false
    const search = vi.fn()
    const add = plusOneWith({
      ready(request) {
        order.push(loaded ? 'ready' : 'not ready')
        return loaded ? choice(request, {}) : undefined
      },
      async prepare({ definition, call }) {
        order.push(`prepare ${definition.name} ${call.signature}`)
        await new Promise((resolve) => setTimeout(resolve, 5))
        loaded = true
      },
      search,
    })
    const results = [add(zeros([7])), add(zeros([7]))]
    expect(await Promise.all(results.map(first))).toEqual([1, 1])
    expect(order.slice(0, 2)).toEqual(['not ready', 'not ready'])
    expect(order.filter((what) => what.startsWith('prepare'))).toEqual(
      Array(2).fill('prepare plus_one f32[7];'),
    )
    expect(search).not.toHaveBeenCalled()
  })

  it('a search runs alone, once for the calls that wait for it', async () => {
    const x = zeros([7])
    let found: Config | undefined
    const search = vi.fn(async ({ stream, ...request }) => {
      expect(stream).not.toBe((x as { stream: unknown }).stream)
      await stream.sync()
      found = choice(request, { num_warps: 2 }).config
      return { config: found, holdsFor: 'binding' } as const
    })
    const add = plusOneWith({
      ready: () => found && { config: found, holdsFor: 'binding' },
      search,
    })
    const chain = add(add(add(x)))
    expect(search).not.toHaveBeenCalled()
    expect(await first(chain)).toBe(3)
    expect(search).toHaveBeenCalledTimes(1)
  })

  it('a search that fails fails its call, with the line of the call', async () => {
    let attempts = 0
    const add = plusOneWith({
      ready: () => undefined,
      search: async (request) => {
        if (attempts++ === 0) throw new ConfigError('nothing works', { remedy: 'Buy another GPU.' })
        return choice(request, {})
      },
    })
    const [bad, good] = [add(zeros([7])), add(zeros([7]))]
    await expect(first(bad)).rejects.toThrow(
      /^nothing works\n {2}at .*config_source\.test\.ts:\d+:\d+\n {2}Buy/,
    )
    expect(await first(good)).toBe(1)
  })

  it('a source without an answer is a bug that says so', async () => {
    const add = plusOneWith({ ready: () => undefined })
    await expect(first(add(zeros([7])))).rejects.toThrow('no config was chosen for plus_one')
  })
})

describe('fallbacks', () => {
  it('serve when the choice cannot be built, which is told', async () => {
    const told: [Config, HelionError][] = []
    const ready = vi.fn((request: ChoiceRequest) => {
      const impossible = choice(request, { block_sizes: [16_384], num_warps: 1 })
      const fallbacks = [8192, 64].map(
        (size) => choice(request, { block_sizes: [size], num_warps: 1 }).config,
      )
      const onFallback = (used: Config, refusal: HelionError) => void told.push([used, refusal])
      return { ...impossible, fallbacks, onFallback }
    })
    const add = plusOneWith({ ready })
    for (let i = 0; i < 3; i++) expect(await first(add(zeros([10_000])))).toBe(1)
    expect(told).toHaveLength(1)
    expect(told[0]?.[0].blockSizes).toEqual([64])
    expect(told[0]?.[1]).toBeInstanceOf(ConfigError)
    expect(told[0]?.[1].message).toContain('registers per thread')
  })

  it('that cannot be built either leave the first refusal', async () => {
    const add = plusOneWith({
      ready(request) {
        const [config, fallback] = [16_384, 8192].map(
          (size) => choice(request, { block_sizes: [size], num_warps: 1 }).config,
        ) as [Config, Config]
        return { config, fallbacks: [fallback], holdsFor: 'binding' }
      },
    })
    const refusal = await first(add(zeros([10_000]))).catch((error: unknown) => error as HelionError)
    expect(refusal).toBeInstanceOf(ConfigError)
    expect((refusal as HelionError).message).toMatch(
      /^the config needs about \d+ registers per thread; the budget is \d+\n {2}at .*config_source\.test\.ts/,
    )
  })

  it('do not hide bugs', async () => {
    const add = plusOneWith({
      ready: (request) => {
        const { config } = choice(request, {})
        vi.spyOn(request.bound, 'compile').mockImplementationOnce(() => {
          throw new TypeError('a bug')
        })
        return { config, fallbacks: [config], holdsFor: 'binding' }
      },
    })
    await expect(first(add(tensor([1, 2])))).rejects.toThrow('a bug')
  })
})
