/** The rows of marks.ts: kernels, sizes, and the microseconds that are wanted on an H200. */
import { type DType, hl, kernel, randn, type Tensor, type TileValue, tensor } from 'helion-aot'
import { conv2d } from '../examples/conv2d.ts'
import { int4Weights } from '../examples/int4_weights.ts'
import { sortRows } from '../examples/topk.ts'
import { SWEEP as ATTENTION } from '../pretuned_kernels/attention/attention.ts'
import { SWEEP as CUMSUM } from '../pretuned_kernels/cumsum/cumsum.ts'
import { SWEEP as DECODE } from '../pretuned_kernels/decode_attention/decode_attention.ts'
import { SWEEP as INT4 } from '../pretuned_kernels/int4_linear/int4_linear.ts'
import { SWEEP as LAYER_NORM } from '../pretuned_kernels/layer_norm/layer_norm.ts'
import { SWEEP as LINEAR } from '../pretuned_kernels/linear/linear.ts'
import { SWEEP as MATMUL } from '../pretuned_kernels/matmul/matmul.ts'
import { SWEEP as RMS_NORM } from '../pretuned_kernels/rms_norm/rms_norm.ts'
import { SWEEP as SOFTMAX } from '../pretuned_kernels/softmax/softmax.ts'
import type { Sizes, Sweep } from '../pretuned_kernels/sweep.ts'
import { columnSums } from '../test/gpu/kernels.ts'
import { halfSums } from '../test/gpu/matrix_kernels.ts'
import { codes } from './hand_configs.ts'

/** What a row needs of a sweep. */
type Work = Pick<Sweep, 'kernel' | 'makeArgs' | 'reference' | 'tolerance'>
type Numbers = ArrayLike<number>

export interface MarkedRow {
  readonly name: string
  readonly work: Work
  readonly sizes: Sizes
  readonly dtype: DType
  /** Microseconds. */
  readonly mark: number
}

const GROUP = 32
const TAPS = 3

/** The tanh form. */
function gelu(z: TileValue): TileValue {
  const inner = z.add(z.mul(z).mul(z).mul(0.044715)).mul(0.7978845608)
  return z.mul(inner.tanh().add(1)).mul(0.5)
}

const LINEAR_GELU: Work = {
  ...LINEAR,
  makeArgs: (sizes, dtype) => [...LINEAR.makeArgs(sizes, dtype).slice(0, 3), gelu],
  reference: (sizes, inputs, positions) =>
    LINEAR.reference(sizes, inputs, positions).map(
      (z) => z * 0.5 * (1 + Math.tanh(0.7978845608 * (z + 0.044715 * z ** 3))),
    ),
}

const HALF_SUMS: Work = { ...MATMUL, kernel: kernel(halfSums) as never }

/** Weights `[k, n]` of i4. Sizes are m, k, n. */
const INT4_COLUMNS: Work = {
  kernel: int4Weights,
  makeArgs: ([m = 0, k = 0, n = 0], dtype) => [
    randn([m, k], { dtype }),
    codes([k, n], 'i4', 16),
    randn([k / GROUP, n], { dtype }),
    GROUP,
  ],
  reference: ([, k = 0, n = 1], [x = [], w = [], scale = []], positions) =>
    positions.map((i) => {
      const [row, column] = [Math.floor(i / n), i % n]
      let sum = 0
      for (let l = 0; l < k; l++)
        sum +=
          (x[row * k + l] ?? 0) * (w[l * n + column] ?? 0) * (scale[Math.floor(l / GROUP) * n + column] ?? 0)
      return sum
    }),
  tolerance: 1e-4,
}

