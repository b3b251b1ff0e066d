/** Products of integers of 8 bits, whichever way their operands lie. */
import { hl } from '../../src/language/hl.ts'
import type { Tensor } from '../../src/language/tensors/tensor.ts'
import { product } from '../../src/support/maths.ts'
import type { HostArgument } from '../language/harness.ts'

export type Sides = Readonly<Record<'left' | 'right', 'plain' | 'transposed'>>

/** `x · w`, each of them as it is or as its transpose lies in memory; sums in 32 bits. */
export function productOf({ left, right }: Sides, sums: 'i32' | 'u32') {
  return (x: Tensor, w: Tensor): Tensor => {
    const [m, k] = left === 'plain' ? x.shape : [x.shape[1], x.shape[0]]
    const n = w.shape[right === 'plain' ? 1 : 0]
    const out = hl.empty([m, n], sums)
    for (const [tm, tn] of hl.tile([m, n])) {
      const acc = hl.zeros([tm, tn], sums)
      for (const tk of hl.tile(k)) {
        const a = left === 'plain' ? x.at(tm, tk) : x.at(tk, tm).transpose()
        acc.addDot(a, right === 'plain' ? w.at(tk, tn) : w.at(tn, tk).transpose())
      }
      out.at(tm, tn).set(acc)
    }
    return out
  }
}

/** All values of the type, the least and the largest of them in one product. */
export function bytes(shape: readonly number[], dtype: 'i8' | 'u8'): HostArgument {
  const least = dtype === 'i8' ? -128 : 0
  const data = Array.from({ length: product(shape) }, (_, i) => (i < 32 ? least : ((i * 89) % 256) + least))
  return { shape, dtype, data, dynamic: undefined }
}

export const shapesOf = (
  { left, right }: Sides,
  m: number,
  k: number,
  n: number,
): readonly [number[], number[]] => [left === 'plain' ? [m, k] : [k, m], right === 'plain' ? [k, n] : [n, k]]

export const SIDES: readonly Sides[] = [
  { left: 'plain', right: 'plain' },
  { left: 'plain', right: 'transposed' },
  { left: 'transposed', right: 'plain' },
  { left: 'transposed', right: 'transposed' },
]
