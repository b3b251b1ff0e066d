/** Compiling ahead of a device, in a thread with devices of its own. */
import { expect, it } from 'vitest'
import { resultsOfThreads } from './thread_results.ts'

it('compiles ahead, is given up where that is of no use, and never stands in the way', () => {
  const results = resultsOfThreads('compile_ahead.ts')
  expect(results).toMatchObject({
    refusal: 'GpuError',
    // The device has at once what the thread has compiled.
    useful: true,
    // Each device compiles anew on adapters of tests.
    givenUp: true,
    compiled: true,
    // The thread has ended.
    endedMs: 1,
    end: true,
  })
  expect(results.ms).toBeGreaterThan(1)
  expect(results.without).toBeGreaterThan(0)
})
