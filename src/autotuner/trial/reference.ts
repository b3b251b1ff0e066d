/**
 * What a call should leave in memory, whatever the config: from the author's baseline function, else from the
 * reference interpreter (a sample of it, when the call is large). Tensors that neither can speak for are
 * compared with what the default config leaves there, which is said in the log.
 */
import type { Config } from '../../config/config.ts'
import type { ConfigSpec } from '../../config/config_spec.ts'
import { decoded, type HostTensor } from '../../ir/interpret.ts'
import { seenTensors } from '../../ir/kernel_ir.ts'
import type { Block } from '../../ir/node.ts'
import type { Size } from '../../ir/size.ts'
import type { BoundKernel } from '../../kernel/bound_kernel.ts'
import type { CallArguments } from '../../kernel/call_arguments.ts'
import { sizeEvaluator } from '../../kernel/launch_plan.ts'
import { codesOf, decodeBytes } from '../../runtime/memory/host_data.ts'
import type { Stream } from '../../runtime/stream.ts'
import type { Log } from '../../support/log.ts'
import { product, sum } from '../../support/maths.ts'
import type { Settings } from '../../support/settings.ts'
import { lessExact, STORAGE } from '../../support/storage_types.ts'
import type { Expected } from './accuracy.ts'
import { baselineValues } from './baseline.ts'
import type { KernelWrites } from './kernel_writes.ts'
import { type KnownTensor, sampleReference, spread } from './sampled_reference.ts'
import type { Places } from './trial_runner.ts'

export interface ReferenceParts {
  readonly bound: BoundKernel
  readonly spec: ConfigSpec
  readonly call: CallArguments
  readonly stream: Stream
  readonly writes: KernelWrites
  readonly settings: Settings
  readonly log: Log
  /**
   * Bytes that the default config leaves at some positions of tensors; undefined when it does not run.
   */
  readonly runDefault: (places: Places) => Promise<ReadonlyMap<number, ArrayBuffer> | undefined>
  /** What the interpreter may use; DEFAULT_LIMITS when absent. */
  readonly limits?: ReferenceLimits
}

export interface ReferenceLimits {
  /** Calls with more elements than this are not brought to the host. */
  readonly elements: number
  /** Milliseconds for a call and, where results depend on extents, for each combination of extents. */
  readonly callMs: number
  readonly extentsMs: number
}

export const DEFAULT_LIMITS: ReferenceLimits = { elements: 2 ** 28, callMs: 1500, extentsMs: 300 }

/** Elements of a tensor that each config is compared at: of more, so many, spread evenly. */
const COMPARED = 2 ** 18

type Contents = Pick<HostTensor, 'data' | 'table'>

export class Reference {
  readonly #parts: ReferenceParts
  readonly #sizeOf: (size: Size) => number
  readonly #shapes: readonly (readonly number[])[]
  /** Elements of the largest tensor. */
  readonly #largest: number
  /** Known values by what they depend on: nothing, or the block sizes. */
  readonly #known = new Map<string, Promise<readonly Expected[]>>()
  #inputs: Promise<readonly (Contents | undefined)[]> | undefined
  #fallback: Promise<ReadonlyMap<number, ArrayBuffer> | undefined> | undefined

  constructor(parts: ReferenceParts) {
    this.#parts = parts
    this.#sizeOf = sizeEvaluator(parts.call)
    this.#shapes = seenTensors(parts.bound.ir).map(({ shape }) => shape.map(this.#sizeOf))
    this.#largest = Math.max(0, ...this.#shapes.map(product))
  }

  /** What this config should leave in the tensors that callers see. */
  expected(config: Config): Promise<readonly Expected[]> {
    const { bound, writes } = this.#parts
    const byBaseline = bound.definition.options.own.baselineFn !== undefined
    const key = writes.readsExtents && !byBaseline ? config.blockSizes.join() : ''
    let known = this.#known.get(key)
    if (!known) {
      known = byBaseline ? this.#fromBaseline() : this.#fromInterpreter(key === '' ? undefined : config)
      this.#known.set(key, known)
    }
    return known
  }

