/**
 * A kernel with arguments, to be run under any config and compared with the interpreter element by element.
 * All GPU memory behind its tensors is poisoned before each run and looked at afterwards: what a kernel reads
 * there shows in its result, what it writes there fails the test.
 */
import { expect } from 'vitest'
import { type CompileOptions, compileKernel } from '../../src/codegen/compile.ts'
import type { DeviceLimits, WgslProgram } from '../../src/codegen/program.ts'
import type { Config, ConfigInput } from '../../src/config/config.ts'
import type { ConfigSpec } from '../../src/config/config_spec.ts'
import { seenTensors } from '../../src/ir/kernel_ir.ts'
import { BoundKernel } from '../../src/kernel/bound_kernel.ts'
import { type CallArguments, readArguments } from '../../src/kernel/call_arguments.ts'
import { kernelFactory } from '../../src/kernel/factory.ts'
import { allFills, scratchToFill } from '../../src/kernel/fills.ts'
import { type HostContents, interpretOn } from '../../src/kernel/interpret_call.ts'
import {
  allocateLocals,
  allocateScratch,
  checkGuards,
  launchesOf,
  localTensors,
  planLaunch,
  storagesOf,
} from '../../src/kernel/launch_plan.ts'
import type { AnyFunction } from '../../src/kernel/options.ts'
import { defaultStream, getDevice } from '../../src/runtime/default_device.ts'
import type { Device } from '../../src/runtime/device.ts'
import { decodeBytes, encodeValues } from '../../src/runtime/memory/host_data.ts'
import type { Storage } from '../../src/runtime/memory/storage.ts'
import { DeviceTensor } from '../../src/runtime/tensor/tensor.ts'
import { ConfigError } from '../../src/support/errors.ts'
import { STORAGE } from '../../src/support/storage_types.ts'
import { races } from '../codegen/races.ts'
import { type Input, isTensorInput } from './inputs.ts'

/** NaN in f32, NaN and a number in f16, huge as an integer, true as a bool. */
const POISON = 0x7fe0beef

export interface SubjectOptions {
  /** Sizes are constants of the program; false is the default here. */
  readonly staticShapes?: boolean
  /** How far a float may be from the interpreter's: absolute, and relative to it. */
  readonly tolerance?: Tolerance
}

export interface Tolerance {
  readonly abs: number
  readonly rel: number
}

/** For kernels that only add, multiply and compare small whole numbers. */
export const EXACT: Tolerance = { abs: 0, rel: 0 }
export const CLOSE: Tolerance = { abs: 1e-5, rel: 1e-5 }

/** What became of a config. */
export type Outcome = 'right' | 'refused'

export class Subject {
  readonly bound: BoundKernel
  readonly device: Device
  readonly spec: ConfigSpec
  readonly #call: CallArguments
  readonly #tolerance: Tolerance
  readonly #before: HostContents
  readonly after: HostContents
  readonly #storages: readonly Storage[]

