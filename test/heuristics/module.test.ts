/** What the runtime takes from a module, and what it says about modules that it cannot use. */
import { describe, expect, it } from 'vitest'
import { heuristicIn, nameIn } from '../../src/heuristics/module.ts'
import { DataError } from '../../src/support/errors.ts'

const CONFIGS = [{ num_warps: 1 }, { num_warps: 2 }, { num_warps: 4 }]

function fakeModule(overrides: Readonly<Record<string, unknown>> = {}) {
  return {
    CONFIGS,
    key_add: (x?: unknown) => ((x as { shape: number[] }).shape[0] === 7 ? 2 : 0),
    autotune_add: (x?: unknown) => CONFIGS[(x as { shape: number[] }).shape[0] === 7 ? 2 : 0],
    meta: { kernel: 'add', device: 'webgpu_x', sourceHash: 'h', fallbacks: [2, 0, 1] },
    ...overrides,
  }
}

describe('heuristicIn', () => {
  it('reads functions, provenance and the order of fallbacks', () => {
    const heuristic = heuristicIn(fakeModule(), 'add', 'a.ts')
    expect(heuristic).toMatchObject({ origin: 'a.ts', family: 'webgpu_x', sourceHash: 'h', arity: 1 })
    expect(heuristic.fallbacks).toEqual([{ num_warps: 4 }, { num_warps: 1 }, { num_warps: 2 }])
    expect(heuristic.choose([{ shape: [7] }])).toEqual({ index: 2, config: { num_warps: 4 } })
    expect(heuristic.choose([{ shape: [8] }])).toEqual({ index: 0, config: { num_warps: 1 } })
  })

  it('leaves out the fallbacks that the default config comes before', () => {
    const fallbacksWith = (meta: object) => heuristicIn(fakeModule({ meta }), 'add', 'a.ts').fallbacks
    expect(fallbacksWith({ fallbacks: [2, 0, 1], beforeDefault: 1 })).toEqual([{ num_warps: 4 }])
    expect(fallbacksWith({ fallbacks: [2, 0, 1], beforeDefault: 0 })).toEqual([])
    expect(fallbacksWith({ fallbacks: [2] })).toHaveLength(3)
  })

  it('asks for the config of an index once', () => {
    let asked = 0
    const autotune_add = () => {
      asked++
      return CONFIGS[0]
    }
    const heuristic = heuristicIn(fakeModule({ autotune_add }), 'add', 'a.ts')
    for (let i = 0; i < 3; i++) heuristic.choose([{ shape: [1] }])
    expect(asked).toBe(1)
  })

  it('does without meta and CONFIGS, as in modules written by hand', () => {
    const { key_add, autotune_add } = fakeModule()
    const heuristic = heuristicIn({ key_add, autotune_add }, 'add', 'a.ts')
    expect(heuristic).toMatchObject({ family: undefined, sourceHash: undefined, fallbacks: [] })
    expect(heuristic.choose([{ shape: [7] }]).config).toEqual({ num_warps: 4 })
  })

  it('does not trust the number of parameters where they are gathered or have defaults', () => {
    const arityOf = (key_add: unknown) => heuristicIn(fakeModule({ key_add }), 'add', 'a.ts').arity
    expect(arityOf((_a: unknown, _b: unknown) => 0)).toBe(2)
    expect(arityOf((...args: unknown[]) => args.length)).toBe(Number.POSITIVE_INFINITY)
    expect(
      arityOf(function key_add(_a = 1, _b = 2) {
        return 0
      }),
    ).toBe(Number.POSITIVE_INFINITY)
  })

  it.each(['key_add', 'autotune_add'])('refuses a module without %s', (name) => {
    expect(() => heuristicIn(fakeModule({ [name]: undefined }), 'add', 'a.ts')).toThrow(
      new DataError(`a.ts does not export a function ${name}`, {
        remedy: 'Generate it again with `npx helion-aot`, or remove it.',
      }),
    )
  })

  it.each([
    ['throws', { key_add: () => Number(BigInt(0.5)) }, /^a\.ts failed to choose .* add: .*0\.5/],
    ['gives no index', { key_add: () => 1.5 }, /key_add returned 1\.5, which is no whole number/],
    ['gives no number', { key_add: () => Number.NaN }, /key_add returned NaN, which is no whole number/],
    [
      'gives no config',
      { autotune_add: () => undefined },
      /autotune_add returned undefined, which is no config/,
    ],
    ['gives a list', { autotune_add: () => [1] }, /autotune_add returned \[1\], which is no config/],
  ])('names a module that %s', (_, overrides, message) => {
    const heuristic = heuristicIn(fakeModule(overrides), 'add', 'a.ts')
    expect(() => heuristic.choose([{ shape: [1] }])).toThrow(message)
    expect(() => heuristic.choose([{ shape: [1] }])).toThrow(DataError)
  })
})

it('nameIn goes by the name, then by the source', () => {
  const kernel = (name: string, source: string) => ({
    kernel: name,
    sourceHashAs: (other: string) => (other === 'add' ? source : 'another'),
  })
  expect(nameIn(fakeModule(), kernel('add', 'changed'))).toBe('add')
  expect(nameIn(fakeModule(), kernel('add2', 'h'))).toBe('add')
  expect(nameIn(fakeModule(), kernel('mul', 'changed'))).toBeUndefined()
  expect(nameIn({}, kernel('mul', 'h'))).toBe('mul')
})
