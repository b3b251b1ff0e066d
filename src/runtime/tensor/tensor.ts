/**
 * Tensors in GPU memory: what callers pass to kernels and get back. Making one costs no GPU call and needs no
 * device yet; memory is taken when something in stream order writes or reads it. It goes back to the pool
 * with `dispose()`, a `using` declaration, or when the tensor is garbage-collected.
 */

import { recast } from '../../language/tensors/bitcast.ts'
import { reshaped } from '../../language/tensors/reshape.ts'
import type { IndexTerm, Shape, Tensor } from '../../language/tensors/tensor.ts'
import * as views from '../../language/tensors/tensor_view.ts'
import { VIEW_METHODS, VIEW_SIGNATURES } from '../../language/tensors/view_methods.ts'
import { WHOLE_NAMES, WholeBase } from '../../language/tensors/whole_methods.ts'
import type { ArgumentView } from '../../language/trace/arguments.ts'
import { areCaptured } from '../../language/trace/captured.ts'
import type { Ref } from '../../language/values/value.ts'
import { areEntryPoints, callSite, lazyCallSite } from '../../support/call_site.ts'
import type { HostArray } from '../../support/dtypes.ts'
import { formatLocation, type SourceLocation, UsageError } from '../../support/errors.ts'
import { product } from '../../support/maths.ts'
import { methodsTake } from '../../support/signature.ts'
import { bytesOf, type StorageType } from '../../support/storage_types.ts'
import { defaultStream } from '../default_device.ts'
import { checkShape, decodeBytes, encodeValues, type HostData, parseHostData } from '../memory/host_data.ts'
import { Storage } from '../memory/storage.ts'
import type { Stream } from '../stream.ts'
import { copyLaunch, gathered, hostView, sizesOf, VIEW_RULES } from './strided.ts'

let count = 0
/** A program that disposes of so many tensors does so in a loop that works: finding its line costs more. */
const TRACED_DISPOSALS = 10_000
let disposals = 0

export class DeviceTensor extends WholeBase implements Tensor {
  readonly dtype: StorageType
  readonly shape: Shape
  readonly ndim: number
  /** Number of elements. */
  readonly size: number
  readonly stream: Stream
  /** Tells tensors apart in messages. */
  readonly id: number
  /** Where its elements lie in `storage`; undefined where they are all of it, row by row. */
  readonly view: ArgumentView | undefined
  /** What a program for tensors like this may learn at launch: its shape, and a view's sizes and offsets. */
  readonly sizes: readonly number[]
  /** The tensor whose memory a view shares. */
  readonly #source: DeviceTensor | undefined
  readonly #storage: Storage
  #disposedAt: (() => SourceLocation | undefined) | undefined

  private constructor(
    shape: readonly number[],
    size: number,
    dtype: StorageType,
    stream: Stream,
    of?: { readonly source: DeviceTensor; readonly view: ArgumentView | undefined },
  ) {
    super()
    this.dtype = dtype
    this.shape = shape as Shape
    this.ndim = shape.length
    this.size = size
    this.stream = stream
    this.id = ++count
    this.view = of?.view
    this.sizes = this.view ? sizesOf(this.view) : shape
    this.#source = of?.source
    this.#storage = this.#source?.storage ?? new Storage(bytesOf(dtype, size), dtype)
  }

  /**
   * A tensor with undefined contents. Throws UsageError for shapes and dtypes that the device cannot hold.
   */
  static allocate(
    shape: readonly number[],
    dtype: StorageType,
    stream: Stream = defaultStream(),
  ): DeviceTensor {
    const size = product(checkShape(shape))
    stream.device?.pool.check(bytesOf(dtype, size), dtype)
    return new DeviceTensor(shape, size, dtype, stream)
  }

  /** The id of the one that was made last. */
  static get latestId(): number {
    return count
  }

  /** False for a Proxy around one, which has none of its private parts. */
  static isItself(tensor: DeviceTensor): boolean {
    return #storage in tensor
  }