/** Images, their sides, channels, outputs; 3 x 3. */
const CONVOLUTION: Work = {
  kernel: conv2d,
  makeArgs: ([images = 0, size = 0, channels = 0, outputs = 0], dtype) => [
    randn([images, size, size, channels], { dtype }),
    randn([TAPS, TAPS, channels, outputs], { dtype }),
    1,
  ],
  reference: ([, size = 1, channels = 0, outputs = 1], [x = [], w = []], positions) =>
    positions.map((at) => {
      const [pixel, output] = [Math.floor(at / outputs), at % outputs]
      const [image, row, column] = [
        Math.floor(pixel / size / size),
        Math.floor(pixel / size) % size,
        pixel % size,
      ]
      let sum = 0
      for (let tap = 0; tap < TAPS * TAPS; tap++) {
        const [i, j] = [row + Math.floor(tap / TAPS) - 1, column + (tap % TAPS) - 1]
        if (i < 0 || j < 0 || i >= size || j >= size) continue
        const from = ((image * size + i) * size + j) * channels
        for (let c = 0; c < channels; c++)
          sum += (x[from + c] ?? 0) * (w[(tap * channels + c) * outputs + output] ?? 0)
      }
      return sum
    }),
  tolerance: 1e-4,
}

/** -1, 0 and 1: every sum of them is exact in whatever order. */
function steps(shape: readonly number[]): Tensor {
  const data = new Float32Array(shape.reduce((a, b) => a * b, 1))
  for (let i = 0, state = 12345; i < data.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    data[i] = ((state >>> 16) % 3) - 1
  }
  return tensor(data, { shape })
}

function total(x: Numbers, start: number, step: number, count: number): number {
  let sum = 0
  for (let i = 0; i < count; i++) sum += x[start + i * step] ?? 0
  return sum
}

const ROW_SUMS: Work = {
  kernel: kernel(function rowSums(x: Tensor) {
    const out = hl.empty([x.shape[0]], x.dtype)
    for (const t of hl.tile(x.shape[0])) out.at(t).set(x.at(t, ':').sum(1))
    return out
  }),
  makeArgs: (sizes) => [steps(sizes)],
  reference: ([, n = 0], [x = []], positions) => positions.map((i) => total(x, i * n, 1, n)),
  tolerance: 0,
}

const COLUMN_SUMS: Work = {
  ...ROW_SUMS,
  kernel: kernel(columnSums) as never,
  reference: ([m = 0, n = 0], [x = []], positions) => positions.map((i) => total(x, i, n, m)),
}

/** One scan over all. */
const FLAT_CUMSUM: Work = {
  kernel: kernel(function flatCumsum(x: Tensor) {
    return x.cumsum(0)
  }),
  makeArgs: (sizes) => [steps(sizes)],
  reference(_sizes, [x = []], positions) {
    const wanted = new Map<number, number>(positions.map((i) => [i, 0]))
    for (let i = 0, sum = 0; i < x.length; i++) {
      sum += x[i] ?? 0
      if (wanted.has(i)) wanted.set(i, sum)
    }
    return positions.map((i) => wanted.get(i) ?? Number.NaN)
  },
  tolerance: 0,
}

const SORTED_ROWS: Work = {
  kernel: sortRows,
  makeArgs: ([m = 0, n = 0]) => {
    const data = Uint32Array.from({ length: m * n }, (_, i) => Math.imul(i + 1, 2654435761) >>> 0)
    return [tensor(data, { shape: [m, n] })]
  },
  reference: ([, n = 1], [x = []], positions) =>
    positions.map((i) => {
      const from = i - (i % n)
      return Array.from({ length: n }, (_, j) => x[from + j] ?? 0).sort((a, b) => a - b)[i % n] ?? 0
    }),
  tolerance: 0,
}

/** `[name, work, dtype, sizes, mark, sizes on an adapter that is no GPU]`. */
type Line = readonly [string, Work, DType, Sizes, number, Sizes]

