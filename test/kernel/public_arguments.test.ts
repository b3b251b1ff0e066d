/** What callers may pass to the public functions: nothing is ignored, and every refusal is a sentence. */
import { describe, expect, it } from 'vitest'
import * as helion from '../../src/index.ts'
import { HelionError, hl, kernel, type Tensor, zeros } from '../../src/index.ts'
import { plusOne } from './kernels.ts'

type Call = (...args: unknown[]) => unknown

const FUNCTIONS = Object.entries(helion).filter(
  ([, value]) => typeof value === 'function' && !String(value).startsWith('class '),
) as [string, Call][]
const JUNK = [
  undefined,
  null,
  4,
  'text',
  Number.NaN,
  [],
  ['a'],
  [-1],
  {},
  { nonsense: 1 },
  () => 1,
  4n,
  Symbol(),
]

/** What a call throws or rejects with. */
async function errorOf(call: () => unknown): Promise<unknown> {
  try {
    await call()
  } catch (error) {
    return error
  }
  return undefined
}

function shown(args: readonly unknown[]): string {
  return args.map((arg) => (Array.isArray(arg) ? `[${arg.map(String)}]` : String(arg))).join(', ')
}

describe.each(FUNCTIONS)('%s', (name, call) => {
  it('refuses surplus arguments', async () => {
    const error = await errorOf(() => call(...Array(6).fill(undefined)))
    expect(error).toBeInstanceOf(HelionError)
    expect((error as Error).message).toMatch(/^\w+ takes .+, not 6 arguments\n {2}at .*public_arguments/)
  })

  it('refuses junk in words', async () => {
    for (const a of JUNK) {
      for (const args of [[], [a], [a, a], [[2], a], [[2], 1, a], [() => undefined, a]]) {
        const error = await errorOf(() => call(...args))
        if (error !== undefined) expect(error, `${name}(${shown(args)})`).toBeInstanceOf(HelionError)
      }
    }
  })
})

describe('methods', () => {
  const made = plusOne()
  const bound = made.bind(zeros([4]))
  const targets: readonly (readonly [string, object, readonly string[]])[] = [
    ['tensors', zeros([4]), ['data', 'write', 'upload', 'copyFrom', 'clone', 'dispose']],
    ['kernels', made, ['autotune', 'reset']],
    ['bindings', bound, ['autotune', 'setConfig', 'defaultConfig', 'compileConfig', 'toWgsl']],
  ]

  it.each(targets)('of %s refuse surplus arguments and junk', async (_title, target, names) => {
    for (const name of names) {
      const call = (target as Record<string, Call>)[name]?.bind(target)
      const surplus = await errorOf(() => call?.(1, 2, 3, 4))
      expect((surplus as Error).message).toMatch(/^\w+ takes .+, not 4 arguments\n {2}at .*public_arguments/)
      if (name === 'reset' || name === 'dispose') continue
      for (const a of JUNK) {
        const error = await errorOf(() => call?.(a))
        if (error !== undefined) expect(error, `${name}(${shown([a])})`).toBeInstanceOf(HelionError)
      }
    }
  })
})

describe('options', () => {
  it.each([
    [() => zeros([2], { dtyp: 'i32' } as never), 'zeros has no option dtyp', 'Did you mean dtype?'],
    [() => helion.doBench(() => undefined, { warmup: 1 } as never), 'doBench has no option warmup', 'It has'],
    [
      () => kernel({ staticShape: true } as never, () => 1),
      'a kernel has no option staticShape',
      'staticShapes?',
    ],
    [() => zeros([2], { dtype: 'f64' as never }), 'zeros: dtype is "f64", not a dtype', 'f32, f16, bf16'],
    [() => zeros(4 as never), 'zeros: shape is 4, not a list of sizes', '[4] or [4, 8]'],
  ])('%#: that do not exist are named, with what was meant', async (call, what, remedy) => {
    const error = await errorOf(call)
    expect(error).toBeInstanceOf(HelionError)
    expect((error as HelionError).what).toBe(what)
    expect((error as HelionError).remedy).toContain(remedy)
  })

  it('may follow the arguments that are there', async () => {
    expect([...(await helion.arange(3, { dtype: 'i32' } as never).data())]).toEqual([0, 1, 2])
  })
})

describe('arguments of a kernel', () => {
  const add = kernel({ config: {} }, function add(x: Tensor, y: Tensor) {
    const out = hl.empty([2])
    for (const t of hl.tile(2)) out.at(t).set(x.at(t).add(y.at(t)))
    return out
  }) as unknown as Call

  it.each([
    ['missing', [zeros([2])], 'x: a tensor, y: undefined'],
    ['null', [null, zeros([2])], 'x: null, y: a tensor'],
    ['objects', [{}, zeros([2])], 'x: an object, y: a tensor'],
  ])('that are %s are named, with the line that needs another', (_title, args, text) => {
    expect(() => add(...args)).toThrow(HelionError)
    expect(() => add(...args)).toThrow(/public_arguments\.test\.ts:\d+/)
    expect(() => add(...args)).toThrow(`It was called with ${text}`)
  })

  it('that are numbers where it reads a tensor', () => {
    const call = () => add(zeros([2]), 3)
    expect(call).toThrow(/at\(…\) of a number: .*\n {2}at .*public_arguments\.test\.ts:\d+/)
    expect(call).toThrow('Call the kernel with a tensor there, which tensor([…]) makes of numbers')
  })

  it('that are lists where it reads a tensor', () => {
    expect(() => add([1, 2], zeros([2]))).toThrow(/not in a list: tensor\(\[…\]\) makes one of numbers/)
  })

  it('that are nothing a kernel takes', () => {
    for (const value of [4n, Symbol(), new Float32Array(2)]) expect(() => add(value)).toThrow(HelionError)
  })
})
