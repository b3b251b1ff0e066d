/**
 * A GPU device with everything that belongs to it for its life: limits, buffers, pipelines, the command
 * recorder, and what became of it. Once lost, every use throws an `AdapterError` that says why.
 */
import type { DeviceLimits } from '../codegen/program.ts'
import { entryPoint } from '../support/call_site.ts'
import { AdapterError, errorMessage, GpuError } from '../support/errors.ts'
import { environment, nodeProcess } from '../support/node.ts'
import { takes } from '../support/signature.ts'
import { type AdapterInfo, chooseAdapter, describeAdapter, type FoundAdapter } from './adapter/adapter.ts'
import { deviceLimits, type HardwareFacts, hardwareFacts, hardwareIdOf } from './adapter/device_facts.ts'
import { type Answer, nodePollLoop, PollRest } from './adapter/poll_rest.ts'
import { ErrorLedger } from './commands/error_ledger.ts'
import { KeepAlive } from './commands/keep_alive.ts'
import { Recorder } from './commands/recorder.ts'
import { Staging } from './commands/staging.ts'
import { BufferPool } from './memory/buffer_pool.ts'
import { UniformRing } from './memory/uniform_ring.ts'
import { BindGroups } from './pipelines/bind_groups.ts'
import { PipelineCache } from './pipelines/pipeline_cache.ts'

/** Used when the adapter has them. */
const FEATURES: readonly string[] = [
  'timestamp-query',
  'shader-f16',
  'subgroups',
  'chromium-experimental-subgroup-matrix',
]
const MAX_IDLE_BYTES = 2 * 2 ** 30
const MAX_IDLE_BYTES_SOFTWARE = 256 * 2 ** 20
/** How WebGPU speaks of objects whose own error was reported before. */
const CONSEQUENCE = /is invalid due to a previous error/
const RESTART = nodeProcess ? 'Start the process again.' : 'Reload the page.'

export interface DeviceOptions {
  /** As HELION_ADAPTER, which is the default. */
  readonly adapter?: string | undefined
  /** Features to leave alone although the adapter has them; `immediates` stands for `var<immediate>`. */
  readonly without?: readonly string[]
  /** Bytes of unused buffers to keep. */
  readonly maxIdleBytes?: number
}

/** Opens a device of its own, apart from the default one. Throws AdapterError. */
export async function openDevice(options: DeviceOptions = {}): Promise<Device> {
  const wish = options.adapter ?? environment('HELION_ADAPTER') ?? ''
  const found = await chooseAdapter(wish)
  const { adapter, info } = found
  const wanted = FEATURES.filter((name) => adapter.features.has(name) && !options.without?.includes(name))
  try {
    const requiredFeatures = wanted as GPUFeatureName[]
    const gpu = await adapter.requestDevice({ requiredFeatures, requiredLimits: allLimits(adapter) })
    return new Device(gpu, found, { ...options, adapter: wish })
  } catch (error) {
    throw new AdapterError(`${describeAdapter(info)} gave no device: ${errorMessage(error)}`, {
      remedy: 'Close other programs that use the GPU, or choose another adapter.',
      cause: error,
    })
  }
}

/** `webgpu_nvidia-h200_580.159.04`: the kind of device and its driver, for file names. */
export const hardwareId: (device: Device) => string = entryPoint(
  takes('hardwareId', 'device: device', (device) => hardwareIdOf(device.info)),
)

/**
 * A GPU device, with its limits and its features. Once lost, every use throws an `AdapterError` that says
 * why.
 */
export class Device {
  /** WebGPU's own device. */
  readonly gpu: GPUDevice
  /** What the adapter says of itself. */
  readonly info: AdapterInfo
  /** How it was asked for: another process finds the same adapter with that. */
  readonly options: DeviceOptions
  /** The adapter's own record: subgroup sizes, subgroup matrix configs. */
  readonly adapterInfo: GPUAdapterInfo
  /** Optional features of WebGPU that are on. */
  readonly features: ReadonlySet<string>
  /** What programs may use of it. */
  readonly limits: DeviceLimits
  /** What is known of the hardware. */
  readonly facts: HardwareFacts
  /** Memory to use again. */
  readonly pool: BufferPool
  /** Compiled programs. */
  readonly pipelines: PipelineCache
  /** Commands that are not yet submitted. */
  readonly recorder: Recorder
  /** Memory for reading results. */
  readonly staging: Staging
  /** Errors that WebGPU reported without saying which call they belong to. */
  readonly errors: ErrorLedger = new ErrorLedger()
  /** Rejects with the reason once the device is lost; never resolves. */
  readonly lost: Promise<never>
  #failure: AdapterError | undefined
  #reject: (error: AdapterError) => void = () => {}
  readonly #checks = new Set<Promise<void>>()
  readonly #keepAlive = new KeepAlive()
  readonly #rest: PollRest

