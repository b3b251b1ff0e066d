/**
 * `Kernel`: the callable that a kernel function becomes. It finds the binding of a call, asks its config
 * source, and launches; it also lets people bind, tune and inspect by hand.
 */
import type { Config } from '../config/config.ts'
import { flattenKey } from '../heuristics/features.ts'
import { isTracing } from '../language/index.ts'
import { defaultStream } from '../runtime/default_device.ts'
import type { Stream } from '../runtime/stream.ts'
import { callSite, entryPoint, userCode } from '../support/call_site.ts'
import { AuthorError, UsageError } from '../support/errors.ts'
import { checkArguments, takes } from '../support/signature.ts'
import { readLists } from './argument_lists.ts'
import { BoundKernel } from './bound_kernel.ts'
import { type CallShape, launchCall } from './call.ts'
import { argumentSpecs, type CallArguments, identityOf, readArguments } from './call_arguments.ts'
import type { ConfigSource } from './config_source.ts'
import type { KernelDefinition } from './definition.ts'
import type { KernelProgram } from './kernel_program.ts'
import { checkGuards, localTensors } from './launch_plan.ts'
import type { AnyFunction, ConfigLike, MultiTuneOptions, TuneOptions } from './options.ts'
import { baseKey } from './specialization.ts'

/** Shapes that a kernel remembers; more only cost time. */
const MAX_SHAPES = 4096

/** What the layers above give a kernel: where configs come from, and how to search for one. */
export interface KernelServices {
  /** The source for calls. */
  readonly sourceOf: (definition: KernelDefinition) => ConfigSource
  /** Searches for one binding; the kernel installs the result. */
  readonly tune: (
    bound: BoundKernel,
    call: CallArguments,
    stream: Stream,
    options: TuneOptions,
  ) => Promise<Config>
  /** Searches for one config for several calls. */
  readonly tuneTogether: (
    cases: readonly { readonly bound: BoundKernel; readonly call: CallArguments }[],
    stream: Stream,
    options: MultiTuneOptions,
  ) => Promise<Config>
}

/** A binding with the calls that it serves; made by `kernel.bind(...)`. */
export interface Binding<F extends AnyFunction = AnyFunction> {
  /** Runs with this binding. Throws UsageError for arguments of another specialisation. */
  (...args: Parameters<F>): ReturnType<F>
  /** The traced program with its search space. */
  readonly bound: BoundKernel
  /** Tunes this binding for these arguments and uses the result. */
  autotune(args: Parameters<F>, options?: TuneOptions): Promise<Config>
  /** Uses this config from now on. */
  setConfig(config: ConfigLike): void
  /** The config for these arguments when nothing better is known. Needs `await getDevice()` first. */
  defaultConfig(): Config
  /**
   * A function that runs with this config. Throws ConfigError, at the latest at the first `data()`, if it
   * cannot.
   */
  compileConfig(config: ConfigLike): (...args: Parameters<F>) => ReturnType<F>
  /** The generated WGSL: for the config in use unless another is given. Needs `await getDevice()` first. */
  toWgsl(config?: ConfigLike): string
  /**
   * The compiled kernel as data that survives JSON, for launchers that know nothing of this package: WGSL,
   * bindings, words, workgroups. Of the same config; needs `await getDevice()` first.
   */
  toProgram(config?: ConfigLike): KernelProgram
}

/** A kernel: call it with tensors; returns at once what the kernel function returns. */
export interface Kernel<F extends AnyFunction = AnyFunction> {
  (...args: Parameters<F>): ReturnType<F>
  /** The function with its options and place, as it was defined. */
  readonly definition: KernelDefinition
  /** The binding for these arguments, traced if it is new. */
  bind(...args: Parameters<F>): Binding<F>
  /** Equal for calls that share a binding. */
  specializationKey(...args: Parameters<F>): string
  /** The arguments as the kernel function takes them: by position, missing ones filled with undefined. */
  normalizeArgs(...args: Partial<Parameters<F>>): readonly unknown[]
  /** Tunes for these arguments, uses the result, and returns it. */
  autotune(args: Parameters<F>, options?: TuneOptions): Promise<Config>
  /**
   * Tunes for several lists of arguments at once, uses the one config that serves them best together for all
   * of them, and returns it. They may differ in sizes and numbers.
   */
  autotuneMulti(argLists: readonly Parameters<F>[], options?: MultiTuneOptions): Promise<Config>
  /** Forgets all bindings; later calls trace and choose again. */
  reset(): void
}

/** One config of a binding as a function of its own. */
export interface ConfigVariant {
  readonly config: ConfigLike
  readonly shapes: WeakMap<CallShape, CallShape>
}

