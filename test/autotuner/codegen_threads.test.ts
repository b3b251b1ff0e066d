/** Code that is generated in threads. */
import { expect, it } from 'vitest'
import { resultsOfThreads } from './thread_results.ts'

it('is the same as here, comes here where a thread ends, and keeps no program from its end', () => {
  const results = resultsOfThreads('codegen_ahead.ts')
  expect(results).toMatchObject({ same: 30, asked: 30, without: true })
  expect(results.elsewhere).toBeGreaterThan(15)
})