  /** The memory, for launches. Throws UsageError after `dispose()`. */
  get storage(): Storage {
    if (this.#disposedAt) throw this.#useAfterDispose(this.#disposedAt)
    return this.#source?.storage ?? this.#storage
  }

  get disposed(): boolean {
    return this.#disposedAt !== undefined
  }

  /** The tensor whose memory this is: itself, or what it is a view of. */
  get memory(): DeviceTensor {
    return this.#source ?? this
  }

  /** The same view of a copy of the memory. */
  cloneMemory(stream: Stream): DeviceTensor {
    const { memory } = this
    const copy = DeviceTensor.allocate(memory.shape, memory.dtype, stream)
    stream.copy(this.storage, copy.storage)
    return copy.#with(this.#whole, this.dtype)
  }

  numel(): number {
    return this.size
  }

  at(..._index: IndexTerm[]): Ref {
    throw new UsageError(`${this.describe()}.at(...) was called outside a kernel`, {
      remedy: 'at() reads and writes elements inside a kernel function; outside, use await tensor.data().',
    })
  }

  /**
   * Waits for its turn and copies the elements to the host. Rejects with errors of earlier calls. An
   * exclusive job passes its own stream: on the tensor's it would wait for itself.
   */
  async data(stream: Stream = this.stream): Promise<HostArray> {
    const bytes = await stream.read(this.storage, lazyCallSite())
    const values = decodeBytes(bytes, this.dtype, this.view ? product(this.view.base) : this.size)
    return this.view ? gathered(values, this.view) : values
  }

  /** Overwrites all elements, in stream order. Returns the tensor. */
  write(data: HostData): this {
    const { values } = parseHostData(data, { shape: this.shape })
    return this.upload(values)
  }

  /** Overwrites all elements from flat values, as many as there are elements. Returns the tensor. */
  upload(values: ArrayLike<number>): this {
    const { stream } = this
    this.#requireContiguous('write')
    const bytes = encodeValues(values, this.dtype)
    // What waits must not change when the caller's array does.
    if (bytes.length > 0) stream.write(this.storage, stream.idle ? bytes : bytes.slice(), lazyCallSite())
    return this
  }

  /**
   * Overwrites all elements with those of a tensor of the same size and dtype, on the GPU. Returns the
   * tensor.
   */
  copyFrom(source: DeviceTensor): this {
    if (source.size !== this.size || source.dtype !== this.dtype)
      throw new UsageError(
        `${source.describe()} cannot be copied to ${this.describe()}: size or dtype differ`,
      )
    this.#requireContiguous('copyFrom')
    const { stream } = this
    const { view, storage } = source
    if (!view) stream.copy(storage, this.storage, lazyCallSite())
    else if (storage === this.storage)
      throw new UsageError(`${this.describe()} cannot be overwritten by a view of itself`, {
        location: callSite(),
        remedy: 'Copy it first: copyFrom(view.contiguous()).',
      })
    else if (this.size > 0)
      stream.prepare(
        async (device) => [
          await copyLaunch(device, { source: storage, target: this.storage, dtype: this.dtype }, view),
        ],
        {
          writes: [this.storage],
          site: lazyCallSite(),
        },
      )
    return this
  }

  /** A copy in memory of its own. */
  override clone(): DeviceTensor {
    return DeviceTensor.allocate(this.shape, this.dtype, this.stream).copyFrom(this)
  }

  get T(): DeviceTensor {
    return this.#with(views.flipped(this.#whole, VIEW_RULES))
  }

  transpose(a = -2, b = -1): DeviceTensor {
    return this.#with(views.transposed(this.#whole, a, b, VIEW_RULES))
  }

  permute(...axes: number[]): DeviceTensor {
    return this.#with(views.permuted(this.#whole, axes, VIEW_RULES))
  }

  unsqueeze(axis: number): DeviceTensor {
    return this.#with(views.unsqueezed(this.#whole, axis, VIEW_RULES))
  }

  squeeze(axis: number): DeviceTensor {
    return this.#with(views.squeezed(this.#whole, axis, VIEW_RULES))
  }

  expand(shape: readonly number[]): DeviceTensor {
    return this.#with(views.expanded(this.#whole, shape, VIEW_RULES))
  }

  slice(axis: number, begin: number, end?: number, step = 1): DeviceTensor {
    return this.#with(views.sliced(this.#whole, axis, { begin, end, step }, VIEW_RULES))
  }

  reshape(shape: readonly number[]): DeviceTensor {
    return this.#with(reshaped(this.#whole, shape, VIEW_RULES))
  }

  bitcast(dtype: StorageType): DeviceTensor {
    return this.#with(recast(this.#whole, this.dtype, dtype, VIEW_RULES), dtype)
  }

  /** This tensor where its elements lie in order in memory; otherwise a copy, made on the GPU. */
  contiguous(): DeviceTensor {
    return this.view ? this.clone() : this
  }

  /** Gives the memory back; of a view, only the view ends. */
  dispose(): void {
    if (this.#disposedAt) return
    this.#disposedAt = disposalSite()
    if (!this.#source) this.stream.release(this.#storage)
  }

  [Symbol.dispose](): void {
    this.dispose()
  }

  /** "tensor #3 f32[4, 8]", for messages. */
  describe(): string {
    return `tensor #${this.id} ${this.dtype}[${this.shape.join(', ')}]`
  }

  /** The memory that this tensor is in under a view of it, as another dtype of the same bits if need be. */
  seenAs(view: ArgumentView, dtype: StorageType): DeviceTensor {
    return this.#with(view, dtype)
  }

  get #whole(): views.View {
    return this.view ?? views.wholeView(`tensor #${this.id}`, this.shape)
  }

  /** A view of the same memory. */
  #with(made: views.View, dtype: StorageType = this.dtype): DeviceTensor {
    const view = hostView(made)
    const of = { source: this.#source ?? this, view: views.isContiguous(view) ? undefined : view }
    return new DeviceTensor(view.shape, product(view.shape), dtype, this.stream, of)
  }

  #requireContiguous(what: string): void {
    if (!this.view) return
    throw new UsageError(`${what} to ${this.describe()}, whose elements do not lie in order in memory`, {
      location: callSite(),
      remedy: 'Write to the tensor that it is a view of, or in a kernel; .contiguous() makes a copy.',
    })
  }

  #useAfterDispose(disposedAt: () => SourceLocation | undefined): UsageError {
    const place = disposedAt()
    const where = place ? ` at ${formatLocation(place)}` : ''
    return new UsageError(`${this.describe()} was used after it had been disposed${where}`, {
      location: callSite(),
      remedy: 'Dispose a tensor after its last use, or leave it to the garbage collector.',
    })
  }
}

