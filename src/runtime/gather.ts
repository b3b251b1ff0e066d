/**
 * Reads single elements of a storage: a small kernel brings them together on the GPU, so that a sample of a
 * large tensor costs what the sample costs.
 */
import { DTYPES } from '../support/dtypes.ts'
import { cdiv } from '../support/maths.ts'
import type { Device } from './device.ts'
import { foldGrid, type Launch } from './launch.ts'
import type { Storage } from './storage.ts'
import type { Stream } from './stream.ts'
import { DeviceTensor } from './tensor.ts'

const WORKGROUP = 256
const WORD_BYTES = 4

/** Reads the elements at the same positions, again and again, from storages of any dtype. */
export class Gather {
  readonly #stream: Stream
  readonly #positions: Uint32Array<ArrayBuffer>
  /** Words of the source, for each element size that was asked for. */
  readonly #words = new Map<number, DeviceTensor>()
  readonly #found: DeviceTensor

  constructor(stream: Stream, positions: Uint32Array<ArrayBuffer>) {
    this.#stream = stream
    this.#positions = positions
    this.#found = DeviceTensor.allocate([positions.length], 'u32', stream)
  }

  /** The bytes of the elements, in the order of the positions. Rejects as `Stream.read` does. */
  async read(source: Storage): Promise<ArrayBuffer> {
    if (this.#positions.length === 0) return new ArrayBuffer(0)
    const { bytes } = DTYPES[source.dtype]
    const device = await this.#stream.opened()
    this.#stream.launch(await launchOf(device, this.#wordsOf(bytes).storage, source, this.#found.storage))
    const words = await this.#stream.read(this.#found.storage)
    return bytes === WORD_BYTES ? words : this.#halves(new Uint16Array(words))
  }

  dispose(): void {
    this.#found.dispose()
    for (const words of this.#words.values()) words.dispose()
  }

  #wordsOf(bytes: number): DeviceTensor {
    let words = this.#words.get(bytes)
    if (!words) {
      const perWord = WORD_BYTES / bytes
      const numbers = perWord === 1 ? this.#positions : this.#positions.map((at) => Math.floor(at / perWord))
      words = DeviceTensor.allocate([numbers.length], 'u32', this.#stream).upload(numbers)
      this.#words.set(bytes, words)
    }
    return words
  }

  /** The right half of each word. */
  #halves(pairs: Uint16Array): ArrayBuffer {
    const halves = new Uint16Array(this.#positions.length)
    // A function for each element would cost ten times as much.
    for (let i = 0; i < halves.length; i++) halves[i] = pairs[2 * i + ((this.#positions[i] ?? 0) % 2)] ?? 0
    return halves.buffer
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
