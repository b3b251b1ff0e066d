/** Kernels for the benchmarks of tuning, with arguments made from a text: `matmul:f16:512x512x512`. */
import { type DType, randn, type Tensor } from '../src/index.ts'
import { attention, columnSums, layerNorm, matmul, softmax, vectorAdd } from '../test/gpu/kernels.ts'

type Argument = Tensor | number

export interface Subject {
  readonly fn: (...args: never[]) => Tensor
  readonly args: readonly Argument[]
}

type Make = (sizes: readonly number[], dtype: DType) => Subject

const SUBJECTS: Readonly<Record<string, Make>> = {
  vector_add: (sizes, dtype) => ({ fn: vectorAdd, args: [randn(sizes, { dtype }), randn(sizes, { dtype })] }),
  softmax: (sizes, dtype) => ({ fn: softmax, args: [randn(sizes, { dtype })] }),
  layer_norm: ([m = 1, n = 1], dtype) => ({
    fn: layerNorm,
    args: [randn([m, n], { dtype }), randn([n], { dtype }), randn([n], { dtype }), 1e-5],
  }),
  column_sums: (sizes, dtype) => ({ fn: columnSums, args: [randn(sizes, { dtype })] }),
  matmul: ([m = 1, k = 1, n = 1], dtype) => ({
    fn: matmul,
    args: [randn([m, k], { dtype }), randn([k, n], { dtype })],
  }),
  attention: ([m = 1, d = 1], dtype) => ({
    fn: attention,
    args: [randn([m, d], { dtype }), randn([m, d], { dtype }), randn([m, d], { dtype })],
  }),
}

/** The kernel and arguments that a text names. Throws Error with the known kernels. */
export function subjectNamed(name: string): Subject {
  const [key = '', dtype = 'f32', sizes = ''] = name.split(':')
  const make = SUBJECTS[key]
  if (!make) throw new Error(`no kernel named ${key}; known are ${Object.keys(SUBJECTS).join(', ')}`)
  return make(sizes.split('x').map(Number), dtype as DType)
}
