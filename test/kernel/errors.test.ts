/** Mistakes of callers and authors: what they are told, where, and when. */
import { beforeEach, describe, expect, it } from 'vitest'
import {
  AuthorError,
  ConfigError,
  getDevice,
  hl,
  kernel,
  sync,
  type Tensor,
  UsageError,
  zeros,
} from '../../src/index.ts'
import type { AnyFunction } from '../../src/kernel/options.ts'
import { resetDevice } from '../../src/runtime/default_device.ts'
import { located, plusOne, type Unary } from './kernels.ts'

const HERE = 'kernel/errors.test.ts'

function data(result: Tensor): Promise<ArrayLike<number>> {
  return (result as ReturnType<typeof zeros>).data()
}

/** What a call throws, at once or when the result is read. */
async function failure(call: () => Tensor): Promise<Error> {
  try {
    await data(call())
  } catch (error) {
    return error as Error
  }
  throw new Error('nothing was thrown')
}

describe('shapes that do not fit what the kernel does', () => {
  const dynamic = kernel({ config: {}, staticShapes: false }, function add(x: Tensor, y: Tensor) {
    const out = hl.emptyLike(x)
    for (const t of hl.tile(x.shape[0])) out.at(t).set(x.at(t).add(y.at(t)))
    return out
  })

  it('are an error at the call, with the line of the author', async () => {
    dynamic(zeros([7]), zeros([9]))
    expect(() => dynamic(zeros([9]), zeros([7]))).toThrow(UsageError)
    const line = (dynamic.definition.location?.line ?? 0) + 2
    expect(() => dynamic(zeros([9]), zeros([7]))).toThrow(
      new RegExp(
        '^add: y\\.at\\(…\\) reads dimension 0 of y up to the end of the tile.s range: ' +
          'x\\.shape\\[0\\] = 9 must be at most y\\.shape\\[0\\] = 7\\n' +
          `  at .*${HERE}:${line}:\\d+\\n  Check the shapes of the arguments\\.$`,
      ),
    )
  })

  it('are found by the same binding for other shapes', async () => {
    const [good, bad] = [dynamic.bind(zeros([7]), zeros([9])), [zeros([11]), zeros([9])] as const]
    expect(() => good(...bad)).toThrow('must be at most y.shape[0] = 9')
    expect(Array.from(await data(good(zeros([5]), zeros([9]))))).toEqual(Array(5).fill(0))
  })
})

describe('configs that do not fit', () => {
  const wrong = { block_sizes: [4, 4] }
  const message = located(
    HERE,
    'config field block_sizes has 2 entries ([4, 4]); this kernel takes 1, one for each tile dimension',
  )

  beforeEach(resetDevice)

  it('are told with the line of the call, before the device is open', async () => {
    const result = plusOne({ config: wrong })(zeros([5]))
    await expect(data(result)).rejects.toThrow(message)
    await expect(data(result)).rejects.toThrow(ConfigError)
    await sync()
  })

  it('are told with the line of the call, when it is', async () => {
    await getDevice()
    const x = zeros([5])
    await sync()
    const error = await failure(() => plusOne({ config: wrong })(x))
    expect(error).toBeInstanceOf(ConfigError)
    expect(error.message).toMatch(message)
  })

  it('or cannot be built, are told by the result and by what depends on it', async () => {
    const binding = plusOne().bind(zeros([32_768]))
    const big = binding.compileConfig({ block_sizes: [16_384], num_warps: 1 })
    const result = big(zeros([32_768]))
    const later = binding(result)
    const budget = (await getDevice()).limits.registerBudget
    const what = `the config needs about 512 registers per thread; the budget is ${budget}`
    const text = located(HERE, what, 'With num_warps: ')
    await expect(data(result)).rejects.toThrow(text)
    await expect(data(later)).rejects.toThrow(text)
    await sync()
    expect(Array.from(await data(binding(zeros([32_768])))).slice(0, 2)).toEqual([1, 1])
  })

  it('are left in the stream when nobody reads the result', async () => {
    plusOne({ config: wrong })(zeros([5]))
    await expect(sync()).rejects.toThrow(message)
    await sync()
  })
})

describe('mistakes in a kernel function', () => {
  it('are thrown by the call, each time', () => {
    const careless = kernel({ config: {} }, function careless(x: Tensor) {
      return x.at(0) as unknown as Tensor
    })
    for (let i = 0; i < 2; i++) expect(() => careless(zeros([5]))).toThrow(AuthorError)
  })

  it('calling a kernel inside a kernel', () => {
    const inner = plusOne()
    const outer = kernel({ config: {} }, function outer(x: Tensor) {
      return inner(x)
    })
    expect(() => outer(zeros([5]))).toThrow(
      located(HERE, 'the kernel plus_one was called inside a kernel function', 'Call a plain function'),
    )
    expect(() => plusOne()(zeros([5]))).not.toThrow()
  })
})

it('a Proxy of a tensor, as reactive state makes them, is told for what it is', () => {
  const fill = kernel({ autotuneEffort: 'none' }, function fill(x: Tensor) {
    for (const tile of hl.tile(x.shape[0])) x.at(tile).set(1)
  })
  expect(() => fill(new Proxy(zeros([4]), {}))).toThrow(
    located(HERE, 'a Proxy of a tensor was passed to a kernel', 'Pass the tensor itself'),
  )
})

