/** What the compiler says of a kernel without a GPU, against what is launched and what one counts. */
import { describe, expect, it } from 'vitest'
import { compileKernel } from '../../src/codegen/compile.ts'
import { kernelFacts } from '../../src/codegen/facts.ts'
import { evenBlocks } from '../../src/codegen/plan/plan.ts'
import type { WgslProgram } from '../../src/codegen/program.ts'
import { Config, type ConfigInput } from '../../src/config/config.ts'
import { evalSize, printSize, type Size } from '../../src/ir/size.ts'
import type { KernelFunction } from '../../src/language/trace/trace_kernel.ts'
import { ConfigError } from '../../src/support/errors.ts'
import { product, sum } from '../../src/support/maths.ts'
import { drawConfigs } from '../config/random_configs.ts'
import { whole } from '../gpu/inputs.ts'
import * as kernels from '../gpu/kernels.ts'
import type { HostArgument } from '../language/harness.ts'
import { Compiled } from './compiling.ts'

function input(...shape: readonly number[]): HostArgument {
  return { ...whole(shape), dynamic: undefined }
}

function sizesOf(args: readonly HostArgument[]) {
  return (size: Size): number => evalSize(size, ({ tensor, axis }) => args[tensor]?.shape[axis] ?? Number.NaN)
}

function factsOf(fn: KernelFunction, args: readonly HostArgument[], changes: ConfigInput) {
  const compiled = new Compiled(fn, args, { dynamic: true })
  const asked = new Config({ ...compiled.spec.defaultConfig().data, ...changes })
  const config = compiled.config(changes)
  return factsIn(compiled, args, config, asked)
}

function factsIn(compiled: Compiled, args: readonly HostArgument[], config: Config, asked: Config) {
  const { kernel, limits } = compiled
  const sizeOf = sizesOf(args)
  const program = compileKernel(kernel, config, limits, { even: evenBlocks(kernel, config, limits, sizeOf) })
  return { facts: kernelFacts(kernel, limits, { config, asked, compiled: program, sizeOf }), program }
}

function builds({ kernel, limits }: Compiled, config: Config): boolean {
  try {
    return compileKernel(kernel, config, limits).dispatches.length > 0
  } catch (error) {
    if (error instanceof ConfigError) return false
    throw error
  }
}

/** Workgroups of all dispatches, as a launch counts them. */
function launched({ dispatches }: WgslProgram, at: (size: Size) => number): number {
  return sum(
    dispatches.map(({ grid }) => (grid.kind === 'linear' ? at(grid.count) : product(grid.counts.map(at)))),
  )
}

describe('facts of a kernel under a config', () => {
  const matmul = (m: number, k: number, n: number) => [input(m, k), input(k, n)]
  const tiles: ConfigInput = { block_sizes: [32, 64, 16], num_warps: 4, mma: ['fma'] }

  it('are formulas that one can read', () => {
    const { facts } = factsOf(kernels.matmul, matmul(100, 200, 300), tiles)
    const { workgroups, rounds, outputs, bytes, needed, operations, registers } = facts
    const counts = { workgroups, rounds, outputs, bytes, needed, operations, registers }
    const texts = Object.fromEntries(Object.entries(counts).map(([name, size]) => [name, printSize(size)]))
    expect(texts).toMatchInlineSnapshot(`
      {
        "bytes": "((cdiv(x.shape[0], 32) * cdiv(y.shape[1], 64)) * (8192 + (cdiv(x.shape[1], 16) * 6144)))",
        "needed": "((x.shape[0] * y.shape[1]) * x.shape[1])",
        "operations": "((cdiv(x.shape[0], 32) * cdiv(y.shape[1], 64)) * (cdiv(x.shape[1], 16) * 65536))",
        "outputs": "2048",
        "registers": "114",
        "rounds": "cdiv(x.shape[1], 16)",
        "workgroups": "(cdiv(x.shape[0], 32) * cdiv(y.shape[1], 64))",
      }
    `)
  })

  it('hold at sizes that the kernel was not traced for', () => {
    const { facts } = factsOf(kernels.matmul, matmul(100, 200, 300), tiles)
    const at = sizesOf(matmul(1000, 20, 65))
    expect(at(facts.workgroups)).toBe(32 * 2)
    expect(at(facts.rounds)).toBe(2)
    expect(at(facts.outputs)).toBe(32 * 64)
    expect(at(facts.computed)).toBe(1024 * 128 * 32)
    expect(at(facts.needed)).toBe(1000 * 65 * 20)
  })

  it('keep tiles that the sizes at hand have no room for', () => {
    const { facts, program } = factsOf(kernels.matmul, matmul(20, 200, 300), tiles)
    expect(sizesOf(matmul(20, 200, 300))(facts.workgroups)).toBe(1 * 5)
    expect(sizesOf(matmul(1000, 200, 300))(facts.workgroups)).toBe(32 * 5)
    expect(program.dispatches[0]?.workgroupSize).toBe(facts.threads)
  })

  const subjects: readonly (readonly [string, KernelFunction, readonly HostArgument[]])[] = [
    ['matmul', kernels.matmul, matmul(37, 50, 90)],
    ['softmax', kernels.softmax, [input(33, 70)]],
    ['column sums', kernels.columnSums, [input(300, 40)]],
    ['a copy in three dimensions', kernels.doubled3d, [input(5, 6, 7)]],
  ]
  it.each(subjects)('count what is launched, under whatever config: %s', (_, fn, args) => {
    const compiled = new Compiled(fn, args, { dynamic: true })
    const at = sizesOf(args)
    const configs = drawConfigs(compiled.spec, 8, 7).filter((config) => builds(compiled, config))
    expect(configs.length).toBeGreaterThan(1)
    for (const config of configs) {
      const { facts, program } = factsIn(compiled, args, config, config)
      expect(at(facts.workgroups), String(config)).toBe(launched(program, at))
      expect(at(facts.computed), String(config)).toBeGreaterThanOrEqual(at(facts.needed))
      expect(at(facts.rounds), String(config)).toBeGreaterThanOrEqual(1)
    }
  })
})
