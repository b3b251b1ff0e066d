/**
 * The default config of every kernel can be built on every device, whatever the sizes: on the limits of a
 * large GPU, two software adapters, the least that WebGPU allows, and a phone.
 */
import { describe, expect, it } from 'vitest'
import type { DeviceLimits } from '../../src/codegen/program.ts'
import { ConfigSpec } from '../../src/config/config_spec.ts'
import type { ConfigSpecInput } from '../../src/config/spec_input.ts'
import type { ConfigData } from '../../src/config/value.ts'
import { hl, type Tensor } from '../../src/language/index.ts'
import type { KernelFunction } from '../../src/language/trace/trace_kernel.ts'
import type { DType } from '../../src/support/dtypes.ts'
import { errorMessage } from '../../src/support/errors.ts'
import { Random } from '../../src/support/random.ts'
import * as kernels from '../gpu/kernels.ts'
import type { Argument } from '../language/harness.ts'
import { attentionOfHeads, bmm } from './batched_kernels.ts'
import { Compiled, refusalOf } from './compiling.ts'
import { DEVICES } from './devices.ts'

/** A tensor of which only the shape matters. */
function shaped(shape: readonly number[], dtype: DType = 'f32'): Argument {
  return { shape, dtype, dynamic: undefined, data: [] }
}

/** A product whose operands are whole rows and columns. */
function wholeProduct(x: Tensor, y: Tensor): Tensor {
  const out = hl.empty([x.shape[0], y.shape[1]], x.dtype)
  for (const [tm, tn] of hl.tile([x.shape[0], y.shape[1]]))
    out.at(tm, tn).set(x.at(tm, ':').dot(y.at(':', tn)))
  return out
}

/** A product of blocks with a whole matrix. */
function wholeMatrix(x: Tensor, y: Tensor): Tensor {
  const out = hl.empty([x.shape[0], y.shape[1]], x.dtype)
  for (const tm of hl.tile(x.shape[0])) out.at(tm, ':').set(x.at(tm, ':').dot(y.at(':', ':')))
  return out
}

/** The width of a tile's rows is its own range, so that nothing can be streamed. */
function twoProducts(x: Tensor, a: Tensor, b: Tensor): Tensor {
  const out = hl.empty([x.shape[0], b.shape[1]], x.dtype)
  for (const [tm, tn] of hl.tile([x.shape[0], b.shape[1]])) {
    const hidden = x.at(tm, ':').dot(a.at(':', ':')).relu()
    out.at(tm, tn).set(hidden.to(x.dtype).dot(b.at(':', tn)))
  }
  return out
}

type Args = readonly Argument[]
type Kernel = readonly [name: string, fn: KernelFunction, sizes: readonly Args[]]

const LENGTHS = [1, 2, 31, 1000, 65_536, 2 ** 22]
const WIDTHS = [1, 3, 64, 1000, 4096, 16_384, 100_003]
const DTYPES: readonly DType[] = ['f32', 'f16']

const lists = LENGTHS.flatMap((n) => [[shaped([n]), shaped([n])]])
const rows = WIDTHS.map((n, i) => shaped([[1, 33, 8192][i % 3] ?? 1, n]))
const widthOf = (x: Argument): number => (x as { shape: readonly number[] }).shape[1] ?? 1

const products = [
  [1, 1, 1],
  [7, 5, 3],
  [64, 64, 64],
  [16, 4096, 4096],
  [1000, 1000, 1000],
  [4096, 8, 4096],
  [8192, 8192, 8192],
].flatMap(([m = 1, n = 1, k = 1]) => DTYPES.map((dtype) => [m, n, k, dtype] as const))

const matrices = [8, 64, 1000].map((d) => [d, d, d, 'f16'] as const)

const heads = [16, 32, 64, 80, 128, 256].flatMap((d) => [1, 17, 4096].map((n) => [n, d] as const))

const flat = [1, 1000, 2 ** 20 + 1, 2 ** 27, 2 ** 29].map((n) => [shaped([n])])

