/** A sum of f16 that is streamed in chunks carries f32 from chunk to chunk and is rounded after the last. */
import { expect, it } from 'vitest'
import { compileKernel } from '../../src/codegen/compile.ts'
import { configSpecInput } from '../../src/codegen/config_spec_of.ts'
import type { DeviceLimits } from '../../src/codegen/program.ts'
import { ConfigSpec } from '../../src/config/config_spec.ts'
import { evalSize } from '../../src/ir/size.ts'
import { hl, type Tensor } from '../../src/language/index.ts'
import { ramp, traced } from '../language/harness.ts'

const LIMITS: DeviceLimits = {
  maxWorkgroupInvocations: 256,
  maxWorkgroupBytes: 32768,
  maxWorkgroupsPerDimension: 65535,
  maxStorageBindings: 8,
  maxBindingBytes: 2 ** 30,
  maxImmediateBytes: 64,
  subgroupSize: 32,
  shaderF16: true,
  computeUnits: 16,
  registerBudget: 256,
}

it('streams f16 and carries f32', () => {
  const kernel = traced(
    (x: Tensor) => {
      const out = hl.empty([x.shape[0]], x.dtype)
      for (const t of hl.tile(x.shape[0])) out.at(t).set(x.at(t, ':').sum(1))
      return out
    },
    [ramp([4, 256], 'f16')],
    { dynamic: false },
  )
  const spec = new ConfigSpec(configSpecInput(kernel, LIMITS, (size) => evalSize(size, () => 0)))
  const config = spec.normalize({ ...spec.defaultConfig().data, reduction_loops: [64] }, 'strict')
  const passes = new Map<string, string>()
  compileKernel(kernel, config, LIMITS, { onPass: (pass, text) => passes.set(pass, text) })
  const dtypes = passes.get('roll reductions')?.match(/f(16|32)(\[.*?\])? = (load|cast|add|result|sum)/g)
  expect(dtypes).toEqual([
    'f16[tile0, slice1] = load',
    'f32[tile0, slice1] = cast',
    'f32[tile0, slice1] = add',
    'f32[tile0, slice1] = result',
    'f32[tile0] = sum',
    'f16[tile0] = cast',
  ])
})
