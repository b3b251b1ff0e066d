/**
 * Random programs of loops, products and reductions give what the interpreter says, under random configs.
 * RANDOM_PROGRAMS and RANDOM_CONFIGS ask for more of them; the first ones stay the same.
 */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { programConfigs, programInputs, programKernel, programs } from '../codegen/random_programs.ts'
import { THRIFT } from './random_configs.ts'
import { Subject } from './subject.ts'

const PROGRAMS = Number(process.env.RANDOM_PROGRAMS ?? 8 / THRIFT)
const CONFIGS = Number(process.env.RANDOM_CONFIGS ?? 6)

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
    { numRuns: PROGRAMS, seed: 20261127 },
  )
  expect(outcomes.right).toBeGreaterThan(outcomes.refused)
})
