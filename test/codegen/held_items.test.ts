/**
 * Loads that go an element along memory in each round of a loop, such as scales of groups of weights: what is
 * read serves several rounds.
 */
import { expect, it } from 'vitest'
import type { ConfigInput } from '../../src/config/config.ts'
import type { StorageType } from '../../src/support/storage_types.ts'
import { whole } from '../gpu/inputs.ts'
import type { HostArgument } from '../language/harness.ts'
import { OnCpu } from './on_cpu.ts'
import { GROUP, ofRows } from './quantised_kernels.ts'

const [ROWS, COLUMNS, DEPTH] = [16, 32, 256]
const GROUPS = DEPTH / GROUP
const LOOKED_AHEAD = { num_warps: 1, num_stages: 2 } as const

function of(shape: readonly number[], dtype: StorageType = 'f16'): HostArgument {
  return { ...whole(shape, dtype), dynamic: undefined }
}

function subjectOf(columns: number, groups: number, scales: StorageType, dynamic = false): OnCpu {
  const args = [of([ROWS, DEPTH]), of([columns, DEPTH], 'u4'), of([columns, groups], scales)]
  return new OnCpu(ofRows as never, [...args, of([columns, groups], 'u4')], {
    dynamic,
    registerBudget: 4096,
    subgroupMatrices: [{ m: 16, n: 16, k: 16, operand: 'f16', result: 'f32' }],
    tolerance: { abs: 1e-2, rel: 1e-2 },
  })
}

const MMAS = ['subgroup_matrix', 'fma', 'direct'] as const

it.each(
  (['f16', 'f32'] as const).flatMap((scales) =>
    MMAS.flatMap((mma) => ([1, 2, 8] as const).map((parts) => ({ scales, mma, parts }))),
  ),
)('scales in $scales, $mma, $parts parts', ({ scales, mma, parts }) => {
  const subject = subjectOf(COLUMNS, GROUPS, scales)
  const config: ConfigInput = { ...LOOKED_AHEAD, block_sizes: [16, 32, GROUP], mma, split_sums: [parts] }
  subject.expectRight(config)
  // Scales by sixteen bytes and zero points by words, for the rounds that both serve.
  const [first] = subject.compiled.program(config).dispatches
  const served = scales === 'f16' ? 8 : 4
  expect(first?.wgsl).toMatch(new RegExp(`tile\\d+_group \\+= ${served * GROUP}u`))
})

it.each([
  ['a ragged end', 35, GROUPS, false],
  ['sizes that only launches know', COLUMNS, GROUPS, true],
  ['rows that begin within an item', COLUMNS, GROUPS + 1, false],
] as const)('with %s', (_, columns, groups, dynamic) => {
  const subject = subjectOf(columns, groups, 'f16', dynamic)
  for (const mma of MMAS) subject.expectRight({ ...LOOKED_AHEAD, block_sizes: [16, 32, GROUP], mma })
})

it('not where a round needs several elements', () => {
  const subject = subjectOf(COLUMNS, GROUPS, 'f16')
  const config = { ...LOOKED_AHEAD, block_sizes: [16, 16, 2 * GROUP], mma: 'subgroup_matrix' } as const
  expect(subject.compiled.wgsl(config)).not.toContain('_group')
  subject.expectRight(config)
})
