/** The shared kernels with arguments: small, with ends that no tile size divides. */
import type { AnyFunction } from '../../src/kernel/options.ts'
import { recurrence, welford } from '../language/combining_kernels.ts'
import { largest } from '../language/sorting_kernels.ts'
import { type Input, spread, values, whole } from './inputs.ts'
import * as kernels from './kernels.ts'
import { CLOSE, EXACT, Subject, type SubjectOptions } from './subject.ts'

export interface Case extends SubjectOptions {
  readonly fn: AnyFunction
  readonly inputs: () => readonly Input[]
  /**
   * Of random configs, where the ranges are read from memory: nothing tells a config how short they are, and
   * tiles of any size are drawn, most of which are refused.
   */
  readonly largestTile?: number
}

const NAMES = [
  'vectorAdd',
  'softmax',
  'layerNorm',
  'matmul',
  'linearRelu',
  'transpose',
  'embedding',
  'biasAdd',
  'doubled3d',
  'argmaxRows',
  'histogram',
  'neighbours',
  'scaleInPlace',
  'centred',
  'columnSums',
  'axpy',
  'prefixSums',
  'recurrence',
  'welford',
  'topTwo',
  'attention',
  'raggedSums',
  'twoRanges',
  'jaggedSoftmax',
  'jaggedLayerNorm',
  'jaggedAttention',
] as const

export type CaseName = (typeof NAMES)[number]
export const CASE_NAMES: readonly CaseName[] = NAMES

export const CASES: Readonly<Record<CaseName, Case>> = {
  vectorAdd: { fn: kernels.vectorAdd, inputs: () => [whole([1001]), whole([1001])] },
  softmax: { fn: kernels.softmax, inputs: () => [spread([7, 100])], tolerance: CLOSE },
  layerNorm: {
    fn: kernels.layerNorm,
    inputs: () => [spread([5, 96]), spread([96]), spread([96]), 1e-5],
    tolerance: { abs: 2e-5, rel: 2e-5 },
  },
  matmul: { fn: kernels.matmul, inputs: () => [whole([18, 20]), whole([20, 30])] },
  linearRelu: { fn: kernels.linearRelu, inputs: () => [whole([20, 28]), whole([12, 28]), whole([12])] },
  transpose: { fn: kernels.transpose, inputs: () => [whole([37, 52])] },
  embedding: { fn: kernels.embedding, inputs: () => [whole([11, 24]), whole([19], 'i32', [-2, 12])] },
  biasAdd: { fn: kernels.biasAdd, inputs: () => [whole([13, 50]), whole([50])] },
  doubled3d: { fn: kernels.doubled3d, inputs: () => [whole([5, 6, 7])] },
  argmaxRows: { fn: kernels.argmaxRows, inputs: () => [whole([6, 75])] },
  histogram: { fn: kernels.histogram, inputs: () => [whole([300], 'i32', [0, 100])] },
  neighbours: { fn: kernels.neighbours, inputs: () => [whole([130])] },
  scaleInPlace: { fn: kernels.scaleInPlace, inputs: () => [whole([300])] },
  centred: { fn: kernels.centred, inputs: () => [whole([9, 44])] },
  columnSums: { fn: kernels.columnSums, inputs: () => [whole([37, 50])] },
  axpy: { fn: kernels.axpy, inputs: () => [3, whole([70]), whole([70]), { negate: true }] },
  prefixSums: { fn: kernels.prefixSums, inputs: () => [whole([70])] },
  recurrence: { fn: recurrence, inputs: () => [whole([7, 100], 'f32', [-1, 1]), whole([7, 100])] },
  topTwo: { fn: largest(2), inputs: () => [whole([9, 13])], largestTile: 16 },
  welford: { fn: welford, inputs: () => [spread([7, 100])], tolerance: CLOSE },
  attention: {
    fn: kernels.attention,
    inputs: () => [spread([10, 8]), spread([20, 8]), spread([20, 8])],
    tolerance: { abs: 2e-5, rel: 2e-5 },
  },
  raggedSums: {
    fn: kernels.raggedSums,
    inputs: () => [whole([90]), values([6], 'i32', [0, 3, 3, 40, 41, 90])],
  },
  twoRanges: {
    fn: kernels.twoRanges,
    largestTile: 16,
    inputs: () => [whole([20, 50]), whole([50, 12]), values([4], 'i32', [0, 30, 7, 50])],
  },
  jaggedSoftmax: {
    fn: kernels.jaggedSoftmax,
    largestTile: 16,
    inputs: () => [spread([60, 20]), values([6], 'i32', [0, 3, 3, 40, 41, 60])],
    tolerance: CLOSE,
  },
  jaggedLayerNorm: {
    fn: kernels.jaggedLayerNorm,
    largestTile: 16,
    inputs: () => [spread([60, 20]), values([6], 'i32', [0, 3, 3, 40, 41, 60])],
    tolerance: { abs: 1e-4, rel: 1e-4 },
  },
  jaggedAttention: {
    fn: kernels.jaggedAttention,
    largestTile: 16,
    inputs: () => [spread([40, 8]), spread([40, 8]), spread([40, 8]), values([5], 'i32', [0, 3, 3, 25, 40])],
    tolerance: { abs: 2e-5, rel: 2e-5 },
  },
}

export function subjectOf(name: CaseName, staticShapes = false): Promise<Subject> {
  const { fn, inputs, tolerance = EXACT } = CASES[name]
  return Subject.of(fn, inputs(), { tolerance, staticShapes })
}
