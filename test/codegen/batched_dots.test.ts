/** Products of batches of matrices under random configs, on the workgroup interpreter. */
import { expect, it } from 'vitest'
import { randomConfigs } from '../config/random_configs.ts'
import { whole } from '../gpu/inputs.ts'
import type { HostArgument } from '../language/harness.ts'
import * as kernels from './batched_kernels.ts'
import { OnCpu } from './on_cpu.ts'

const CONFIGS = Number(process.env.RANDOM_CONFIGS ?? 6)

function input(shape: readonly number[], dtype: 'f32' | 'i32' | 'u32' | 'f16' = 'f32'): HostArgument {
  return { ...whole(shape, dtype), dynamic: undefined }
}

const CASES: Readonly<Record<string, readonly [(...args: never[]) => unknown, readonly HostArgument[]]>> = {
  'of tiles': [kernels.bmm, [input([5, 9, 6]), input([5, 6, 12])]],
  'of tiles of i32': [kernels.bmm, [input([3, 8, 4], 'i32'), input([3, 4, 8], 'i32')]],
  'of tiles of u32': [kernels.bmm, [input([3, 8, 4], 'u32'), input([3, 4, 8], 'u32')]],
  'of tiles of f16': [kernels.bmm, [input([4, 8, 8], 'f16'), input([4, 8, 8], 'f16')]],
  'of one matrix': [kernels.bmm, [input([1, 4, 3]), input([1, 3, 5])]],
  'of rows': [kernels.bmm, [input([4, 1, 8]), input([4, 8, 4])]],
  'of nothing': [kernels.bmm, [input([3, 4, 0]), input([3, 0, 4])]],
  'without matrices': [kernels.bmm, [input([0, 4, 2]), input([0, 2, 4])]],
  'of whole dimensions': [kernels.wholeBatch, [input([3, 7, 5]), input([3, 6, 5])]],
  'with one matrix for all': [kernels.sharedWeights, [input([3, 6, 8]), input([8, 12]), input([12])]],
  'of all pairs': [kernels.allPairs, [input([3, 4, 5]), input([2, 5, 8])]],
  'whose rows are the batch of another': [kernels.exchanged, [input([4, 8, 3]), input([3, 8])]],
  'of heads': [kernels.attentionOfHeads, [input([2, 6, 4]), input([2, 9, 4]), input([2, 9, 4])]],
}

it.each(Object.keys(CASES).flatMap((name) => [true, false].map((dynamic) => ({ name, dynamic }))))(
  'a product $name, dynamic: $dynamic',
  ({ name, dynamic }) => {
    const [fn, args] = CASES[name] ?? expect.fail(name)
    const subject = new OnCpu(fn as never, args, {
      dynamic,
      maxWorkgroupInvocations: 128,
      tolerance: { abs: 1e-4, rel: 1e-4 },
    })
    subject.expectRight()
    const configs = randomConfigs(subject.compiled.spec, CONFIGS, 7)
    const outcomes = configs.map(({ data }) => subject.outcome(data))
    expect(outcomes.filter((outcome) => outcome === 'right').length).toBeGreaterThanOrEqual(
      configs.length / 3,
    )
  },
)
