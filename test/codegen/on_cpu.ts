/**
 * A kernel with arguments, compiled for a device that is made up and run by the workgroup interpreter. Its
 * results are compared with those of the tile interpreter; reports fail the test.
 */
import { expect } from 'vitest'
import { interpretProgram } from '../../src/codegen/interpreter/interpret_program.ts'
import { printReport, type Report } from '../../src/codegen/interpreter/reports.ts'
import type { DeviceLimits } from '../../src/codegen/program.ts'
import type { ThreadProgram } from '../../src/codegen/thread/program.ts'
import type { ConfigInput } from '../../src/config/config.ts'
import { type HostTensor, interpretKernel } from '../../src/ir/interpret.ts'
import { seenTensors } from '../../src/ir/kernel_ir.ts'
import type { BlockId } from '../../src/ir/node.ts'
import { scratchOf, type TileProgram } from '../../src/ir/tile_program.ts'
import { launchWords, planLaunch, sizeEvaluator } from '../../src/kernel/launch_plan.ts'
import type { KernelFunction } from '../../src/language/trace/trace_kernel.ts'
import type { DType } from '../../src/support/dtypes.ts'
import { ConfigError } from '../../src/support/errors.ts'
import { product } from '../../src/support/maths.ts'
import { STORAGE, type StorageType } from '../../src/support/storage_types.ts'
import { type Argument, scalarsIn, tensorsIn } from '../language/harness.ts'
import { Compiled } from './compiling.ts'

/** How far a float may be from the tile interpreter's: absolute, and relative to it. */
interface Tolerance {
  readonly abs: number
  readonly rel: number
}

export interface OnCpuOptions extends Partial<DeviceLimits> {
  readonly dynamic?: boolean
  readonly tolerance?: Tolerance
  /** The last workgroup of a dispatch runs first. */
  readonly backwards?: boolean
}

/** What the tensors that the kernel allocates hold before anybody writes there. */
const POISON: Readonly<Record<DType, number>> = {
  f32: Number.NaN,
  f16: Number.NaN,
  i32: 0x7fe0beef,
  u32: 0x7fe0beef,
  bool: 1,
}

function contentOf(dtype: StorageType, fill: number | undefined): number {
  const { round, compute } = STORAGE[dtype]
  return round(fill ?? POISON[compute])
}

export interface Ran {
  /** Elements of all tensors, by id. */
  readonly tensors: readonly Float64Array[]
  readonly reports: readonly Report[]
}

export class OnCpu {
  readonly compiled: Compiled
  readonly #tolerance: Tolerance
  readonly #backwards: boolean
  readonly #before: readonly (HostTensor & { readonly data: Float64Array })[]
  readonly #scalars: readonly number[]
  /** By the tile interpreter. */
  readonly wanted: readonly Float64Array[]

  constructor(fn: KernelFunction, args: readonly Argument[], options: OnCpuOptions = {}) {
    const { tolerance = { abs: 0, rel: 0 }, backwards = false, ...limits } = options
    this.compiled = new Compiled(fn, args, limits)
    this.#tolerance = tolerance
    this.#backwards = backwards
    this.#scalars = args.flatMap(scalarsIn)
    const { kernel } = this.compiled
    const hosts = args.flatMap(tensorsIn)
    const sizeOf = sizeEvaluator({ tensors: hosts })
    this.#before = seenTensors(kernel).map(({ id, role, dtype, shape: sizes, fill }) => {
      const shape = sizes.map(sizeOf)
      const local = (): Float64Array => new Float64Array(product(shape)).fill(contentOf(dtype, fill))
      return { shape, data: role === 'argument' ? Float64Array.from(hosts[id]?.data ?? []) : local() }
    })
    const after = this.#before.map(({ shape, data }) => ({ shape, data: data.slice() }))
    interpretKernel(kernel, after, this.#scalars)
    this.wanted = after.map(({ data }) => data)
  }

  /** Throws ConfigError. `change` is made to each dispatch's program first; `even` blocks get no masks. */
  run(
    config: ConfigInput = {},
    change: (program: ThreadProgram) => ThreadProgram = (same) => same,
    even: ReadonlySet<BlockId> = new Set(),
  ): Ran {
    const programs: ThreadProgram[] = []
    let tiles: TileProgram | undefined
    const compiled = this.compiled.program(config, {
      even,
      onProgram: (program) => programs.push(program),
      onPass(_pass, program) {
        tiles = program
      },
    })
    const tensors = this.#before.map(({ data }) => data.slice())
    const sizeOf = sizeEvaluator({ tensors: this.#before })
    for (const { id, dtype, shape, fill } of tiles ? scratchOf(tiles) : [])
      tensors[id] = new Float64Array(product(shape.map(sizeOf))).fill(contentOf(dtype, fill))
    const { dispatches } = planLaunch(compiled, { tensors: this.#before }, this.compiled)
    const reports = dispatches.flatMap((dispatch, i) => {
      const program = programs[i]
      if (!program) throw new Error('a dispatch without a program')
      const words = launchWords(dispatch, this.#scalars)
      const launch = { words, workgroups: dispatch.grid, tensors, backwards: this.#backwards }
      return interpretProgram(change(program), launch)
    })
    return { tensors, reports }
  }

  /** Fails unless all is right and nothing is reported, with all masks and with those of a launch. */
  expectRight(config: ConfigInput = {}): void {
    this.#expectRight(config, new Set())
    const even = this.compiled.even(config)
    if (even.size > 0) this.#expectRight(config, even)
  }

  #expectRight(config: ConfigInput, even: ReadonlySet<BlockId>): void {
    const { tensors, reports } = this.run(config, undefined, even)
    const what = (): string => `under ${JSON.stringify(config)}:\n${this.compiled.wgsl(config, { even })}`
    if (reports.length > 0) expect.fail(`${reports.map(printReport).join('\n')}\n${what()}`)
    const wrong = this.difference(tensors)
    if (wrong !== undefined) expect.fail(`${wrong}\n${what()}`)
  }

  /** As `expectRight`, for configs that the compiler may refuse. */
  outcome(config: ConfigInput): 'right' | 'refused' {
    try {
      this.expectRight(config)
      return 'right'
    } catch (error) {
      if (error instanceof ConfigError) return 'refused'
      throw error
    }
  }

  /** The first element that is not as the tile interpreter has it. */
  difference(tensors: readonly Float64Array[]): string | undefined {
    for (const { id, name, dtype } of seenTensors(this.compiled.kernel)) {
      const [got = [], wanted = []] = [tensors[id], this.wanted[id]]
      const { abs, rel } = STORAGE[dtype].category === 'float' ? this.#tolerance : { abs: 0, rel: 0 }
      for (const [i, want] of wanted.entries()) {
        const value = got[i] ?? Number.NaN
        if (Object.is(value, want) || value === want) continue
        if (!(Math.abs(value - want) <= abs + rel * Math.abs(want)))
          return `${name}[${i}] is ${value}, not ${want}`
      }
    }
    return undefined
  }
}
