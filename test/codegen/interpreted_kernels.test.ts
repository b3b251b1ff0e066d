/**
 * Random kernels and random programs of loops give on the workgroup interpreter what the tile interpreter
 * says, with nothing to report. RANDOM_PROGRAMS and RANDOM_CONFIGS ask for more of them, RANDOM_SEED for
 * others.
 */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { SubgroupMatrix } from '../../src/codegen/program.ts'
import { OnCpu } from './on_cpu.ts'
import { kernelOf, kernelPlans, testOf } from './random_kernels.ts'
import { programConfigs, programInputs, programKernel, programs } from './random_programs.ts'

const PROGRAMS = Number(process.env.RANDOM_PROGRAMS ?? 32)
const CONFIGS = Number(process.env.RANDOM_CONFIGS ?? 3)
const SEED = Number(process.env.RANDOM_SEED ?? 20261127)
const CLOSE = { abs: 1e-4, rel: 1e-4 }

/** Small enough for the tiles of random configs. */
const small = { m: 8, n: 8, k: 8 }
const MATRICES: readonly SubgroupMatrix[] = [
  { ...small, operand: 'f16', result: 'f32' },
  { ...small, operand: 'i8', result: 'i32' },
  { ...small, operand: 'u8', result: 'u32' },
]

const devices = fc.record({
  subgroupMatrices: fc.constantFrom<(readonly SubgroupMatrix[])[]>([], MATRICES),
  subgroupSize: fc.constantFrom(0, 4, 32),
  dynamic: fc.boolean(),
  maxWorkgroupInvocations: fc.constant(128),
})

// As many as are asked for take as long as they take: 0 is no limit.
it(`${PROGRAMS} kernels`, { timeout: 0 }, () => {
  const outcomes = { right: 0, refused: 0 }
  fc.assert(
    fc.property(kernelPlans, devices, fc.noShrink(fc.nat()), (plan, device, seed) => {
      const kernel = kernelOf(plan)
      const configs: object[] = []
      try {
        const subject = new OnCpu(kernel.fn, kernel.args, { ...device, tolerance: CLOSE })
        for (const config of programConfigs(subject.compiled.spec, CONFIGS, seed)) {
          configs.splice(0, 1, config.data)
          outcomes[subject.outcome(config.data)]++
        }
      } catch (error) {
        throw new Error(`${testOf(kernel, device, configs)}\n${error}`, { cause: error })
      }
    }),
    { numRuns: PROGRAMS, seed: SEED },
  )
  expect(outcomes.right).toBeGreaterThan(outcomes.refused)
})

it(`${PROGRAMS / 4} programs of loops`, { timeout: 0 }, () => {
  const outcomes = { right: 0, refused: 0 }
  fc.assert(
    fc.property(programs, devices, fc.noShrink(fc.nat()), (program, device, seed) => {
      const subject = new OnCpu(programKernel(program), programInputs(), device)
      for (const { data } of programConfigs(subject.compiled.spec, CONFIGS, seed))
        outcomes[subject.outcome(data)]++
    }),
    { numRuns: PROGRAMS / 4, seed: SEED },
  )
  expect(outcomes.right).toBeGreaterThan(outcomes.refused)
})
