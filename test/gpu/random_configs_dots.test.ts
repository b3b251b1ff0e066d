/** Random configs of the kernels with products; see random_configs.test.ts. */
import { describe, expect, it } from 'vitest'
import { CASES, subjectOf } from './cases.ts'
import { configsToTry, WITH_DOTS } from './random_configs.ts'

describe.each([...WITH_DOTS])('%s', (name) => {
  it.each([true, false])('static shapes: %s', async (staticShapes) => {
    const subject = await subjectOf(name, staticShapes)
    const outcomes: string[] = []
    for (const config of configsToTry(subject.spec, staticShapes, CASES[name].largestTile))
      outcomes.push(await subject.outcome(config.data))
    expect(outcomes).toContain('right')
  })
})
