/** A tensor's memory under another dtype: the same bits, which may be fewer or more elements. */
import { printSize, sizeOp } from '../../ir/size.ts'
import { isStorageType, STORAGE, STORAGE_TYPES, type StorageType } from '../../support/storage_types.ts'
import { isWhole, type View, type ViewRules } from './tensor_view.ts'

/**
 * The view with elements of another dtype. Where they are smaller or larger, the dimension that lies together
 * in memory has more or fewer of them.
 */
export function recast(view: View, from: StorageType, to: StorageType, rules: ViewRules): View {
  const name = `${view.name}.bitcast('${to}')`
  if (!isStorageType(to)) rules.fail(`${name} to what is no dtype`, `Known are ${STORAGE_TYPES}.`)
  const [have, want] = [STORAGE[from], STORAGE[to]]
  if (have.category === 'bool' || want.category === 'bool')
    rules.fail(
      `${name} of a tensor of ${from}`,
      'A bool is no number: convert it with .to(dtype) in a kernel.',
    )
  if (have.bits === want.bits) return { ...view, name }
  const last = view.base.length - 1
  const { dim } = view.dims[last] ?? {}
  if (dim === undefined || !isWhole(view, last))
    rules.fail(
      `${name} of elements of ${have.bits} bits, which do not lie together in memory`,
      'Its last dimension must be whole; .contiguous() makes a copy where it is.',
    )
  const size = view.base[last] ?? 1
  const perElement = Math.max(1, want.bits / have.bits)
  if (perElement > 1)
    rules.require(
      'eq',
      sizeOp('mod', size, perElement),
      0,
      `${name} makes one element of ${perElement}, and ${printSize(size)} positions are no multiple of that`,
    )
  const recasted =
    perElement > 1 ? sizeOp('floordiv', size, perElement) : sizeOp('mul', size, have.bits / want.bits)
  return {
    ...view,
    name,
    shape: view.shape.map((old, at) => (at === dim ? recasted : old)),
    base: view.base.map((old, at) => (at === last ? recasted : old)),
  }
}
