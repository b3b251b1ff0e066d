/**
 * Views outside of kernels: their sizes are numbers, and their elements can be brought into order, on the
 * host or by a small kernel.
 */

import type { View, ViewRules } from '../../language/tensors/tensor_view.ts'
import type { ArgumentView } from '../../language/trace/arguments.ts'
import { callSite } from '../../support/call_site.ts'
import type { HostArray } from '../../support/dtypes.ts'
import { UsageError } from '../../support/errors.ts'
import { cdiv, product } from '../../support/maths.ts'
import { perWord, type StorageType } from '../../support/storage_types.ts'
import { foldGrid, type Launch } from '../commands/launch.ts'
import type { Device } from '../device.ts'
import type { Storage } from '../memory/storage.ts'

const WORKGROUP = 256

/** Every condition on sizes is checked at once. */
export const VIEW_RULES: ViewRules = {
  size(value, what) {
    if (Number.isSafeInteger(value)) return value
    throw new UsageError(`${what} needs whole numbers, not ${String(value)}`, {
      location: callSite(),
      remedy: 'Sizes and positions are whole numbers.',
    })
  },
  require(relation, left, right, reason) {
    if (relation === 'eq' ? left === right : Number(left) <= Number(right)) return
    throw new UsageError(`${reason}: ${left} is not ${relation === 'eq' ? 'equal to' : 'at most'} ${right}`, {
      location: callSite(),
      remedy: 'Check the shape of the tensor.',
    })
  },
  fail(what, remedy) {
    throw new UsageError(what, { location: callSite(), remedy })
  },
}

/** The view, made of numbers by VIEW_RULES. */
export function hostView(view: View): ArgumentView {
  return {
    name: view.name,
    shape: view.shape.map(Number),
    base: view.base.map(Number),
    dims: view.dims.map((dim) => ({ ...dim, offset: Number(dim.offset) })),
  }
}

/** The view's shape, then the sizes of the base, then the offsets. */
export function sizesOf({ shape, base, dims }: ArgumentView): readonly number[] {
  return [...shape, ...base, ...dims.map(({ offset }) => offset)]
}

/** The elements of a view in order. */
export function gathered(values: HostArray, view: ArgumentView): HostArray {
  const { shape } = view
  const { strides, offset } = stridesOf(view)
  const found = new (values.constructor as new (length: number) => HostArray)(product(shape))
  const at = shape.map(() => 0)
  let position = offset
  for (let i = 0; i < found.length; i++) {
    found[i] = values[position] ?? 0
    for (let dim = shape.length - 1; dim >= 0; dim--) {
      position += strides[dim] ?? 0
      at[dim] = (at[dim] ?? 0) + 1
      if ((at[dim] ?? 0) < (shape[dim] ?? 0)) break
      position -= (at[dim] ?? 0) * (strides[dim] ?? 0)
      at[dim] = 0
    }
  }
  return found
}

/** A launch that copies the elements of a view to memory of their own, in order. */
export async function copyLaunch(
  device: Device,
  {
    source,
    target,
    dtype,
  }: { readonly source: Storage; readonly target: Storage; readonly dtype: StorageType },
  view: ArgumentView,
): Promise<Launch> {
  const { maxImmediateBytes, maxWorkgroupsPerDimension } = device.limits
  const { strides, offset } = stridesOf(view)
  const count = product(view.shape)
  const words = Uint32Array.of(count, offset, ...view.shape, ...strides)
  const wordsIn = words.byteLength <= maxImmediateBytes ? 'immediate' : 'uniform'
  const pipeline = await device.pipelines.get({
    label: 'contiguous',
    wgsl: wgslOf(view.shape.length, perWord(dtype), wordsIn),
    bindings: [{ access: 'read' }, { access: 'read_write' }],
    words: { length: words.length },
    wordsIn,
  })
  const grid = foldGrid(cdiv(target.bytes, 4 * WORKGROUP), maxWorkgroupsPerDimension)
  return { pipeline, storages: [source, target], words, grid }
}

/** Distance in elements between neighbours of each dimension of the view, and where its first element is. */
function stridesOf({ shape, base, dims }: ArgumentView): {
  readonly strides: readonly number[]
  readonly offset: number
} {
  const strides = shape.map(() => 0)
  let [offset, distance] = [0, 1]
  for (let at = base.length - 1; at >= 0; at--) {
    const { dim, offset: begin, step } = dims[at] ?? { dim: undefined, offset: 0, step: 1 }
    offset += begin * distance
    if (dim !== undefined) strides[dim] = step * distance
    distance *= base[at] ?? 1
  }
  return { strides, offset }
}

/** Every invocation makes one word of the target, of as many elements as are in one. */
function wgslOf(rank: number, inOne: number, wordsIn: 'immediate' | 'uniform'): string {
  const fields = [...Array(rank).keys()]
  const names = ['count', 'offset', ...fields.map((i) => `size${i}`), ...fields.map((i) => `stride${i}`)]
  const steps = [...fields]
    .reverse()
    .flatMap((i) => [
      `  position += rest % launch.size${i} * launch.stride${i};`,
      `  rest /= launch.size${i};`,
    ])
  const bits = 32 / inOne
  const parts = Array.from(
    { length: inOne },
    (_, part) => `  word |= code_at(${inOne}u * i + ${part}u) << ${bits * part}u;`,
  )
  return [
    ...(wordsIn === 'immediate' ? ['requires immediate_address_space;'] : []),
    `struct Launch { ${names.map((name) => `${name}: u32`).join(', ')} }`,
    '@group(0) @binding(0) var<storage, read> source: array<u32>;',
    '@group(0) @binding(1) var<storage, read_write> target_words: array<u32>;',
    wordsIn === 'immediate'
      ? 'var<immediate> launch: Launch;'
      : '@group(0) @binding(2) var<uniform> launch: Launch;',
    'fn position_of(i: u32) -> u32 {',
    '  var position = launch.offset;',
    '  var rest = min(i, launch.count - 1u);',
    ...steps,
    '  return position;',
    '}',
    ...(inOne === 1
      ? []
      : [
          'fn code_at(i: u32) -> u32 {',
          '  let at = position_of(i);',
          `  return (source[at / ${inOne}u] >> (${bits}u * (at % ${inOne}u))) & ${2 ** bits - 1}u;`,
          '}',
        ]),
    `@compute @workgroup_size(${WORKGROUP})`,
    'fn main(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) groups: vec3u,',
    '        @builtin(local_invocation_index) lane: u32) {',
    `  let i = (wg.y * groups.x + wg.x) * ${WORKGROUP}u + lane;`,
    ...(inOne === 1
      ? ['  if (i < launch.count) { target_words[i] = source[position_of(i)]; }']
      : [
          `  if (${inOne}u * i >= launch.count) { return; }`,
          '  var word = 0u;',
          ...parts,
          '  target_words[i] = word;',
        ]),
    '}',
  ].join('\n')
}
