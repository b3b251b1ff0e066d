/** One dispatch of a compiled kernel, with concrete numbers. */
import { cdiv } from '../../support/maths.ts'
import type { Storage } from '../memory/storage.ts'
import type { Pipeline } from '../pipelines/pipeline_cache.ts'

/** Workgroups along x, y, z. A zero means that there is nothing to do. */
export type GridSize = readonly [x: number, y: number, z: number]

/** One dispatch. `words` must not change until the launch is encoded. */
export interface Launch {
  readonly pipeline: Pipeline
  /** By binding. */
  readonly storages: readonly Storage[]
  readonly words: Uint32Array<ArrayBuffer>
  readonly grid: GridSize
}

export const NO_WORDS: Uint32Array<ArrayBuffer> = new Uint32Array(0)

/**
 * Folds `count` workgroups over x and y where one dimension is too short. The product may exceed `count` by
 * less than y; kernels compute `y * num_workgroups.x + x` and leave when that is past the end.
 */
export function foldGrid(count: number, maxPerDimension: number): GridSize {
  if (count <= maxPerDimension) return [count, 1, 1]
  const rows = cdiv(count, maxPerDimension)
  return [cdiv(count, rows), rows, 1]
}
