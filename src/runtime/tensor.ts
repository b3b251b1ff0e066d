/**
 * Tensors in GPU memory: what callers pass to kernels and get back. Making one costs no GPU call and needs no
 * device yet; memory is taken when something in stream order writes or reads it. It goes back to the pool
 * with `dispose()`, a `using` declaration, or when the tensor is garbage-collected.
 */
import type { IndexTerm, Shape, Tensor } from '../language/tensor.ts'
import type { Ref } from '../language/value.ts'
import { areEntryPoints, callSite, lazyCallSite } from '../support/call_site.ts'
import { DTYPES, type DType, type HostArray } from '../support/dtypes.ts'
import { formatLocation, type SourceLocation, UsageError } from '../support/errors.ts'
import { product } from '../support/maths.ts'
import { methodsTake } from '../support/signature.ts'
import { defaultStream } from './default_device.ts'
import { checkShape, decodeBytes, encodeValues, type HostData, parseHostData } from './host_data.ts'
import { Storage } from './storage.ts'
import type { Stream } from './stream.ts'

let count = 0
/** A program that disposes of so many tensors does so in a loop that works: finding its line costs more. */
const TRACED_DISPOSALS = 10_000
let disposals = 0

export class DeviceTensor implements Tensor {
  readonly dtype: DType
  readonly shape: Shape
  readonly ndim: number
  /** Number of elements. */
  readonly size: number
  readonly stream: Stream
  /** Tells tensors apart in messages. */
  readonly id: number
  readonly #storage: Storage
  #disposedAt: (() => SourceLocation | undefined) | undefined

  private constructor(shape: readonly number[], size: number, dtype: DType, stream: Stream) {
    this.dtype = dtype
    this.shape = shape as Shape
    this.ndim = shape.length
    this.size = size
    this.stream = stream
    this.id = ++count
    this.#storage = new Storage(size * DTYPES[dtype].bytes, dtype)
  }

  /**
   * A tensor with undefined contents. Throws UsageError for shapes and dtypes that the device cannot hold.
   */
  static allocate(shape: readonly number[], dtype: DType, stream: Stream = defaultStream()): DeviceTensor {
    const size = product(checkShape(shape))
    stream.device?.pool.check(size * DTYPES[dtype].bytes, dtype)
    return new DeviceTensor(shape, size, dtype, stream)
  }

  /** The memory, for launches. Throws UsageError after `dispose()`. */
  get storage(): Storage {
    if (this.#disposedAt) throw this.#useAfterDispose(this.#disposedAt)
    return this.#storage
  }

  get disposed(): boolean {
    return this.#disposedAt !== undefined
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
    return decodeBytes(bytes, this.dtype)
  }

  /** Overwrites all elements, in stream order. Returns the tensor. */
  write(data: HostData): this {
    const { values } = parseHostData(data, { shape: this.shape })
    return this.upload(values)
  }

  /** Overwrites all elements from flat values, as many as there are elements. Returns the tensor. */
  upload(values: ArrayLike<number>): this {
    const { stream } = this
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
    this.stream.copy(source.storage, this.storage, lazyCallSite())
    return this
  }

  /** A copy in memory of its own. */
  clone(): DeviceTensor {
    return DeviceTensor.allocate(this.shape, this.dtype, this.stream).copyFrom(this)
  }

  dispose(): void {
    if (this.#disposedAt) return
    this.#disposedAt = disposalSite()
    this.stream.release(this.#storage)
  }

  [Symbol.dispose](): void {
    this.dispose()
  }

  /** "tensor #3 f32[4, 8]", for messages. */
  describe(): string {
    return `tensor #${this.id} ${this.dtype}[${this.shape.join(', ')}]`
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
  dispose: '',
})

areEntryPoints(DeviceTensor.prototype, [
  'at',
  'data',
  'write',
  'upload',
  'copyFrom',
  'clone',
  'dispose',
  Symbol.dispose,
])

function disposalSite(): () => SourceLocation | undefined {
  return disposals++ < TRACED_DISPOSALS ? lazyCallSite() : unknownPlace
}

const unknownPlace = (): undefined => undefined
