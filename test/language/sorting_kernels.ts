/** Kernels that sort. */
import { hl, type Tensor } from '../../src/language/index.ts'

/** The values along an axis in order, and where they stood. */
export function sorted(axis: 0 | 1, descending: boolean) {
  return (x: Tensor): [Tensor, Tensor] => {
    const values = hl.emptyLike(x)
    const indices = hl.emptyLike(x, 'i32')
    for (const t of hl.tile(x.shape[1 - axis] ?? 0)) {
      const at = axis === 1 ? ([t, ':'] as const) : ([':', t] as const)
      const found = x.at(...at).sort(axis, { descending })
      values.at(...at).set(found.values)
      indices.at(...at).set(found.indices)
    }
    return [values, indices]
  }
}

/** The largest of each row, and where they stood. */
export function largest(count: number, options: { readonly largest?: boolean } = {}) {
  return (x: Tensor): [Tensor, Tensor] => {
    const [m] = x.shape
    const values = hl.empty([m, count], x.dtype)
    const indices = hl.empty([m, count], 'i32')
    for (const t of hl.tile(m)) {
      const found = x.at(t, ':').topk(count, 1, options)
      values.at(t, ':').set(found.values)
      indices.at(t, ':').set(found.indices)
    }
    return [values, indices]
  }
}