  constructor(gpu: GPUDevice, { adapter, info, gpu: api }: FoundAdapter, options: DeviceOptions = {}) {
    this.gpu = gpu
    this.options = Object.freeze({ ...options })
    this.info = Object.freeze(info)
    this.adapterInfo = adapter.info
    this.features = new Set(gpu.features)
    const immediates = !options.without?.includes('immediates') && hasImmediates(api, gpu)
    // Without the GPU's own clock, waits are what is timed.
    const rests = info.software && this.features.has('timestamp-query')
    this.#rest = new PollRest(rests ? nodePollLoop() : undefined)
    const packedDots = api.wgslLanguageFeatures.has('packed_4x8_integer_dot_product')
    this.limits = deviceLimits(gpu, adapter, info, { immediates, packedDots })
    this.facts = Object.freeze(hardwareFacts(info))
    this.lost = new Promise((_, reject) => {
      this.#reject = reject
    })
    this.lost.catch(() => {})
    const uniforms = new UniformRing(gpu)
    const bindGroups = new BindGroups(gpu, uniforms.buffer)
    this.pool = this.#makePool(bindGroups, options.maxIdleBytes)
    const answer: Answer = (work) => this.answer(work)
    this.pipelines = new PipelineCache(gpu, bindGroups, answer)
    this.recorder = new Recorder({ gpu, pool: this.pool, bindGroups, uniforms })
    this.staging = new Staging(gpu, this.recorder, answer)
    this.#listen()
  }

  /** Why the device cannot be used any more. */
  get failure(): AdapterError | undefined {
    return this.#failure
  }

  /** The same promise, of work on this device; a software adapter gets the processor until it settles. */
  waitFor<T>(work: Promise<T>): Promise<T> {
    return this.#rest.during(work)
  }

  /** What WebGPU answers, waited for likewise. Rejects when the device is lost. */
  answer<T>(work: Promise<T>): Promise<T> {
    return this.waitFor(Promise.race([work, this.lost]))
  }

  /** Throws the AdapterError of a device that is lost. */
  assertUsable(): void {
    if (this.#failure) throw this.#failure
  }

  /** Declares the device unusable, as after a job that never ends. The GPU itself is left alone. */
  abandon(reason: string): void {
    if (this.#failure) return
    this.#failure = new AdapterError(`The GPU device ${describeAdapter(this.info)} is lost: ${reason}`, {
      remedy: RESTART,
    })
    this.#reject(this.#failure)
  }

  /** Ends the device and frees its memory, after the work submitted so far. */
  destroy(): void {
    this.abandon('it was closed by destroy()')
    this.gpu.destroy()
  }

  /**
   * Runs `action`, which encodes commands, apart from all others, and reports what WebGPU finds wrong with
   * them. For what may be invalid in ways that only WebGPU can tell, such as the first launch of a pipeline.
   */
  check(action: () => void, report: (error: GpuError) => void): void {
    this.recorder.flush()
    this.gpu.pushErrorScope('validation')
    try {
      action()
      this.recorder.flush()
    } finally {
      this.#watch(this.gpu.popErrorScope(), report)
    }
  }

  /** Resolves when all checks begun so far have reported. */
  async checked(): Promise<void> {
    await Promise.all(this.#checks)
  }

  /** Resolves when the GPU has done everything encoded so far. Rejects when the device is lost. */
  async finished(): Promise<void> {
    this.recorder.flush()
    await this.answer(this.gpu.queue.onSubmittedWorkDone())
    await this.checked()
    this.assertUsable()
  }

  #watch(scope: Promise<GPUError | null>, report: (error: GpuError) => void): void {
    this.#keepAlive.hold()
    const check = scope
      .then((error) => {
        if (error) report(new GpuError(error.message))
      })
      // A scope cannot be popped on a lost device; the loss is reported elsewhere.
      .catch(() => {})
      .finally(() => {
        this.#checks.delete(check)
        this.#keepAlive.release()
      })
    this.#checks.add(check)
  }

  #makePool(bindGroups: BindGroups, maxIdleBytes: number | undefined): BufferPool {
    return new BufferPool((bytes, usage, failed) => this.#createBuffer(bytes, usage, failed), {
      maxBindingBytes: this.limits.maxBindingBytes,
      shaderF16: this.limits.shaderF16,
      maxIdleBytes: maxIdleBytes ?? (this.info.software ? MAX_IDLE_BYTES_SOFTWARE : MAX_IDLE_BYTES),
      beforeDestroy: () => this.recorder.flush(),
      afterDestroy: (id) => bindGroups.drop(id),
    })
  }

  #createBuffer(size: number, usage: number, failed: (error: GpuError) => void): GPUBuffer {
    this.gpu.pushErrorScope('out-of-memory')
    const buffer = this.gpu.createBuffer({ size, usage })
    this.#watch(this.gpu.popErrorScope(), () => failed(this.#outOfMemory(size)))
    return buffer
  }

  #outOfMemory(bytes: number): GpuError {
    const { liveBytes, idleBytes } = this.pool.stats
    this.pool.trim()
    const what = `No GPU memory for ${bytes} bytes more: tensors hold ${liveBytes}, ${idleBytes} were idle`
    const error = new GpuError(what, {
      remedy: 'dispose() tensors that are done with, or await now and then so that they can be collected.',
    })
    this.errors.add(error)
    return error
  }

  #listen(): void {
    this.gpu.lost.then(({ reason, message }) => this.abandon(message || `the browser says '${reason}'`))
    this.gpu.addEventListener('uncapturederror', (event) => {
      // Reported to whoever reads next; not on the console too.
      event.preventDefault()
      const { message } = event.error
      if (!CONSEQUENCE.test(message)) this.errors.add(new GpuError(message))
    })
  }
}

function hasImmediates(api: GPU, gpu: GPUDevice): boolean {
  return gpu.limits.maxImmediateSize > 0 && api.wgslLanguageFeatures.has('immediate_address_space')
}

function allLimits(adapter: GPUAdapter): Record<string, number> {
  const limits: Record<string, number> = {}
  for (const name in adapter.limits) {
    const value: unknown = adapter.limits[name as keyof GPUSupportedLimits]
    if (typeof value === 'number') limits[name] = value
  }
  return limits
}
