/** `autotune` for anything: WGSL of people's own, and functions. */
import { describe, expect, it } from 'vitest'
import { autotune, ConfigError, kernel, rand, type Tensor, tunable, zeros } from '../../src/index.ts'
import { double } from './kernel_trials.ts'

const N = 10_000
const quiet = {
  autotuneEffort: 'quick',
  autotuneRandomSeed: 1,
  autotuneLogLevel: 'error',
  autotuneFinalTargetMs: 20,
  autotuneProgressBar: false,
} as const

interface Choice {
  readonly block: number
  readonly unroll: number
  readonly factor: string
}

/** Doubles x into y; the factor 3 is wrong, and 'syntax' is no WGSL. */
function shader({ block, unroll, factor }: Choice): string {
  return `
@group(0) @binding(0) var<storage> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@compute @workgroup_size(${block})
fn main(@builtin(global_invocation_id) id: vec3u) {
  for (var i = 0u; i < ${unroll}u; i++) {
    let at = id.x * ${unroll}u + i;
    if (at < ${N}u) { y[at] = ${factor} * x[at]; }
  }
}`
}

const tunables = { block: tunable.powerOf2(16, 256), unroll: [1, 2, 4], factor: ['2.0', '3.0', 'syntax'] }
const inWgsl = (choice: Choice) => ({
  wgsl: shader(choice),
  workgroups: Math.ceil(N / (choice.block * choice.unroll)),
})

describe('autotune', () => {
  it('finds values for WGSL that answers right, and leaves the tensors alone', async () => {
    const [x, y] = [rand([N]), zeros([N])]
    const expected = Float32Array.from(await x.data(), (value) => 2 * value)
    const best = await autotune({
      tunables,
      compile: inWgsl,
      args: [x, y],
      expected: [null, expected],
      ...quiet,
    })
    expect(best.data).toMatchObject({ factor: '2.0' })
    expect((await y.data()).every((value) => value === 0)).toBe(true)
  })

  it('has all configs agree with the first where nothing is expected', async () => {
    const start = { default: { factor: '3.0' } }
    const best = await autotune({
      tunables,
      compile: inWgsl,
      args: [rand([N]), zeros([N])],
      ...start,
      ...quiet,
    })
    expect(best.data).toMatchObject({ factor: '3.0' })
  })

  it('keeps to the constraint, and to configs that can be built', async () => {
    const asked: Choice[] = []
    const ranges = { ...tunables, factor: tunable.enumeration('2.0', '3.0', 'syntax') }
    const best = await autotune({
      tunables: ranges,
      constraint: ({ factor, block }) => factor === '2.0' && block >= 64,
      compile(choice) {
        asked.push(choice)
        if (choice.block > 64) throw new ConfigError('too large')
        return inWgsl(choice)
      },
      args: [rand([N]), zeros([N])],
      ...quiet,
      autotuner: 'DifferentialEvolutionSearch',
      populationSize: 8,
    })
    expect(best.data).toMatchObject({ block: 64, factor: '2.0' })
    expect(asked.every(({ block, factor }) => block >= 64 && factor === '2.0')).toBe(true)
    expect(new Set(asked.map((one) => JSON.stringify(one))).size).toBe(asked.length)
  })

  it('finds values for a function of the arguments', async () => {
    const doubled = kernel(double)
    const x = rand([N])
    const binding = doubled.bind(x)
    const compile = ({ block, wrong }: { readonly block: number; readonly wrong: boolean }) => {
      const run = binding.compileConfig({ block_sizes: [block] })
      return (given: Tensor) => run(wrong ? (run(given) as never) : given)
    }
    const best = await autotune({
      tunables: { block: [256, 64, 1024], wrong: tunable.boolean() },
      compile,
      args: [x],
      expected: async () => [Float32Array.from(await x.data(), (value) => 2 * value)],
      ...quiet,
    })
    expect(best.data).toMatchObject({ wrong: false })
    expect((await x.data()).length).toBe(N)
  })

  it('refuses what it does not know and what cannot run', async () => {
    const args = [rand([N]), zeros([N])]
    const refused = (more: object) => autotune({ tunables, compile: inWgsl, args, ...quiet, ...more })
    await expect(refused({ populationSize: 3 })).rejects.toThrow(
      'LFBOTreeSearch has no option populationSize',
    )
    await expect(refused({ autotuneEffort: 'much' })).rejects.toThrow('setting autotuneEffort is "much"')
    await expect(refused({ compile: 3 })).rejects.toThrow('autotune needs tunables and a function compile')
    await expect(refused({ compile: () => ({}) })).rejects.toThrow(
      'compile of compile returned neither a function nor WGSL with its workgroups',
    )
    const foreign = { ...inWgsl({ block: 16, unroll: 1, factor: '2.0' }), bindings: [zeros([1])] }
    await expect(refused({ compile: () => foreign, name: 'own' })).rejects.toThrow(
      'binding 0 of own is none of the tensors in args',
    )
    await expect(refused({ expected: [null, [1, 2]] })).rejects.toThrow(
      `expected[1] has 2 values, args[1] has ${N}`,
    )
    const failing = () => {
      throw new RangeError('my own mistake')
    }
    await expect(refused({ compile: failing })).rejects.toThrow('my own mistake')
  })
})

describe('tunable', () => {
  it('refuses what is no range', () => {
    expect(() => tunable.powerOf2(3, 8)).toThrow('tunable.powerOf2(3, 8, 3) is no range')
    expect(() => tunable.integer(3, 2)).toThrow('tunable.integer(3, 2, 3) is no range')
    expect(() => tunable.enumeration()).toThrow('tunable.enumeration needs values')
    expect(() => tunable.permutation(0)).toThrow('tunable.permutation(0) orders nothing')
    expect(() => tunable.integer('a' as never, 2)).toThrow('tunable.integer: low is "a", not a number')
  })
})
