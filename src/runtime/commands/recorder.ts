/**
 * The open command encoder of a device. Dispatches collect in one compute pass and are submitted together:
 * when the present task ends (awaiting something that is there does not end it), when somebody waits for the
 * GPU, or when a batch is full. The first batches are small,
 * so that the GPU starts early, and grow while the host stays ahead. What is set in the pass already is not
 * set again.
 */
import { UsageError } from '../../support/errors.ts'
import { soon } from '../../support/macrotask.ts'
import type { Block, BufferPool } from '../memory/buffer_pool.ts'
import type { UniformRing } from '../memory/uniform_ring.ts'
import type { BindGroups } from '../pipelines/bind_groups.ts'
import type { Pipeline } from '../pipelines/pipeline_cache.ts'
import type { Launch } from './launch.ts'

const FIRST_BATCH = 8
/** Longer batches save no host time worth having; see benchmarks/launch_overhead.ts. */
const LARGEST_BATCH = 64
const MAX_IMMEDIATE_WORDS = 64

export interface RecorderParts {
  readonly gpu: GPUDevice
  readonly pool: BufferPool
  readonly bindGroups: BindGroups
  readonly uniforms: UniformRing
}

export class Recorder {
  readonly #gpu: GPUDevice
  readonly #pool: BufferPool
  readonly #bindGroups: BindGroups
  readonly #uniforms: UniformRing
  readonly #maxGrid: number
  #encoder: GPUCommandEncoder | undefined
  #pass: GPUComputePassEncoder | undefined
  #pipeline: Pipeline | undefined
  #group: GPUBindGroup | undefined
  readonly #words: Uint32Array = new Uint32Array(MAX_IMMEDIATE_WORDS)
  #dispatches = 0
  #batch = FIRST_BATCH
  #scheduled = false
  #submits = 0

  constructor({ gpu, pool, bindGroups, uniforms }: RecorderParts) {
    this.#gpu = gpu
    this.#pool = pool
    this.#bindGroups = bindGroups
    this.#uniforms = uniforms
    this.#maxGrid = gpu.limits.maxComputeWorkgroupsPerDimension
  }

  /** Submits so far. */
  get submits(): number {
    return this.#submits
  }

  /** Encodes one dispatch. Throws UsageError for a grid or buffers that the device cannot take. */
  dispatch(launch: Launch): void {
    const [x, y, z] = launch.grid
    if (x === 0 || y === 0 || z === 0) return
    this.#checkGrid(launch)
    const group = this.#bindGroup(launch)
    const offset = this.#placeWords(launch)
    const pass = this.#pass ?? this.#openPass()
    this.#bind(pass, launch, group, offset)
    pass.dispatchWorkgroups(x, y, z)
    if (++this.#dispatches >= this.#batch) this.#submitBatch()
  }

  /** Encodes one dispatch into a pass of the caller's, who submits it through `submit`. */
  dispatchInto(pass: GPUComputePassEncoder, launch: Launch): void {
    const [x, y, z] = launch.grid
    if (x === 0 || y === 0 || z === 0) return
    this.#checkGrid(launch)
    const { gpu, layout, wordsIn, wordCount } = launch.pipeline
    pass.setPipeline(gpu)
    const group = this.#bindGroup(launch)
    if (layout.uniformBytes === 0) pass.setBindGroup(0, group)
    else {
      const offset = this.#uniforms.place(launch.words)
      if (offset === undefined)
        throw new Error('the launch words of one submit do not fit into its uniform buffer')
      pass.setBindGroup(0, group, [offset])
    }
    if (wordsIn === 'immediate' && wordCount > 0) pass.setImmediates(0, launch.words)
    pass.dispatchWorkgroups(x, y, z)
  }

  /** The open encoder, outside any pass, for copies. */
  commands(): GPUCommandEncoder {
    this.#closePass()
    return this.#encoder ?? this.#open()
  }

  /** Writes host data into a buffer, after everything encoded so far. `data` has a multiple of 4 bytes. */
  write(block: Block, data: Uint8Array<ArrayBuffer>): void {
    this.flush()
    this.#gpu.queue.writeBuffer(block.buffer, 0, data)
  }

  /** Submits what is encoded. */
  flush(): void {
    this.#batch = FIRST_BATCH
    this.#submitOpen()
  }

  /** Submits an encoder of the caller's, after everything encoded so far. Flush before encoding into it. */
  submit(encoder: GPUCommandEncoder): void {
    this.#uniforms.upload()
    this.#gpu.queue.submit([encoder.finish()])
    this.#submits++
  }

  #bindGroup({ pipeline, storages }: Launch): GPUBindGroup {
    const blocks: Block[] = []
    for (const storage of storages) blocks.push(storage.in(this.#pool))
    return this.#bindGroups.group(pipeline.layout, blocks)
  }

  #placeWords({ pipeline, words }: Launch): number | undefined {
    if (pipeline.layout.uniformBytes === 0) return undefined
    const offset = this.#uniforms.place(words)
    if (offset !== undefined) return offset
    this.#submitBatch()
    return this.#uniforms.place(words)
  }

  #bind(pass: GPUComputePassEncoder, launch: Launch, group: GPUBindGroup, offset: number | undefined): void {
    const { pipeline, words } = launch
    const samePipeline = pipeline === this.#pipeline
    if (!samePipeline) pass.setPipeline(pipeline.gpu)
    if (offset !== undefined) pass.setBindGroup(0, group, [offset])
    else if (group !== this.#group) pass.setBindGroup(0, group)
    if (pipeline.wordsIn === 'immediate' && words.length > 0 && !(samePipeline && this.#hasWords(words))) {
      pass.setImmediates(0, words)
      this.#words.set(words)
    }
    this.#pipeline = pipeline
    this.#group = group
  }

  #hasWords(words: Uint32Array): boolean {
    for (let i = 0; i < words.length; i++) if (words[i] !== this.#words[i]) return false
    return true
  }

  #checkGrid({ pipeline, grid }: Launch): void {
    for (const count of grid)
      if (!(count > 0 && count <= this.#maxGrid))
        throw new UsageError(
          `Kernel '${pipeline.label}' was launched with ${grid.join(' x ')} workgroups; ` +
            `the device takes up to ${this.#maxGrid} along each dimension`,
        )
  }

  #open(): GPUCommandEncoder {
    if (!this.#scheduled) {
      this.#scheduled = true
      soon(() => {
        this.#scheduled = false
        this.flush()
      })
    }
    this.#encoder = this.#gpu.createCommandEncoder()
    return this.#encoder
  }

  #openPass(): GPUComputePassEncoder {
    this.#pass = (this.#encoder ?? this.#open()).beginComputePass()
    return this.#pass
  }

  #closePass(): void {
    this.#pass?.end()
    this.#pass = undefined
    this.#pipeline = undefined
    this.#group = undefined
  }

  #submitBatch(): void {
    this.#batch = Math.min(this.#batch * 2, LARGEST_BATCH)
    this.#submitOpen()
  }

  #submitOpen(): void {
    const encoder = this.#encoder
    if (!encoder) return
    this.#closePass()
    this.#encoder = undefined
    this.#dispatches = 0
    this.submit(encoder)
  }
}