const KERNELS: readonly Kernel[] = [
  ['a whole cumsum', (x: Tensor) => x.cumsum(0), flat],
  ['a whole sum', (x: Tensor) => x.sum(0), flat],
  ['vectorAdd', kernels.vectorAdd, lists],
  ['softmax', kernels.softmax, rows.map((x) => [x])],
  [
    'layerNorm',
    kernels.layerNorm as KernelFunction,
    rows.map((x) => [x, shaped([widthOf(x)]), shaped([widthOf(x)]), 1e-5]),
  ],
  ['argmaxRows', kernels.argmaxRows, rows.map((x) => [x])],
  ['centred', kernels.centred, rows.map((x) => [x])],
  ['transpose', kernels.transpose, rows.map((x) => [x])],
  ['columnSums', kernels.columnSums, rows.map((x) => [x])],
  ['biasAdd', kernels.biasAdd, rows.map((x) => [x, shaped([widthOf(x)])])],
  ['matmul', kernels.matmul, products.map(([m, n, k, t]) => [shaped([m, k], t), shaped([k, n], t)])],
  ['bmm', bmm, matrices.map(([m, n, k, t]) => [shaped([48, m, k], t), shaped([48, k, n], t)])],
  [
    'attentionOfHeads',
    attentionOfHeads,
    [64, 128].map((d) => [shaped([12, 4096, d]), shaped([12, 4096, d]), shaped([12, 4096, d])]),
  ],
  [
    'linearRelu',
    kernels.linearRelu,
    products.map(([m, n, k, t]) => [shaped([m, k], t), shaped([n, k], t), shaped([n], t)]),
  ],
  ['attention', kernels.attention, heads.map(([n, d]) => [shaped([n, d]), shaped([n, d]), shaped([n, d])])],
  [
    'attention in f16',
    kernels.attention,
    heads.map(([n, d]) => [shaped([n, d], 'f16'), shaped([n, d], 'f16'), shaped([n, d], 'f16')]),
  ],
  [
    'jaggedAttention',
    kernels.jaggedAttention,
    heads.map(([n, d]) => [shaped([n, d]), shaped([n, d]), shaped([n, d]), shaped([5], 'i32')]),
  ],
  ['jaggedSoftmax', kernels.jaggedSoftmax, rows.map((x) => [x, shaped([9], 'i32')])],
  ['jaggedLayerNorm', kernels.jaggedLayerNorm, rows.map((x) => [x, shaped([9], 'i32')])],
  ['wholeProduct', wholeProduct, products.map(([m, n, k, t]) => [shaped([m, k], t), shaped([k, n], t)])],
  [
    'wholeMatrix',
    wholeMatrix,
    [16, 64, 128].flatMap((d) => [1, 100, 4096].map((m) => [shaped([m, d]), shaped([d, d])])),
  ],
  [
    'twoProducts',
    twoProducts,
    [16, 64].flatMap((d) => [1, 100, 4096].map((m) => [shaped([m, d]), shaped([d, d]), shaped([d, m])])),
  ],
]

/** They hold rows, or whole matrices, of any length: where these do not fit, nothing does. */
const MAY_BE_TOO_LARGE: ReadonlySet<KernelFunction> = new Set([kernels.argmaxRows, wholeMatrix, twoProducts])

/** Shapes of these arguments, for messages. */
function describeArgs(args: Args): string {
  return args
    .map((arg) => (typeof arg === 'object' && 'shape' in arg ? `[${String(arg.shape)}]` : String(arg)))
    .join(' ')
}

/** Random configs of the space that the compiler takes. */
function buildable({ input, kernel, limits }: Compiled): readonly string[] {
  const random = new Random(7)
  const { slots, normalize } = spaceOf(input)
  const drawn = Array.from({ length: 40 }, () =>
    normalize(Object.fromEntries(slots.map(({ field, fragment }) => [field, fragment.random(random)]))),
  )
  return drawn.filter((config) => !refusalOf(kernel, config, limits)).map(String)
}

/** Without the compiler's say: a spec that is asked for its slots has to have a default. */
function spaceOf(input: ConfigSpecInput) {
  const spec = new ConfigSpec(input)
  return { slots: spec.slots, normalize: (data: ConfigData) => spec.normalize(data, 'repair') }
}

const TOO_LARGE = /^no config of this kernel can be built here: with tiles of one element, .*hl\.tile/s

/** What is wrong with the default for these arguments, if anything. */
function problem(fn: KernelFunction, args: Args, limits: Partial<DeviceLimits>, dynamic: boolean): string[] {
  const compiled = new Compiled(fn, args, { ...limits, dynamic })
  try {
    // Found by building it.
    compiled.spec.defaultConfig()
    return []
  } catch (error) {
    const others =
      MAY_BE_TOO_LARGE.has(fn) && TOO_LARGE.test(errorMessage(error)) ? buildable(compiled) : ['?']
    const what = `${describeArgs(args)}${dynamic ? ' dynamic' : ''}: ${errorMessage(error)}`
    return others.map((config) => `${what}; but ${config}`)
  }
}

describe.each(KERNELS)('the default config of %s', (_name, fn, sizes) => {
  it.each(Object.entries(DEVICES))('can be built on %s', (_device, limits) => {
    const problems = sizes.flatMap((args) =>
      [false, true].flatMap((dynamic) => problem(fn, args, limits, dynamic)),
    )
    expect(problems).toEqual([])
  })
})

it('the default config of long rows leaves each core of a processor some, however few rows there are', () => {
  const standard = (m: number) => {
    const { data } = new Compiled(kernels.softmax, [shaped([m, 8000])], DEVICES.lavapipe).spec.defaultConfig()
    return [data.block_sizes, data.reduction_loops, data.num_warps]
  }
  expect(standard(16)).toEqual([[8], [16], 1])
  expect(standard(128)).toEqual([[32], [16], 1])
  expect(standard(4096)).toEqual([[64], [16], 1])
})
