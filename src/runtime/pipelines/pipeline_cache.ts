/**
 * Compute pipelines by shader text and binding layout: compiled once, shared while in flight, forgotten when
 * they fail or have not been used for long. What the WGSL compiler says about a bad shader becomes a
 * `GpuError` with line, column and the lines around it.
 */
import { errorMessage, GpuError } from '../../support/errors.ts'
import type { Answer } from '../adapter/poll_rest.ts'
import type { BindGroups, BindLayout } from './bind_groups.ts'
import type { PipelineRequest } from './pipeline_request.ts'
import { describeShaderErrors } from './shader_errors.ts'

const MAX_PIPELINES = 1024

/** A compiled pipeline with what is needed to launch it. */
export interface Pipeline {
  readonly label: string
  readonly gpu: GPUComputePipeline
  readonly layout: BindLayout
  readonly wordsIn: 'immediate' | 'uniform'
  readonly wordCount: number
  /** Milliseconds from request to answer, waiting for other compilations included. */
  readonly compileMs: number
  /** Set by the first launch, which is checked by WebGPU for errors that only it can find. */
  launched: boolean
}

export class PipelineCache {
  readonly #gpu: GPUDevice
  readonly #bindGroups: BindGroups
  readonly #maxEntries: number
  /** Fails when the device is lost, so that nobody waits for ever. */
  readonly #answer: Answer
  readonly #entries = new Map<string, Promise<Pipeline>>()
  readonly #ready = new Map<string, Pipeline>()
  /** Spares the key for requests that were asked for before. */
  readonly #byRequest = new WeakMap<PipelineRequest, Pipeline>()

  constructor(gpu: GPUDevice, bindGroups: BindGroups, answer: Answer, maxEntries: number = MAX_PIPELINES) {
    this.#gpu = gpu
    this.#bindGroups = bindGroups
    this.#answer = answer
    this.#maxEntries = maxEntries
  }

  /** The pipeline, if it is compiled. */
  peek(request: PipelineRequest): Pipeline | undefined {
    const known = this.#byRequest.get(request)
    if (known) return known
    const ready = this.#ready.get(keyOf(request))
    if (ready) this.#byRequest.set(request, ready)
    return ready
  }

  /** The pipeline, compiled if need be. Rejects with GpuError when the shader or the pipeline is refused. */
  get(request: PipelineRequest): Promise<Pipeline> {
    const key = keyOf(request)
    const known = this.#entries.get(key)
    if (known) {
      this.#touch(key, known)
      return known
    }
    const entry = this.#answer(this.#compile(request))
    this.#entries.set(key, entry)
    entry.then(
      (pipeline) => {
        if (this.#entries.get(key) === entry) this.#ready.set(key, pipeline)
        this.#evict()
      },
      () => this.#entries.delete(key),
    )
    return entry
  }

  /** Compiled or compiling pipelines. */
  get size(): number {
    return this.#entries.size
  }

  #touch(key: string, entry: Promise<Pipeline>): void {
    this.#entries.delete(key)
    this.#entries.set(key, entry)
  }

  #evict(): void {
    for (const key of this.#entries.keys()) {
      if (this.#entries.size <= this.#maxEntries) return
      if (this.#ready.delete(key)) this.#entries.delete(key)
    }
  }

  async #compile(request: PipelineRequest): Promise<Pipeline> {
    const start = performance.now()
    const { label, wgsl, wordsIn } = request
    const gpu = this.#gpu
    gpu.pushErrorScope('validation')
    const layout = this.#bindGroups.layout(request)
    const module = gpu.createShaderModule({ label, code: wgsl })
    const refusal = gpu.popErrorScope()
    // Awaited together: a rejection must not arrive before somebody listens.
    const [error, attempt] = await Promise.all([
      refusal,
      gpu
        .createComputePipelineAsync({ label, layout: layout.pipelineLayout, compute: { module } })
        .catch(
          (reason: unknown) => new GpuError(`The GPU refused kernel '${label}': ${errorMessage(reason)}`),
        ),
    ])
    if (error) throw await describeShaderErrors(label, wgsl, module, error.message)
    if (attempt instanceof GpuError) throw attempt
    const wordCount = request.words.length
    const compileMs = Math.max(0, performance.now() - start)
    return { label, gpu: attempt, layout, wordsIn, wordCount, compileMs, launched: false }
  }
}

function keyOf({ wgsl, bindings, words, wordsIn }: PipelineRequest): string {
  return `${bindings.map(({ access }) => access).join()};${wordsIn};${words.length};${wgsl}`
}
