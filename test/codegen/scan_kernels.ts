/** Kernels that scan, in all the ways in which workgroups can share that out, with arguments. */
import { hl, type Tensor } from '../../src/language/index.ts'
import type { KernelFunction } from '../../src/language/trace/trace_kernel.ts'
import { whole } from '../gpu/inputs.ts'
import type { HostArgument } from '../language/harness.ts'

/** How far sums in another order may be apart. */
export const CLOSE = { abs: 1e-3, rel: 1e-4 }

export function input(...shape: readonly number[]): HostArgument {
  return { ...whole(shape), dynamic: undefined }
}

export const flat = (x: Tensor): Tensor => x.cumsum(0)
export const columns = (x: Tensor): Tensor => x.cumsum(0)

/** What is made of elements before and after. */
export function rows(x: Tensor, y: Tensor): Tensor {
  const out = hl.emptyLike(x)
  for (const row of hl.tile(x.shape[0])) {
    const v = x.at(row, ':').mul(y.at(row, 0).unsqueeze(1))
    out.at(row, ':').set(v.cumsum(1).add(x.at(row, ':')))
  }
  return out
}

/** From the end, and products beside sums. */
export function several(x: Tensor): { readonly sums: Tensor; readonly products: Tensor } {
  const [sums, products] = [hl.emptyLike(x), hl.emptyLike(x)]
  for (const row of hl.tile(x.shape[0])) {
    const v = x.at(row, ':')
    sums.at(row, ':').set(v.cumsum(1, { reverse: true }))
    products.at(row, ':').set(hl.where(v.gt(0), 1, -1).to('f32').cumprod(1, { reverse: true }))
  }
  return { sums, products }
}

/** What came before is carried by the author, and begins with something. */
export function carried(x: Tensor, y: Tensor): Tensor {
  const [m, n] = x.shape
  const out = hl.emptyLike(x)
  for (const row of hl.tile(m)) {
    const before = y.at(row, 0).mul(2).clone()
    const most = hl.full([row], -3)
    for (const t of hl.tile(n)) {
      const values = x.at(row, t)
      // Nothing, if tiles are numbered through.
      const nothing = t.id.mul(t.blockSize).sub(t.begin).to('f32')
      out.at(row, t).set(values.cumsum(1).add(before.unsqueeze(1)).add(nothing))
      before.addAssign(values.sum(1))
      most.maximumAssign(values.amax(1))
    }
  }
  return out
}

export const SCANS: readonly (readonly [string, KernelFunction, readonly HostArgument[]])[] = [
  ['one dimension', flat, [input(203)]],
  ['columns', columns, [input(50, 9)]],
  ['rows', rows, [input(5, 77), input(5, 1)]],
  ['from the end', several, [input(3, 60)]],
  ['sums that the author carries', carried, [input(5, 67), input(5, 1)]],
  ['one position', flat, [input(1)]],
  ['nothing', flat, [input(0)]],
]
