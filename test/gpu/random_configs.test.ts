/**
 * Any config of a kernel's search space is either refused with a reason, or gives the interpreter's result.
 * Kernels with products, whose shaders take longest to compile, have a file of their own.
 */
import { describe, expect, it } from 'vitest'
import { CASE_NAMES, CASES, subjectOf } from './cases.ts'
import { configsToTry, WITH_DOTS } from './random_configs.ts'

describe.each(CASE_NAMES.filter((name) => !WITH_DOTS.has(name)))('%s', (name) => {
  it.each([true, false])('static shapes: %s', async (staticShapes) => {
    const subject = await subjectOf(name, staticShapes)
    const outcomes: string[] = []
    for (const config of configsToTry(subject.spec, staticShapes, CASES[name].largestTile))
      outcomes.push(await subject.outcome(config.data))
    expect(outcomes).toContain('right')
  })
})
