/**
 * The symbolic tensor that a kernel function sees while it is traced: an argument, one the kernel allocates,
 * or a view of either.
 */
import type { TensorInfo } from '../../ir/kernel_ir.ts'
import { sameSize } from '../../ir/size.ts'
import { areEntryPoints, callSite } from '../../support/call_site.ts'
import { AuthorError } from '../../support/errors.ts'
import { methodsTake } from '../../support/signature.ts'
import type { StorageType } from '../../support/storage_types.ts'
import { recast } from '../tensors/bitcast.ts'
import { dimOperation, toDim, toSize } from '../tensors/dim.ts'
import { at, type Place } from '../tensors/indexing.ts'
import { reshaped } from '../tensors/reshape.ts'
import type { Dim, IndexTerm, Shape, Tensor } from '../tensors/tensor.ts'
import * as views from '../tensors/tensor_view.ts'
import { VIEW_METHODS, VIEW_SIGNATURES } from '../tensors/view_methods.ts'
import { WholeBase } from '../tensors/whole_methods.ts'
import type { Ref } from '../values/value.ts'
import { tracing } from './trace.ts'

export class TracedTensor extends WholeBase implements Tensor {
  /** The tensor whose memory this is. */
  readonly info: TensorInfo
  readonly view: views.View
  readonly shape: Shape
  readonly dtype: StorageType

  constructor(
    info: TensorInfo,
    view: views.View = views.wholeView(info.name, info.shape),
    dtype: StorageType = info.dtype,
  ) {
    super()
    this.info = info
    this.view = view
    this.dtype = dtype
    this.shape = Object.freeze(view.shape.map(toDim)) as readonly Dim[] as Shape
  }

  get ndim(): number {
    return this.shape.length
  }

  numel(): Dim {
    return this.shape.reduce((count, size) => dimOperation('mul', count, size), 1)
  }

  at(...index: IndexTerm[]): Ref {
    return at(this.#place(), index)
  }

  get T(): TracedTensor {
    return this.#with(views.flipped(this.view, RULES))
  }

  transpose(a = -2, b = -1): TracedTensor {
    return this.#with(views.transposed(this.view, a, b, RULES))
  }

  permute(...axes: number[]): TracedTensor {
    return this.#with(views.permuted(this.view, axes, RULES))
  }

  unsqueeze(axis: number): TracedTensor {
    return this.#with(views.unsqueezed(this.view, axis, RULES))
  }

  squeeze(axis: number): TracedTensor {
    return this.#with(views.squeezed(this.view, axis, RULES))
  }

  expand(shape: readonly number[]): TracedTensor {
    return this.#with(views.expanded(this.view, shape, RULES))
  }

  slice(axis: number, begin: number, end?: number, step = 1): TracedTensor {
    return this.#with(views.sliced(this.view, axis, { begin, end, step }, RULES))
  }

  reshape(shape: readonly number[]): TracedTensor {
    return this.#with(reshaped(this.view, shape, RULES))
  }

  bitcast(dtype: StorageType): TracedTensor {
    return new TracedTensor(this.info, recast(this.view, this.dtype, dtype, RULES), dtype)
  }

  contiguous(): never {
    throw outsideOnly(this, 'contiguous()')
  }

  data(): never {
    throw outsideOnly(this, 'data()')
  }

  dispose(): never {
    throw outsideOnly(this, 'dispose()')
  }

  [Symbol.dispose](): never {
    throw outsideOnly(this, 'using')
  }

  [Symbol.toPrimitive](): never {
    throw new AuthorError(`the tensor ${this.view.name} cannot be used as a plain value`, {
      location: callSite(),
      remedy: 'Read elements with .at(…) inside a loop over tiles.',
    })
  }

  #with(view: views.View): TracedTensor {
    return new TracedTensor(this.info, view, this.dtype)
  }

  /** What loads and stores name: the tensor, or its memory under the shape of the view's base. */
  #place(): Place {
    const { info, view, dtype } = this
    const { id, name, shape } = info
    tracing('at').made?.need(id)
    const isOwn =
      dtype === info.dtype &&
      view.base.length === shape.length &&
      view.base.every((size, i) => sameSize(size, shape[i] ?? 0))
    const tensor = isOwn ? id : tracing('at').view({ name, dtype, shape: view.base, tensor: id })
    return { tensor, dtype, view }
  }
}

/** Conditions on sizes are checked now or at the launch. */
const RULES: views.ViewRules = {
  size: toSize,
  require: (relation, left, right, reason) => tracing('a view').guard(relation, left, right, reason),
  fail(what, remedy) {
    throw new AuthorError(what, { location: callSite(), remedy })
  },
}

methodsTake(TracedTensor.prototype, { ...VIEW_SIGNATURES, contiguous: '', numel: '' }, AuthorError)
areEntryPoints(TracedTensor.prototype, [...VIEW_METHODS, 'T', 'contiguous', 'numel'])

areEntryPoints(TracedTensor.prototype, ['at'], 'noted')
areEntryPoints(TracedTensor.prototype, ['data', 'dispose', Symbol.dispose, Symbol.toPrimitive])

function outsideOnly(tensor: TracedTensor, what: string): AuthorError {
  return new AuthorError(`${what} on ${tensor.view.name} inside a kernel function`, {
    location: callSite(),
    remedy: 'A kernel only describes work; read results from the tensors that calling it returns.',
  })
}
