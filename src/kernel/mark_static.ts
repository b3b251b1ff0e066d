/** Marks that make dimensions of a tensor constants of the kernels it is passed to. */
import { DeviceTensor } from '../runtime/tensor/tensor.ts'
import { callSite, entryPoint } from '../support/call_site.ts'
import { UsageError } from '../support/errors.ts'
import { takes } from '../support/signature.ts'

const MARKS = new WeakMap<object, ReadonlySet<number>>()

/**
 * Makes dimensions of this tensor (all of them by default; negative ones count from the end) constants of
 * every specialisation it takes part in: faster code, one compilation per size. Returns the tensor.
 */
export const markStatic: <T extends object>(tensor: T, dims?: number | readonly number[]) => T = entryPoint(
  takes('markStatic', 'tensor, dims?', (tensor, dims) => {
    if (!(tensor instanceof DeviceTensor))
      throw new UsageError('markStatic needs a tensor', { location: callSite() })
    const wanted =
      dims === undefined ? tensor.shape.map((_, i) => i) : typeof dims === 'number' ? [dims] : dims
    const marked = new Set(staticDims(tensor))
    for (const dim of wanted) {
      const at = dim < 0 ? dim + tensor.ndim : dim
      if (!Number.isInteger(at) || at < 0 || at >= tensor.ndim) {
        throw new UsageError(`markStatic of dimension ${dim} of a tensor with ${tensor.ndim} dimensions`, {
          location: callSite(),
        })
      }
      marked.add(at)
    }
    MARKS.set(tensor, marked)
    return tensor
  }),
)

/** The dimensions marked so far. */
export function staticDims(tensor: object): ReadonlySet<number> {
  return MARKS.get(tensor) ?? NONE
}

const NONE: ReadonlySet<number> = new Set()