  private constructor(device: Device, bound: BoundKernel, call: CallArguments, options: SubjectOptions) {
    this.device = device
    this.bound = bound
    this.#call = call
    this.#tolerance = options.tolerance ?? EXACT
    this.spec = bound.spec(device)
    checkGuards(bound.ir, call)
    const locals = allocateLocals(localTensors(bound.ir, call), defaultStream())
    this.#storages = storagesOf(bound.ir, call.tensors, locals)
    const tensors = seenTensors(bound.ir).map(({ id, role }, i) =>
      role === 'local' ? locals.get(id) : call.tensors[i],
    )
    this.#before = tensors.map((tensor, i) => {
      if (!tensor) throw new Error(`no tensor ${i}`)
      const contents =
        CONTENTS.get(tensor) ?? decodeBytes(poisoned(tensor.storage.bytes).buffer, tensor.dtype)
      return { shape: tensor.shape, data: Float64Array.from(contents).subarray(0, tensor.size) }
    })
    this.after = interpretOn(bound.ir, call, this.#before)
  }

  /** Traces the kernel, and interprets it once. */
  static async of(fn: AnyFunction, inputs: readonly Input[], options: SubjectOptions = {}): Promise<Subject> {
    const device = await getDevice()
    const name = fn.name || 'subject'
    const kernel = kernelFactory(NO_SERVICES)({ name, staticShapes: options.staticShapes ?? false }, fn)
    const call = readArguments(inputs.map(argumentOf))
    return new Subject(device, new BoundKernel(kernel.definition, call, 'test'), call, options)
  }

  /** The default config with these fields changed; what does not fit is repaired. */
  config(changes: ConfigInput = {}): Config {
    return this.spec.normalize({ ...this.spec.defaultConfig().data, ...changes }, 'repair')
  }

  /** The program, for this device or for one with other limits, free of races. Throws ConfigError. */
  compile(changes: ConfigInput = {}, limits?: Partial<DeviceLimits>, options?: CompileOptions): WgslProgram {
    const config = this.config(changes)
    const program = compileKernel(
      this.bound.ir,
      config,
      { ...this.device.limits, ...limits },
      {
        ...options,
        onProgram: ({ body }) => expect(races(body), `races under ${config}`).toEqual([]),
      },
    )
    return limits || options ? program : this.bound.compile(config, this.device)
  }

  /** The text of all dispatches. */
  wgsl(changes: ConfigInput = {}, limits?: Partial<DeviceLimits>): string {
    return this.compile(changes, limits)
      .dispatches.map(({ wgsl }) => wgsl)
      .join('\n')
  }

  /** Runs these changes of the default config, and fails unless all elements of all tensors are right. */
  async expectRight(changes: ConfigInput = {}, limits?: Partial<DeviceLimits>): Promise<void> {
    await this.expectProgramRight(this.compile(changes, limits), String(this.config(changes)))
  }

  async expectAllRight(configs: readonly ConfigInput[]): Promise<void> {
    for (const config of configs) await this.expectRight(config)
  }

  /** As `expectRight`, for configs that the compiler may refuse. */
  async outcome(changes: ConfigInput): Promise<Outcome> {
    try {
      await this.expectRight(changes)
      return 'right'
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error
      const { remedy, message } = this.spec.explain(error, this.config(changes))
      expect(remedy, `a way out of "${message}"`).toBeTruthy()
      return 'refused'
    }
  }

  async expectProgramRight(program: WgslProgram, what: string): Promise<void> {
    const got = await this.run(program)
    seenTensors(this.bound.ir).forEach(({ name, dtype }, i) => {
      const wanted = this.after[i]?.data ?? new Float64Array()
      const wrong = firstDifference(
        got[i] ?? [],
        wanted,
        STORAGE[dtype].category === 'float' ? this.#tolerance : EXACT,
      )
      if (wrong >= 0) {
        const text = program.dispatches.map(({ wgsl }) => wgsl).join('\n')
        const place = `${name}[${wrong}] of ${this.after[i]?.shape}`
        expect.fail(`${place} is ${got[i]?.[wrong]}, not ${wanted[wrong]}: ${what}\n${text}`)
      }
    })
  }

  /** The elements of all tensors, by id, after a run that starts from the inputs. */
  async run(program: WgslProgram): Promise<readonly ArrayLike<number>[]> {
    const { device } = this
    const stream = defaultStream()
    const plan = planLaunch(program, this.#call, device)
    const pipelines = await Promise.all(plan.dispatches.map(({ request }) => device.pipelines.get(request)))
    seenTensors(this.bound.ir).forEach(({ dtype, fill }, i) => {
      const storage = this.#storage(i)
      const block = storage.in(device.pool)
      const bytes = poisoned(block.bytes)
      const data = this.#before[i]?.data ?? new Float64Array()
      bytes.set(
        encodeValues(fill === undefined ? data : data.map(() => fill), dtype).subarray(0, storage.bytes),
      )
      device.recorder.write(block, bytes)
    })
    const memory = { tensors: this.#storages, scratch: allocateScratch(plan) }
    const poison = (): number => Number.NaN
    for (const launch of await allFills(scratchToFill(plan, memory.scratch, poison), device))
      stream.launch(launch)
    for (const launch of launchesOf(plan, pipelines, memory, this.#call.scalars)) stream.launch(launch)
    for (const storage of memory.scratch) stream.release(storage)
    await stream.sync()
    return await Promise.all(seenTensors(this.bound.ir).map((_, i) => this.#read(i)))
  }

  async #read(tensor: number): Promise<ArrayLike<number>> {
    const storage = this.#storage(tensor)
    const block = storage.in(this.device.pool)
    const bytes = await this.device.staging.read(block, block.bytes)
    const rest = new Uint32Array(bytes.slice(Math.ceil(storage.bytes / 16) * 16))
    expect(
      rest.every((word) => word === POISON),
      `memory behind tensor ${tensor} is untouched`,
    ).toBe(true)
    return decodeBytes(bytes.slice(0, storage.bytes), storage.dtype)
  }

  #storage(tensor: number): Storage {
    const storage = this.#storages[tensor]
    if (!storage) throw new Error(`no storage for tensor ${tensor}`)
    return storage
  }
}

/** A kernel is right under these configs, for static and for dynamic shapes. */
export async function expectRight(
  fn: AnyFunction,
  inputs: readonly Input[],
  configs: readonly ConfigInput[] = [{}],
  tolerance: Tolerance = EXACT,
): Promise<void> {
  for (const staticShapes of [true, false]) {
    await (await Subject.of(fn, inputs, { staticShapes, tolerance })).expectAllRight(configs)
  }
}

/** A kernel of these tests never asks for a config. */
const NO_SERVICES = {
  sourceOf: () => ({ ready: () => undefined }),
  tune: () => Promise.reject(new Error('these tests do not tune')),
  tuneTogether: () => Promise.reject(new Error('these tests do not tune')),
}

const CONTENTS = new WeakMap<DeviceTensor, readonly number[]>()

function argumentOf(input: Input): unknown {
  if (typeof input !== 'object') return input
  if (isTensorInput(input)) {
    const tensor = DeviceTensor.allocate(input.shape, input.dtype)
    CONTENTS.set(tensor, input.data)
    return tensor
  }
  if (Array.isArray(input)) return input.map(argumentOf)
  return Object.fromEntries(Object.entries(input).map(([key, item]) => [key, argumentOf(item)]))
}

function poisoned(bytes: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(new Uint32Array(Math.ceil(bytes / 4)).fill(POISON).buffer)
}

function firstDifference(got: ArrayLike<number>, wanted: Float64Array, { abs, rel }: Tolerance): number {
  return wanted.findIndex((want, i) => {
    const value = got[i] ?? Number.NaN
    if (Object.is(value, want) || value === want) return false
    return !(Math.abs(value - want) <= abs + rel * Math.abs(want))
  })
}
