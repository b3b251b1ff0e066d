/** Small kernels for tests of the kernel layer, and a way to hear what goes to stderr. */
import { hl, type Kernel, type KernelOptions, kernel, type Tensor } from '../../src/index.ts'

export type Unary = (x: Tensor) => Tensor

/** x + 1 under the default config, unless other options are given. */
export function plusOne(options: KernelOptions<Unary> = { config: {} }): Kernel<Unary> {
  return kernel(options, function plus_one(x: Tensor) {
    const out = hl.emptyLike(x)
    for (const t of hl.tile(x.shape[0])) out.at(t).set(x.at(t).add(1))
    return out
  })
}

/** Matches the message of an error: what happened, then a place in `file`, then how the remedy begins. */
export function located(file: string, what: string, remedy?: string): RegExp {
  const plain = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
  const place = `\\n  at .*/${plain(file)}:\\d+:\\d+`
  return new RegExp(`^${plain(what)}${place}${remedy === undefined ? '$' : `\\n  ${plain(remedy)}`}`)
}
