/** After every pass a program gives what the traced kernel gives: the shared kernels and random ones. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { runPasses } from '../../src/codegen/compile.ts'
import { BoundConfig } from '../../src/codegen/plan/bound_config.ts'
import type { Config } from '../../src/config/config.ts'
import { type HostTensor, interpretKernel, interpretTileProgram } from '../../src/ir/interpret.ts'
import type { Node } from '../../src/ir/node.ts'
import { printProgram } from '../../src/ir/print.ts'
import type { TileProgram } from '../../src/ir/tile_program.ts'
import { sizeEvaluator } from '../../src/kernel/launch_plan.ts'
import { ConfigError } from '../../src/support/errors.ts'
import { product } from '../../src/support/maths.ts'
import { STORAGE } from '../../src/support/storage_types.ts'
import { randomConfigs, withTilesUpTo } from '../config/random_configs.ts'
import { CASE_NAMES, CASES } from '../gpu/cases.ts'
import { EXACT, type Tolerance } from '../gpu/subject.ts'
import { type Argument, scalarsIn, tensorsIn } from '../language/harness.ts'
import { argumentsOf } from './case_arguments.ts'
import { Compiled } from './compiling.ts'
import { programConfigs, programInputs, programKernel, programs } from './random_programs.ts'

type Elements = readonly ArrayLike<number>[]

/** A kernel with arguments, to be run as it was traced and as passes leave it. */
class Meaning {
  readonly compiled: Compiled
  readonly #args: readonly Argument[]
  readonly #wanted: Elements
  /** The texts of programs that were right. */
  readonly #right = new Set<string>()

  constructor(compiled: Compiled, args: readonly Argument[]) {
    this.compiled = compiled
    this.#args = args
    this.#wanted = this.#run((tensors, scalars) => interpretKernel(compiled.kernel, tensors, scalars))
  }

  /** Programs tried that were unlike all before. */
  get tried(): number {
    return this.#right.size
  }

  /** Fails after the first pass whose program gives something else. */
  expectKept(config: Config, tolerance: Tolerance, change = (program: TileProgram) => program): void {
    const onPass = (pass: string, program: TileProgram): void => {
      const changed = change(program)
      const text = printProgram(changed)
      if (this.#right.has(text)) return
      const got = this.#run((tensors, scalars) => interpretTileProgram(changed, tensors, scalars))
      this.compiled.kernel.tensors.forEach(({ name, dtype }, i) => {
        const [a, b] = [got[i] ?? [], this.#wanted[i] ?? []]
        const at = firstDifference(a, b, STORAGE[dtype].category === 'float' ? tolerance : EXACT)
        if (at >= 0) expect.fail(`after ${pass} ${name}[${at}] is ${a[at]}, not ${b[at]}: ${config}\n${text}`)
      })
      this.#right.add(text)
    }
    try {
      runPasses(new BoundConfig(this.compiled.kernel, config, this.compiled.limits), { onPass })
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error
    }
  }

  #run(interpret: (tensors: readonly HostTensor[], scalars: readonly number[]) => void): Elements {
    const hosts = this.#args.flatMap(tensorsIn)
    const sizeOf = sizeEvaluator({ tensors: hosts })
    const tensors = this.compiled.kernel.tensors.map(({ id, role, shape: sizes }): HostTensor => {
      const shape = sizes.map(sizeOf)
      const data = role === 'argument' ? (hosts[id]?.data ?? []) : new Array<number>(product(shape)).fill(0)
      return { shape, data: Float64Array.from(data) }
    })
    interpret(tensors, this.#args.flatMap(scalarsIn))
    return tensors.map(({ data }) => data)
  }
}

function firstDifference(a: ArrayLike<number>, b: ArrayLike<number>, { abs, rel }: Tolerance): number {
  return Array.from(b).findIndex((want, i) => {
    const value = a[i] ?? Number.NaN
    return !Object.is(value, want) && !(Math.abs(value - want) <= abs + rel * Math.abs(want))
  })
}

it.each(CASE_NAMES)('%s means the same after every pass, under random configs', (name) => {
  const { fn, tolerance = EXACT, largestTile = 16 } = CASES[name]
  const args = argumentsOf(name)
  for (const dynamic of [false, true]) {
    const meaning = new Meaning(new Compiled(fn, args, { dynamic }), args)
    const { spec } = meaning.compiled
    const configs = [spec.defaultConfig(), ...randomConfigs(spec, 3, 1)]
    for (const config of withTilesUpTo(spec, largestTile, configs)) meaning.expectKept(config, tolerance)
    expect(meaning.tried).toBeGreaterThan(0)
  }
})

it('random programs mean the same after every pass', () => {
  let tried = 0
  fc.assert(
    fc.property(programs, fc.boolean(), (program, dynamic) => {
      const args = programInputs()
      const meaning = new Meaning(new Compiled(programKernel(program), args, { dynamic }), args)
      for (const config of programConfigs(meaning.compiled.spec, 3, 1)) meaning.expectKept(config, EXACT)
      tried += meaning.tried
    }),
    { numRuns: Number(process.env.HELION_PASS_RUNS ?? 12), seed: 20261127 },
  )
  expect(tried).toBeGreaterThan(50)
})

it('a pass that changes what a program means is seen', () => {
  const args = argumentsOf('columnSums')
  const meaning = new Meaning(new Compiled(CASES.columnSums.fn, args), args)
  const config = meaning.compiled.spec.defaultConfig()
  const wrong = (program: TileProgram): TileProgram => ({
    ...program,
    grids: program.grids.map((grid) => ({ ...grid, body: grid.body.map(withoutSums) })),
  })
  expect(() => meaning.expectKept(config, EXACT, wrong)).toThrow(
    /^after flatten loops local1\[0\] is 0, not -?\d+:/,
  )
})

function withoutSums(node: Node): Node {
  return node.kind === 'loop' ? { ...node, yields: node.phis } : node
}
