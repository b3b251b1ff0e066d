/**
 * Random programs of loops and random whole kernels give what the interpreter says, under random configs.
 * RANDOM_PROGRAMS and RANDOM_CONFIGS ask for more of them; the first ones stay the same. RANDOM_SEED asks for
 * others.
 */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { getDevice } from '../../src/runtime/default_device.ts'
import { kernelOf, kernelPlans } from '../codegen/random_kernels.ts'
import { programConfigs, programInputs, programKernel, programs } from '../codegen/random_programs.ts'
import { THRIFT } from './random_configs.ts'
import { Subject } from './subject.ts'

const PROGRAMS = Number(process.env.RANDOM_PROGRAMS ?? 8 / THRIFT)
const CONFIGS = Number(process.env.RANDOM_CONFIGS ?? 6)
const SEED = Number(process.env.RANDOM_SEED ?? 20261127)

// As many as are asked for take as long as they take: 0 is no limit.
it(`${PROGRAMS} programs`, { timeout: 0 }, async () => {
  const outcomes = { right: 0, refused: 0 }
  await fc.assert(
    fc.asyncProperty(programs, fc.noShrink(fc.nat()), async (program, seed) => {
      for (const staticShapes of [true, false]) {
        const subject = await Subject.of(programKernel(program), programInputs(), { staticShapes })
        for (const config of programConfigs(subject.spec, CONFIGS / 2, seed))
          outcomes[await subject.outcome(config.data)]++
      }
    }),
    { numRuns: PROGRAMS, seed: SEED },
  )
  expect(outcomes.right).toBeGreaterThan(outcomes.refused)
})

it(`${PROGRAMS} kernels`, { timeout: 0 }, async () => {
  const { shaderF16 } = (await getDevice()).limits
  const outcomes = { right: 0, refused: 0 }
  await fc.assert(
    fc.asyncProperty(kernelPlans, fc.boolean(), fc.noShrink(fc.nat()), async (plan, staticShapes, seed) => {
      const { fn, args, text } = kernelOf(plan, shaderF16)
      try {
        const subject = await Subject.of(fn, args, { staticShapes, tolerance: { abs: 1e-4, rel: 1e-4 } })
        for (const config of programConfigs(subject.spec, CONFIGS / 2, seed))
          outcomes[await subject.outcome(config.data)]++
      } catch (error) {
        throw new Error(`${text}\n${error}`, { cause: error })
      }
    }),
    { numRuns: PROGRAMS, seed: SEED },
  )
  expect(outcomes.right).toBeGreaterThan(outcomes.refused)
})
