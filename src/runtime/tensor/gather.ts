/**
 * Reads single elements of a storage: a small kernel brings them together on the GPU, so that a sample of a
 * large tensor costs what the sample costs.
 */
import { cdiv } from '../../support/maths.ts'
import { packCodes, perWord, STORAGE, type StorageType } from '../../support/storage_types.ts'
import { foldGrid, type Launch } from '../commands/launch.ts'
import type { Device } from '../device.ts'
import type { Storage } from '../memory/storage.ts'
import type { Stream } from '../stream.ts'
import { DeviceTensor } from './tensor.ts'

const WORKGROUP = 256
const WORD_BYTES = 4

/** Reads the elements at the same positions, again and again, from storages of any dtype. */
export class Gather {
  readonly #stream: Stream
  readonly #positions: Uint32Array<ArrayBuffer>
  /** Which words of the source, by the elements in one. */
  readonly #words = new Map<number, DeviceTensor>()
  readonly #found: DeviceTensor

  constructor(stream: Stream, positions: Uint32Array<ArrayBuffer>) {
    this.#stream = stream
    this.#positions = positions
    this.#found = DeviceTensor.allocate([positions.length], 'u32', stream)
  }

  /**
   * The bytes of the elements, in the order of the positions, as elements of the dtype. Rejects as
   * `Stream.read` does.
   */
  async read(source: Storage, dtype: StorageType): Promise<ArrayBuffer> {
    if (this.#positions.length === 0) return new ArrayBuffer(0)
    const device = await this.#stream.opened()
    const places = this.#wordsOf(perWord(dtype)).storage
    const launch = await launchOf(device, places, source, this.#found.storage)
    // What was wrong with another source is overwritten.
    this.#found.storage.failure = undefined
    this.#stream.launch(launch)
    const words = await this.#stream.read(this.#found.storage)
    return perWord(dtype) === 1 ? words : this.#parts(new Uint32Array(words), dtype)
  }

  dispose(): void {
    this.#found.dispose()
    for (const words of this.#words.values()) words.dispose()
  }

  #wordsOf(inOne: number): DeviceTensor {
    let words = this.#words.get(inOne)
    if (!words) {
      const numbers = inOne === 1 ? this.#positions : this.#positions.map((at) => Math.floor(at / inOne))
      words = DeviceTensor.allocate([numbers.length], 'u32', this.#stream).upload(numbers)
      this.#words.set(inOne, words)
    }
    return words
  }

  /** The right part of each word. */
  #parts(words: Uint32Array, dtype: StorageType): ArrayBuffer {
    const { bits } = STORAGE[dtype]
    const [places, mask] = [perWord(dtype) - 1, 2 ** bits - 1]
    const positions = this.#positions
    const codeAt = (i: number): number => ((words[i] ?? 0) >>> (bits * ((positions[i] ?? 0) & places))) & mask
    return packCodes(dtype, words.length, codeAt).buffer
  }
}

async function launchOf(device: Device, words: Storage, source: Storage, found: Storage): Promise<Launch> {
  const { maxImmediateBytes, maxWorkgroupsPerDimension } = device.limits
  const wordsIn = maxImmediateBytes > 0 ? 'immediate' : 'uniform'
  const pipeline = await device.pipelines.get({
    label: 'gather',
    wgsl: WGSL[wordsIn],
    bindings: [{ access: 'read' }, { access: 'read' }, { access: 'read_write' }],
    words: { length: 1 },
    wordsIn,
  })
  const count = found.bytes / WORD_BYTES
  const grid = foldGrid(cdiv(count, WORKGROUP), maxWorkgroupsPerDimension)
  return { pipeline, storages: [words, source, found], words: Uint32Array.of(count), grid }
}

const body = (head: string, launch: string): string => `${head}struct Launch { count: u32 }
@group(0) @binding(0) var<storage, read> words: array<u32>;
@group(0) @binding(1) var<storage, read> source: array<u32>;
@group(0) @binding(2) var<storage, read_write> found: array<u32>;
${launch}

@compute @workgroup_size(${WORKGROUP})
fn main(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) count: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let i = (wg.y * count.x + wg.x) * ${WORKGROUP}u + lane;
  if (i >= launch.count) { return; }
  found[i] = source[words[i]];
}`

const WGSL = {
  immediate: body('requires immediate_address_space;\n', 'var<immediate> launch: Launch;'),
  uniform: body('', '@group(0) @binding(3) var<uniform> launch: Launch;'),
}
