/** Random programs, under random configs and for several devices, leave no race; nothing runs here. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { ConfigError } from '../../src/support/errors.ts'
import { Compiled } from './compiling.ts'
import { races } from './races.ts'
import { programConfigs, programInputs, programKernel, programs } from './random_programs.ts'

it('no config of any program has one, with subgroups or without', () => {
  let bodies = 0
  fc.assert(
    fc.property(programs, fc.boolean(), fc.constantFrom(0, 4, 32), (program, dynamic, subgroupSize) => {
      const compiled = new Compiled(programKernel(program), programInputs(), { dynamic, subgroupSize })
      for (const config of programConfigs(compiled.spec, 6, 1)) {
        try {
          compiled.program(config.data, {
            onProgram({ body }) {
              bodies++
              expect(races(body), String(config)).toEqual([])
            },
          })
        } catch (error) {
          if (!(error instanceof ConfigError)) throw error
        }
      }
    }),
    { numRuns: 24, seed: 20261127 },
  )
  expect(bodies).toBeGreaterThan(60)
})