class KernelRuntime {
  readonly definition: KernelDefinition
  readonly #services: KernelServices
  #source: ConfigSource
  readonly #bindings = new Map<string, BoundKernel[]>()
  /** By signature; several where the kernel made constants of numbers among its arguments. */
  readonly #shapes = new Map<string, readonly CallShape[]>()

  constructor(definition: KernelDefinition, services: KernelServices) {
    this.definition = definition
    this.#services = services
    this.#source = services.sourceOf(definition)
  }

  call(values: readonly unknown[], self?: unknown): unknown {
    if (isTracing()) throw nested(this.definition.name)
    const call = this.read(values)
    return this.#launch(this.#shapeOf(call, self), call)
  }

  /** Throws UsageError for arguments that no kernel takes, or that are more than this one has. */
  read(values: readonly unknown[]): CallArguments {
    const { name, signature } = this.definition
    return readArguments(checkArguments(name, signature, values, UsageError))
  }

  /** The binding of these arguments. */
  bind(call: CallArguments, self?: unknown): BoundKernel {
    return this.#shapeOf(call, self).bound
  }

  /** Runs with a given binding and, unless it is undefined, a given config. */
  callBound(bound: BoundKernel, variant: ConfigVariant | undefined, values: readonly unknown[]): unknown {
    const call = this.read(values)
    const shape = this.#shapeOf(call, undefined)
    if (shape.bound !== bound) {
      throw new UsageError(
        `a binding of ${this.definition.name} was called with arguments of another specialisation`,
        {
          location: callSite(),
          remedy: 'Bind again with arguments like these.',
        },
      )
    }
    if (variant === undefined) return this.#launch(shape, call)
    let own = variant.shapes.get(shape)
    if (!own) {
      own = { ...shape, ready: new Map(), settled: undefined, config: variant.config }
      variant.shapes.set(shape, own)
    }
    return this.#launch(own, call)
  }

  #launch(shape: CallShape, given: CallArguments): unknown {
    const call = shape.bound.complete(given)
    return launchCall(shape, call, this.#source, streamOf(call))
  }

  async autotune(values: readonly unknown[], options: TuneOptions, self?: unknown): Promise<Config> {
    const given = this.read(values)
    const { bound } = this.#shapeOf(given, self)
    const call = bound.complete(given)
    const config = await this.#alone(streamOf(call), (inner) =>
      this.#services.tune(bound, call, inner, { force: true, ...options }),
    )
    bound.setConfig(config)
    return config
  }

  async autotuneMulti(lists: readonly unknown[], options: MultiTuneOptions): Promise<Config> {
    const calls = readLists(this.definition.name, lists, (values) => this.read(values))
    const cases = calls.map((call) => {
      const bound = this.bind(call)
      return { call: bound.complete(call), bound }
    })
    const stream = streamOf({ tensors: calls.flatMap(({ tensors }) => tensors) })
    const config = await this.#alone(stream, (inner) =>
      this.#services.tuneTogether(cases, inner, { force: true, ...options }),
    )
    for (const bound of new Set(cases.map((one) => one.bound))) bound.setConfig(config)
    return config
  }

  /** Tunes when everything before has run, while nothing else does. */
  async #alone(stream: Stream, tune: (inner: Stream) => Promise<Config>): Promise<Config> {
    let config: Config | undefined
    const job = async (inner: Stream): Promise<void> => {
      config = await tune(inner)
    }
    stream.exclusive(job, { site: callSite() })
    await stream.sync()
    if (!config) throw new UsageError(`tuning ${this.definition.name} gave no config`)
    return config
  }

  specializationKey(values: readonly unknown[], self?: unknown): string {
    return this.bind(this.read(values), self).key
  }

  reset(): void {
    this.#bindings.clear()
    this.#shapes.clear()
    this.#source = this.#services.sourceOf(this.definition)
  }

  #shapeOf(call: CallArguments, self: unknown): CallShape {
    const signature = self === undefined ? call.signature : `${selfKey(self)} ${call.signature}`
    const keyed = this.#withUserKey(signature, call)
    const shapes = this.#shapes.get(keyed) ?? []
    const known = shapes.find(({ bound }) => bound.serves(call))
    if (known) return known
    const bound = this.#boundFor(call, self)
    checkGuards(bound.ir, call)
    const locals = localTensors(bound.ir, call)
    const shape: CallShape = { bound, locals, ready: new Map(), settled: undefined, config: undefined }
    if (this.#shapes.size >= MAX_SHAPES) this.#forgetOldest()
    this.#shapes.set(keyed, [...shapes.filter(({ bound: other }) => !other.isOutdated), shape])
    return shape
  }

  #boundFor(call: CallArguments, self: unknown): BoundKernel {
    const { staticShapes } = this.definition.options.settings
    const base = this.#withUserKey(
      `${self === undefined ? '' : selfKey(self)}${baseKey(argumentSpecs(call.values, staticShapes))}`,
      call,
    )
    const bindings = this.#bindings.get(base) ?? []
    const known = bindings.find((bound) => bound.serves(call))
    if (known) return known
    const bound = new BoundKernel(this.definition, call, base, self)
    const before = bindings.find((other) => other.isOutdated && other.irHash === bound.irHash)
    if (before?.config) bound.setConfig(before.config)
    this.#bindings.set(base, [...bindings.filter((other) => !other.isOutdated), bound])
    return bound
  }

  #withUserKey(key: string, call: CallArguments): string {
    const { key: userKey } = this.definition.options.own
    if (!userKey) return key
    return `${key}|${flattenKey(userCode(() => userKey(...(call.values as never[])))).join()}`
  }

  #forgetOldest(): void {
    for (const key of this.#shapes.keys()) {
      this.#shapes.delete(key)
      return
    }
  }
}

