/**
 * The symbolic tensor that a kernel function sees while it is traced: an argument, or one the kernel
 * allocates.
 */
import type { TensorInfo } from '../ir/kernel_ir.ts'
import { areEntryPoints, callSite } from '../support/call_site.ts'
import type { DType } from '../support/dtypes.ts'
import { AuthorError } from '../support/errors.ts'
import { toDim } from './dim.ts'
import { at } from './indexing.ts'
import type { Dim, IndexTerm, Shape, Tensor } from './tensor.ts'
import type { Ref } from './value.ts'

export class TracedTensor implements Tensor {
  readonly info: TensorInfo
  readonly shape: Shape

  constructor(info: TensorInfo) {
    this.info = info
    this.shape = Object.freeze(info.shape.map(toDim)) as readonly Dim[] as Shape
  }

  get dtype(): DType {
    return this.info.dtype
  }

  get ndim(): number {
    return this.shape.length
  }

  at(...index: IndexTerm[]): Ref {
    return at(this.info, index)
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
    throw new AuthorError(`the tensor ${this.info.name} cannot be used as a plain value`, {
      location: callSite(),
      remedy: 'Read elements with .at(…) inside a loop over tiles.',
    })
  }
}

areEntryPoints(TracedTensor.prototype, ['at'], 'noted')
areEntryPoints(TracedTensor.prototype, ['data', 'dispose', Symbol.dispose, Symbol.toPrimitive])

function outsideOnly(tensor: TracedTensor, what: string): AuthorError {
  return new AuthorError(`${what} on ${tensor.info.name} inside a kernel function`, {
    location: callSite(),
    remedy: 'A kernel only describes work; read results from the tensors that calling it returns.',
  })
}
