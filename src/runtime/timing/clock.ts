/**
 * Two ways to measure how long launches take: timestamps that the GPU writes around a compute pass, and the
 * wall clock around a submit. Both run a list of samples in order, in one submit each time they are asked.
 */
import { GpuError } from '../../support/errors.ts'
import { median } from '../../support/maths.ts'
import { BUFFER_USAGE, MAP_READ } from '../adapter/gpu_flags.ts'
import type { Launch } from '../commands/launch.ts'
import type { Device } from '../device.ts'
import { Scratch } from './scratch.ts'

/** Launches that are timed together, `repeats` times in a row. */
export interface Sample {
  readonly launches: readonly Launch[]
  readonly repeats: number
}

export interface Clock {
  readonly kind: 'gpu' | 'wall'
  /** Samples that one `run` takes at most. */
  readonly maxSamples: number
  /** Whether the cache is overwritten before each sample. */
  readonly flushesCache: boolean
  /** Shortest difference that can be told, in milliseconds; known after the first run. */
  readonly resolutionMs: number
  /**
   * Milliseconds of each sample, NaN where the measurement failed. Rejects with GpuError when WebGPU refuses
   * the commands.
   */
  run(samples: readonly Sample[]): Promise<number[]>
  dispose(): void
}

/** The better clock that the device has. */
export async function openClock(device: Device, flushCache: boolean): Promise<Clock> {
  if (!device.features.has('timestamp-query')) return new WallClock(device)
  return new GpuClock(device, await Scratch.open(device, flushCache))
}

const MAX_GPU_SAMPLES = 512

/** One compute pass with two timestamps per sample. */
class GpuClock implements Clock {
  readonly kind = 'gpu'
  readonly maxSamples: number = MAX_GPU_SAMPLES
  readonly flushesCache: boolean
  readonly #device: Device
  readonly #scratch: Scratch
  readonly #queries: GPUQuerySet
  readonly #resolved: GPUBuffer
  readonly #mapped: GPUBuffer
  #quantum = 0n

  constructor(device: Device, scratch: Scratch) {
    const { gpu } = device
    const size = MAX_GPU_SAMPLES * 16
    this.#device = device
    this.#scratch = scratch
    this.flushesCache = scratch.flushesCache
    this.#queries = gpu.createQuerySet({ type: 'timestamp', count: MAX_GPU_SAMPLES * 2 })
    this.#resolved = gpu.createBuffer({ size, usage: BUFFER_USAGE.queryResolve | BUFFER_USAGE.copySource })
    this.#mapped = gpu.createBuffer({ size, usage: BUFFER_USAGE.mapRead | BUFFER_USAGE.copyTarget })
  }

  /** Browsers round timestamps to 65.5 or 100 microseconds; the drivers' own steps are far below one. */
  get resolutionMs(): number {
    return Number(this.#quantum) / 1e6
  }

  async run(samples: readonly Sample[]): Promise<number[]> {
    await submitChecked(this.#device, (encoder) => {
      for (const [i, sample] of samples.entries()) this.#encode(encoder, sample, 2 * i)
      encoder.resolveQuerySet(this.#queries, 0, samples.length * 2, this.#resolved, 0)
      encoder.copyBufferToBuffer(this.#resolved, 0, this.#mapped, 0, samples.length * 16)
    })
    const stamps = await this.#read(samples.length * 2)
    for (const stamp of stamps) this.#quantum = gcd(this.#quantum, stamp)
    return samples.map((_, i) => difference(stamps[2 * i], stamps[2 * i + 1]))
  }

  dispose(): void {
    this.#queries.destroy()
    this.#resolved.destroy()
    this.#mapped.destroy()
    this.#scratch.release()
  }

  #encode(encoder: GPUCommandEncoder, sample: Sample, query: number): void {
    this.#scratch.separate(encoder)
    const pass = encoder.beginComputePass({
      timestampWrites: {
        querySet: this.#queries,
        beginningOfPassWriteIndex: query,
        endOfPassWriteIndex: query + 1,
      },
    })
    encodeSample(this.#device, pass, sample)
    pass.end()
  }

  async #read(count: number): Promise<BigUint64Array> {
    await this.#device.answer(this.#mapped.mapAsync(MAP_READ, 0, count * 8))
    const stamps = new BigUint64Array(this.#mapped.getMappedRange(0, count * 8).slice(0))
    this.#mapped.unmap()
    return stamps
  }
}

const OVERHEAD_SAMPLES = 9

/** One submit per sample; the time of a submit of next to nothing is taken off. The cache stays as it is. */
class WallClock implements Clock {
  readonly kind = 'wall'
  readonly maxSamples: number = 64
  readonly flushesCache = false
  readonly #device: Device
  #overheadMs: number | undefined

  constructor(device: Device) {
    this.#device = device
  }

  /** Submitting and waiting take this long, and vary by a good part of it. */
  get resolutionMs(): number {
    return this.#overheadMs ?? 0
  }

  async run(samples: readonly Sample[]): Promise<number[]> {
    this.#overheadMs ??= await this.#measureOverhead()
    const times: number[] = []
    for (const sample of samples) {
      const ms = await this.#time(sample)
      // Set back meanwhile: that is no time, and least of all a short one.
      times.push(ms < 0 ? Number.NaN : Math.max(0, ms - this.#overheadMs))
    }
    return times
  }

  dispose(): void {}

  async #measureOverhead(): Promise<number> {
    const times: number[] = []
    for (let i = 0; i < OVERHEAD_SAMPLES; i++) times.push(await this.#time({ launches: [], repeats: 0 }))
    return median(times)
  }

  async #time(sample: Sample): Promise<number> {
    const start = performance.now()
    await submitChecked(this.#device, (encoder) => {
      const pass = encoder.beginComputePass()
      encodeSample(this.#device, pass, sample)
      pass.end()
    })
    await this.#device.answer(this.#device.gpu.queue.onSubmittedWorkDone())
    return performance.now() - start
  }
}

function encodeSample(device: Device, pass: GPUComputePassEncoder, { launches, repeats }: Sample): void {
  for (let i = 0; i < repeats; i++) for (const launch of launches) device.recorder.dispatchInto(pass, launch)
}

/**
 * Submits what `encode` encodes, after what the recorder holds. Rejects with GpuError when WebGPU refuses it.
 */
async function submitChecked(device: Device, encode: (encoder: GPUCommandEncoder) => void): Promise<void> {
  const { gpu, recorder } = device
  device.assertUsable()
  recorder.flush()
  gpu.pushErrorScope('validation')
  let refusal: Promise<GPUError | null>
  try {
    const encoder = gpu.createCommandEncoder()
    encode(encoder)
    recorder.submit(encoder)
  } finally {
    refusal = gpu.popErrorScope()
    refusal.catch(() => {})
  }
  const error = await Promise.race([refusal, device.lost])
  if (error) throw new GpuError(`The GPU refused a launch to be timed: ${error.message}`)
}

/** Drivers write 0, or an end before the beginning, when a timestamp went wrong. */
function difference(begin = 0n, end = 0n): number {
  return begin === 0n || end < begin ? Number.NaN : Number(end - begin) / 1e6
}

function gcd(a: bigint, b: bigint): bigint {
  while (b !== 0n) [a, b] = [b, a % b]
  return a
}
