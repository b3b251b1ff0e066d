/** Search spaces of three typical kernels, as code generation would describe them. */
import type { BlockInput, ConfigSpecInput } from '../../src/config/spec_input.ts'
import { BLOCK_LIMIT } from '../../src/ir/block_sizes.ts'
import { nextPowerOf2 } from '../../src/support/maths.ts'

function block(id: number, name: string, size: number): BlockInput {
  return { id, name, sizeHint: size, min: 1, max: Math.min(nextPowerOf2(size), BLOCK_LIMIT) }
}

/** out[m, n] = sum over k of x[m, k] · y[k, n]. */
export function matmulInput(m = 1024, n = 1024, k = 1024): ConfigSpecInput {
  return {
    blocks: [block(0, 'tile_m', m), block(1, 'tile_n', n), block(2, 'tile_k', k)],
    rows: [],
    loops: [
      { kind: 'grid', blocks: [0, 1], canReorder: true, canFlatten: true, canUnrollFully: false },
      { kind: 'device', blocks: [2], canReorder: false, canFlatten: false, canUnrollFully: true },
    ],
    tiles: [
      { axes: [0, 1], fixed: 1 },
      { axes: [0, 2], fixed: 1 },
      { axes: [2, 1], fixed: 1 },
    ],
    memoryOps: Array.from({ length: 3 }, () => ['block_ptr', 'pointer'] as const),
    dots: [{ maxRows: 16, maxSlices: 16 }],
    pidTypes: ['flat', 'xyz', 'persistent_blocked', 'persistent_interleaved'],
    maxInvocations: 1024,
  }
}

/** A reduction over each of `rows` rows of `size` elements. */
export function rowInput(size: number, rows = 4096): ConfigSpecInput {
  return {
    blocks: [block(0, 'tile_m', rows)],
    rows: [{ id: 1, name: 'row', size, canLoop: true }],
    loops: [{ kind: 'grid', blocks: [0], canReorder: false, canFlatten: false, canUnrollFully: false }],
    tiles: [
      { axes: [0], fixed: 1 },
      { axes: [0, 1], fixed: 1 },
    ],
    memoryOps: [
      ['block_ptr', 'pointer'],
      ['block_ptr', 'pointer'],
    ],
    dots: [],
    pidTypes: ['flat', 'persistent_blocked'],
    maxInvocations: 1024,
  }
}

/** Element-wise work on `size` elements. */
export function streamInput(size = 4096): ConfigSpecInput {
  return {
    blocks: [block(0, 'tile', size)],
    rows: [],
    loops: [{ kind: 'grid', blocks: [0], canReorder: false, canFlatten: false, canUnrollFully: false }],
    tiles: [{ axes: [0], fixed: 1 }],
    memoryOps: [
      ['block_ptr', 'pointer'],
      ['block_ptr', 'pointer'],
    ],
    dots: [],
    pidTypes: ['flat', 'xyz'],
    maxInvocations: 1024,
  }
}