methodsTake(DeviceTensor.prototype, {
  data: 'stream?: stream',
  write: 'data',
  upload: 'values: object',
  copyFrom: 'source: tensor',
  clone: '',
  contiguous: '',
  dispose: '',
  ...VIEW_SIGNATURES,
})

const IN_KERNELS = WHOLE_NAMES.filter((name) => name !== 'clone')
for (const name of IN_KERNELS) {
  const value = function (this: DeviceTensor): never {
    throw new UsageError(`${this.describe()}.${name}(...) was called outside a kernel`, {
      location: callSite(),
      remedy: `Operations on tensors stand in kernels: kernel((x) => x.${name}(...)).`,
    })
  }
  Object.defineProperty(DeviceTensor.prototype, name, { value, configurable: true, writable: true })
}

areCaptured(DeviceTensor.prototype, ['at', 'T', ...VIEW_METHODS, ...WHOLE_NAMES])

areEntryPoints(DeviceTensor.prototype, [
  'at',
  'data',
  'write',
  'upload',
  'copyFrom',
  'clone',
  'contiguous',
  'dispose',
  'T',
  ...VIEW_METHODS,
  ...IN_KERNELS,
  Symbol.dispose,
])

function disposalSite(): () => SourceLocation | undefined {
  return disposals++ < TRACED_DISPOSALS ? lazyCallSite() : unknownPlace
}

const unknownPlace = (): undefined => undefined