it('tuning fails at the place of its call', async () => {
  const tuned = kernel({ autotuner: 'Magic', autotuneEffort: 'quick' }, function tuned(x: Tensor) {
    for (const tile of hl.tile(x.shape[0])) x.at(tile).set(1)
  })
  await expect(tuned.autotune([zeros([4])])).rejects.toThrow(
    located(HERE, 'there is no search named Magic', 'Known are LFBOTreeSearch, '),
  )
})

describe('making kernels', () => {
  const fn = function fine(x: Tensor) {
    return x
  }
  const make = kernel as unknown as (first?: unknown, second?: unknown) => unknown

  it.each([
    [() => make('name'), 'a kernel cannot be made of name'],
    [() => make(null), 'a kernel cannot be made of null'],
    [() => make({}, 'fn'), 'a kernel cannot be made of fn'],
    [() => (make({}) as Unary)(3 as never), 'a kernel cannot be made of 3'],
    [() => make(fn, { kind: 'field', name: 'x' }), 'a kernel cannot be made of a field of a class'],
    [() => make(fn, { autotuneEffort: 'none' }), 'a kernel cannot be made of a function before its options'],
  ])('%s', (made, message) => {
    expect(made).toThrow(located(HERE, message, 'Use kernel(fn), kernel(options, fn), or @kernel(options)'))
  })

  it('of functions without a name, which get one from their text', () => {
    const name = (fn: () => number): string => (make(fn) as Unary).name
    const [one, two] = [name(() => 1), name(() => 2)]
    expect([one, two]).toEqual([
      expect.stringMatching(/^kernel_[0-9a-f]{8}$/),
      expect.not.stringMatching(one),
    ])
    expect(name(() => 1)).toBe(one)
  })

  it('without a name that files can have', () => {
    expect(() => make({ name: 'my kernel' }, fn)).toThrow(
      located(HERE, 'a kernel is named "my kernel"', "Use a named function, or the option name: 'my_kernel'"),
    )
    for (const name of ['n'.repeat(201), '../x', '__proto__'])
      expect(() => make({ name }, fn)).toThrow(`a kernel is named "${name}"`)
    expect((make({ name: 'mine' }, () => 1) as Unary).name).toBe('mine')
  })

  it('of functions without a text of their own: all would be one version of one kernel', () => {
    for (const built of [Math.max, fn.bind(undefined)])
      expect(() => make({ name: 'named' }, built)).toThrow(
        located(HERE, `a kernel cannot be made of ${built.name}, which is built in or bound`, 'Write'),
      )
  })

  it('of a class', () => {
    expect(() => make({}, class Layer {})).toThrow(
      located(HERE, 'a kernel cannot be made of Layer, which is a class', 'Pass a function, or decorate'),
    )
  })

  it('with options that are null, which count as not given', () => {
    const none = { name: null, source: null, config: null, configs: null, key: null, baselineFn: null }
    expect((make(none, fn) as Unary).name).toBe('fine')
  })

  it.each([
    [
      { config: {}, configs: [{}] },
      located(HERE, 'a kernel has both config and configs', 'Give one of the two.'),
    ],
    [{ configs: [] }, /^configs is an empty list/],
    [{ config: { num_warps: 3 } }, /^config field num_warps is 3; allowed: /],
    [{ configs: [{}, { pid_type: 'round' }] }, /^config field pid_type is 'round'/],
    [
      { staticshapes: true },
      located(HERE, 'a kernel has no option staticshapes', 'Did you mean staticShapes?'),
    ],
    [
      { nonsense: 1 },
      located(HERE, 'a kernel has no option nonsense', 'Own options: name, source, config, '),
    ],
    [{ autotuneEffort: 'huge' }, /autotuneEffort/],
    [{ source: 5 }, located(HERE, 'a kernel: source is 5, not a text', 'Write it in quotes.')],
    [{ key: 'size' }, located(HERE, 'a kernel: key is "size", not a function', 'Write () => … around it.')],
    [{ collectFn: [[1]] }, /^a kernel: collectFn is a list, not a function/],
    [{ measureFn: {} }, /^a kernel: measureFn is an object, not a function/],
    [{ baselineFn: 1 }, /^a kernel: baselineFn is 1, not a function/],
    [{ batched: [0, null] }, /^a kernel: batched is a list, not a list with null or a list for each/],
    [{ batched: [['0']] }, /^a kernel: batched is a list, not/],
    [{ heuristics: [null] }, /^a kernel: heuristics is a list, not a list of objects/],
    [{ heuristics: {} }, /^a kernel: heuristics is an object, not a list of objects/],
    [{ configs: [5] }, /^a kernel: configs is a list, not a list of objects/],
    [{ config: 'fast' }, /^a kernel: config is "fast", not an object/],
    [{ config: [{}] }, /^a config is an object of fields, not a list/],
  ])('with options %j', (options, message) => {
    expect(() => make(options, fn)).toThrow(message)
    expect(() => (make(options) as (f: AnyFunction) => unknown)(fn as AnyFunction)).toThrow(message)
  })
})