/** The callable around a runtime. */
export function makeKernel<F extends AnyFunction>(
  definition: KernelDefinition,
  services: KernelServices,
): Kernel<F> {
  const runtime = new KernelRuntime(definition, services)
  const selfOf = (self: unknown): unknown => (definition.isMethod ? self : undefined)
  const kernel = entryPoint(function (this: unknown, ...args: Parameters<F>): unknown {
    return runtime.call(args, selfOf(this))
  })
  const methods = {
    definition,
    bind: entryPoint((...args: Parameters<F>) => makeBinding<F>(runtime, runtime.read(args))),
    specializationKey: entryPoint((...args: Parameters<F>) => runtime.specializationKey(args)),
    normalizeArgs: entryPoint((...args: Partial<Parameters<F>>) => {
      const { values } = runtime.read(args)
      return definition.parameters.map((_, i) => values[i])
    }),
    autotune: autotuneOf(runtime),
    autotuneMulti: entryPoint(
      takes(
        'autotuneMulti',
        'argLists: list, options?: object',
        (lists: readonly unknown[], options: MultiTuneOptions = {}) => runtime.autotuneMulti(lists, options),
      ),
    ),
    reset: entryPoint(takes('reset', '', () => runtime.reset())),
  }
  Object.defineProperty(kernel, 'name', { value: definition.name })
  return Object.assign(kernel, methods) as unknown as Kernel<F>
}

function makeBinding<F extends AnyFunction>(runtime: KernelRuntime, example: CallArguments): Binding<F> {
  const bound = runtime.bind(example)
  const call = entryPoint((...args: Parameters<F>): unknown => runtime.callBound(bound, undefined, args))
  return Object.assign(call, {
    bound,
    autotune: autotuneOf(runtime),
    setConfig: entryPoint(
      takes('setConfig', 'config: object', (config: ConfigLike) => bound.setConfig(config)),
    ),
    defaultConfig: entryPoint(takes('defaultConfig', '', () => bound.defaultConfig(example))),
    compileConfig: entryPoint(
      takes('compileConfig', 'config: object', (config: ConfigLike) => {
        const variant: ConfigVariant = { config, shapes: new WeakMap() }
        return entryPoint(
          (...args: Parameters<F>) => runtime.callBound(bound, variant, args) as ReturnType<F>,
        )
      }),
    ),
    toWgsl: entryPoint(
      takes('toWgsl', 'config?: object', (config?: ConfigLike) => bound.toWgsl(config, example)),
    ),
    toProgram: entryPoint(
      takes('toProgram', 'config?: object', (config?: ConfigLike) => bound.toProgram(config, example)),
    ),
  }) as unknown as Binding<F>
}

/** The options are checked by the search that has them. */
function autotuneOf(
  runtime: KernelRuntime,
): (args: readonly unknown[], options?: TuneOptions) => Promise<Config> {
  return entryPoint(
    takes('autotune', 'args: list, options?: object', (args: readonly unknown[], options: TuneOptions = {}) =>
      runtime.autotune(args, options),
    ),
  )
}

export function streamOf({ tensors }: Pick<CallArguments, 'tensors'>): Stream {
  const [first] = tensors
  if (!first) return defaultStream()
  for (const tensor of tensors) {
    if (tensor.stream !== first.stream) {
      throw new UsageError('a kernel was called with tensors of different streams', {
        location: callSite(),
        remedy: 'Make all tensors of a call on the same stream.',
      })
    }
  }
  return first.stream
}

function selfKey(self: unknown): string {
  return typeof self === 'object' && self !== null ? identityOf(self) : String(self)
}

function nested(name: string): AuthorError {
  return new AuthorError(`the kernel ${name} was called inside a kernel function`, {
    location: callSite(),
    remedy: 'Call a plain function that both kernels share, or call the kernels one after the other.',
  })
}
