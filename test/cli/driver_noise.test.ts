/** Dawn's noise is left out, however the output is cut into pieces; everything else passes byte by byte. */
import { expect, it } from 'vitest'
import { DriverNoise } from '../../src/cli/driver_noise.ts'
import { Random } from '../../src/support/random.ts'

const NOISE =
  'Warning: maxDynamicUniformBuffersPerPipelineLayout artificially reduced from 1000 to 16 to fit.\n'
const USER = ['Warning: maximal fun\n', 'é and\r\n', '\n', 'Warning: no newline']

it('is left out, however it is cut', () => {
  const chance = new Random(1)
  const bytes = Buffer.from([NOISE, USER[0], NOISE, NOISE, ...USER.slice(1)].join(''))
  for (let round = 0; round < 200; round++) {
    const filter = new DriverNoise()
    const passed: Buffer[] = []
    for (let at = 0; at < bytes.length; ) {
      const end = at + 1 + Math.floor(chance.next() * 60)
      passed.push(filter.pass(bytes.subarray(at, end)))
      at = end
    }
    expect(Buffer.concat([...passed, filter.rest()]).toString()).toBe(USER.join(''))
  }
})

it('a question without a newline is passed on at once', () => {
  expect(new DriverNoise().pass(Buffer.from('Continue? ')).toString()).toBe('Continue? ')
})