const LINES: readonly Line[] = [
  ['matmul', MATMUL, 'f16', [4096, 4096, 4096], 458, [64, 64, 64]],
  ['matmul, sums in f16', HALF_SUMS, 'f16', [4096, 4096, 4096], 429, [64, 64, 64]],
  ['linear, gelu', LINEAR_GELU, 'f16', [4096, 4096, 4096], 482, [64, 64, 64]],
  ['matmul', MATMUL, 'f16', [1024, 1024, 1024], 16, [32, 64, 64]],
  ['matmul', MATMUL, 'f16', [512, 512, 512], 7, [32, 32, 32]],
  ['matmul', MATMUL, 'f16', [16, 4096, 4096], 16, [16, 64, 64]],
  ['matmul', MATMUL, 'f16', [1, 4096, 4096], 14, [1, 64, 64]],
  ['matmul', MATMUL, 'f32', [4096, 4096, 4096], 3436, [64, 64, 64]],
  ['matmul', MATMUL, 'f32', [2048, 2048, 2048], 429, [48, 64, 64]],
  ['matmul', MATMUL, 'f32', [16, 4096, 4096], 35, [16, 64, 64]],
  ['matmul', MATMUL, 'f32', [1, 4096, 4096], 20, [1, 64, 64]],
  ['matmul', MATMUL, 'f32', [333, 777, 555], 34, [33, 77, 55]],
  ['int4 linear [n, k]', INT4, 'f16', [4096, 4096, 4096, GROUP], 550, [64, 64, 64, GROUP]],
  ['int4 linear [n, k]', INT4, 'f16', [16, 4096, 4096, GROUP], 14, [16, 64, 64, GROUP]],
  ['int4 linear [n, k]', INT4, 'f16', [1, 4096, 4096, GROUP], 7, [1, 64, 64, GROUP]],
  ['int4 linear [n, k], 64 MB', INT4, 'f16', [1, 16_384, 8192, GROUP], 24, [1, 128, 64, GROUP]],
  ['int4 weights [k, n]', INT4_COLUMNS, 'f16', [4096, 4096, 4096], 550, [64, 64, 64]],
  ['int4 weights [k, n]', INT4_COLUMNS, 'f16', [1, 4096, 4096], 7, [1, 64, 64]],
  ['attention', ATTENTION, 'f16', [16, 2048, 64, 0], 132, [2, 64, 32, 0]],
  ['attention, causal', ATTENTION, 'f16', [16, 2048, 64, 1], 78, [2, 64, 32, 1]],
  ['attention', ATTENTION, 'f16', [16, 2048, 128, 0], 215, [2, 64, 64, 0]],
  ['attention', ATTENTION, 'f32', [16, 2048, 64, 0], 573, [2, 64, 32, 0]],
  ['attention', ATTENTION, 'f32', [16, 2048, 128, 0], 1146, [2, 64, 64, 0]],
  ['decode attention', DECODE, 'f16', [32, 1, 8192, 128], 54, [2, 1, 128, 32]],
  ['decode attention', DECODE, 'f32', [32, 1, 8192, 128], 108, [2, 1, 128, 32]],
  ['convolution', CONVOLUTION, 'f32', [8, 56, 256, 256], 870, [1, 8, 16, 16]],
  ['convolution', CONVOLUTION, 'f16', [8, 56, 256, 256], 164, [1, 8, 16, 16]],
  ['cumsum of rows', CUMSUM, 'f32', [4096, 4096], 42, [64, 256]],
  ['cumsum of all', FLAT_CUMSUM, 'f32', [2 ** 27], 294, [2 ** 14]],
  ['row sum', ROW_SUMS, 'f32', [4096, 4096], 21, [64, 256]],
  ['column sum', COLUMN_SUMS, 'f32', [4096, 4096], 21, [64, 256]],
  ['softmax', SOFTMAX, 'f32', [4096, 4096], 39.5, [64, 256]],
  ['softmax', SOFTMAX, 'f16', [8192, 4096], 39.5, [64, 256]],
  ['layer_norm', LAYER_NORM, 'f32', [4096, 4096], 39.5, [64, 256]],
  ['layer_norm', LAYER_NORM, 'f16', [8192, 4096], 39.5, [64, 256]],
  ['rms_norm', RMS_NORM, 'f32', [4096, 4096], 39.5, [64, 256]],
  ['rms_norm', RMS_NORM, 'f16', [8192, 4096], 39.5, [64, 256]],
  ['sort of rows', SORTED_ROWS, 'u32', [4096, 1024], 419, [16, 256]],
]

/** The rows, `isTiny` for adapters that are no GPU; without f16 where there is none. */
export function markedRows(isTiny: boolean, hasF16: boolean): readonly MarkedRow[] {
  return LINES.filter(([, , dtype]) => hasF16 || dtype !== 'f16').map(
    ([name, work, dtype, full, mark, small]) => {
      const sizes = isTiny ? small : full
      return { name: `${name} ${dtype} ${sizes.join('x')}`, work, dtype, sizes, mark }
    },
  )
}