  async #fromBaseline(): Promise<readonly Expected[]> {
    const { bound, call, stream, writes, settings } = this.#parts
    const limit = settings.autotuneBenchmarkTimeout
    const values = await baselineValues(bound, call, stream, writes, limit)
    return await this.#complete(values)
  }

  async #fromInterpreter(config: Config | undefined): Promise<readonly Expected[]> {
    const { bound, call, writes, limits = DEFAULT_LIMITS } = this.#parts
    if (writes.isOpaque || sum(this.#shapes.map(product)) > limits.elements) return await this.#complete([])
    this.#inputs ??= this.#readInputs()
    const inputs = await this.#inputs
    const tensors = seenTensors(bound.ir).map(({ id, dtype }): HostTensor => {
      const shape = this.#shapes[id] ?? []
      const input = inputs[id]
      const sizes = call.tensors[id]?.sizes
      if (!input) return { shape, data: new STORAGE[dtype].values(product(shape)) }
      if (!writes.lastGrid.has(id)) return { shape, sizes, ...input }
      const { data, table } = input
      return { shape, sizes, data: table ? decoded(data, table) : new Float64Array(data) }
    })
    const limitMs = config ? limits.extentsMs : limits.callMs
    const extentOf = config && this.#extentsOf(config)
    const width = (block: Block) => this.#largest / Math.max(1, this.#sizeOf(block.size))
    const known = sampleReference(bound.ir, writes, tensors, call.scalars, { limitMs, extentOf, width })
    return await this.#complete(known)
  }

  /** Contents of the arguments, by tensor id. */
  async #readInputs(): Promise<readonly (Contents | undefined)[]> {
    const { bound, call, stream } = this.#parts
    let argument = 0
    const reads = seenTensors(bound.ir).map(async ({ role, dtype }) => {
      const tensor = role === 'argument' ? call.tensors[argument++] : undefined
      if (!tensor) return undefined
      const bytes = await stream.read(tensor.storage)
      return codesOf(bytes, dtype) ?? { data: decodeBytes(bytes, dtype) }
    })
    return await Promise.all(reads)
  }

  #extentsOf({ blockSizes }: Config): (block: Block) => number | undefined {
    const { blocks } = this.#parts.spec.input
    const extents = new Map(blocks.map(({ id }, index) => [id, blockSizes[index]]))
    return ({ id }) => extents.get(id)
  }

  /** `known`, and for tensors that are missing there what the default config leaves. */
  async #complete(known: readonly KnownTensor[]): Promise<readonly Expected[]> {
    const { bound, writes, log } = this.#parts
    const missing = writes.visible.filter(({ id }) => !known.some(({ tensor }) => tensor === id))
    const expected = known.map((values) => this.#expectedOf(values))
    if (missing.length === 0) return expected
    const places: Places = new Map(missing.map(({ id }) => [id, some(product(this.#shapes[id] ?? []))]))
    this.#fallback ??= this.#parts.runDefault(places)
    const left = await this.#fallback
    const names = missing.map(({ name }) => name).join(', ')
    const how = left
      ? 'with those of the default config only'
      : 'with nothing: the default config does not run'
    log.warning(`helion-aot: ${bound.definition.name}: answers in ${names} are compared ${how}`)
    if (!left) return expected
    const copied = missing.map(({ id, dtype }) =>
      this.#comparable(id, places.get(id), decodeBytes(left.get(id) ?? new ArrayBuffer(0), dtype)),
    )
    return [...expected, ...copied]
  }

  #expectedOf({ tensor, values, positions: known }: KnownTensor): Expected {
    const picked = some(known?.length ?? values.length)
    const positions = picked && known ? picked.map((i) => known[i] ?? 0) : (picked ?? known)
    return this.#comparable(
      tensor,
      positions,
      positions ? Float64Array.from(positions, (at) => values[at] ?? 0) : values,
    )
  }

  #comparable(tensor: number, positions: Expected['positions'], values: Expected['values']): Expected {
    const { bound, writes } = this.#parts
    const info = bound.ir.tensors[tensor]
    if (!info) throw new Error(`no tensor ${tensor}`)
    const { name, dtype } = info
    const shape = this.#shapes[tensor] ?? []
    const precision = lessExact(dtype, writes.precision)
    return { tensor, name, dtype, shape, values, positions, precision }
  }
}

/** Which of `count` elements to compare, ascending; undefined stands for all. */
function some(count: number): Uint32Array<ArrayBuffer> | undefined {
  if (count <= COMPARED) return undefined
  const picked = new Uint32Array(COMPARED)
  let next = 0
  for (const position of spread(count)) {
    if (next === COMPARED) break
    picked[next++] = position
  }
  return picked.sort()
}
