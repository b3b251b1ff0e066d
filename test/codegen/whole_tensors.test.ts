/** Operations on whole tensors under random configs, on the workgroup interpreter. */
import { expect, it } from 'vitest'
import { randomConfigs } from '../config/random_configs.ts'
import { whole } from '../gpu/inputs.ts'
import type { HostArgument } from '../language/harness.ts'
import { OnCpu } from './on_cpu.ts'
import * as kernels from './whole_kernels.ts'

const CONFIGS = Number(process.env.RANDOM_CONFIGS ?? 4)

function input(shape: readonly number[], dtype: 'f32' | 'i32' | 'f16' = 'f32'): HostArgument {
  return { ...whole(shape, dtype), dynamic: undefined }
}

const CASES: Readonly<Record<string, readonly [(...args: never[]) => unknown, readonly HostArgument[]]>> = {
  'after a loop': [kernels.meanLoss, [input([13, 6])]],
  'of one row': [kernels.meanLoss, [input([1, 5])]],
  'of rows and columns': [kernels.scaled, [input([6, 12]), input([12])]],
  'of columns of one': [kernels.scaled, [input([5, 1]), input([1])]],
  'of no rows': [kernels.scaled, [input([0, 4]), input([4])]],
  'around a product': [kernels.layer, [input([7, 5]), input([6, 5]), input([6])]],
  'of everything': [kernels.total, [input([2, 3, 4])]],
  'of everything in one long row': [kernels.total, [input([2500])]],
  'of everything in f16': [kernels.total, [input([9, 4], 'f16')]],
  'in order': [kernels.inOrder, [input([5, 11])]],
  'behind one another': [kernels.together, [input([4, 4]), input([4, 7])]],
  'behind one of no columns': [kernels.together, [input([3, 3]), input([3, 0])]],
  'of a matrix of one number': [kernels.total, [input([1, 1], 'i32')]],
}

it.each(Object.keys(CASES).flatMap((name) => [true, false].map((dynamic) => ({ name, dynamic }))))(
  'operations $name, dynamic: $dynamic',
  ({ name, dynamic }) => {
    const [fn, args] = CASES[name] ?? expect.fail(name)
    const tolerance = { abs: 1e-4, rel: 1e-3 }
    const subject = new OnCpu(fn as never, args, { dynamic, maxWorkgroupInvocations: 128, tolerance })
    subject.expectRight()
    const configs = randomConfigs(subject.compiled.spec, CONFIGS, 7)
    const outcomes = configs.map(({ data }) => subject.outcome(data))
    expect(outcomes.filter((outcome) => outcome === 'right').length).toBeGreaterThanOrEqual(
      configs.length / 4,
    )
  },
)
