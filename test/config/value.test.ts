import { describe, expect, it } from 'vitest'
import { printValue, sameValue, toConfigValue } from '../../src/config/value.ts'

describe('config values', () => {
  it('are equal by contents', () => {
    expect(sameValue([1, [2, 'a']], [1, [2, 'a']])).toBe(true)
    expect(sameValue([1, 2], [1])).toBe(false)
    expect(sameValue([1], [1, 2])).toBe(false)
    expect(sameValue([1], 1)).toBe(false)
    expect(sameValue(null, false)).toBe(false)
  })

  it('are copied and frozen in depth', () => {
    const value = toConfigValue([[1], -0], 'mine')
    expect(value).toEqual([[1], 0])
    expect(Object.isFrozen(value)).toBe(true)
    expect(Object.isFrozen((value as readonly unknown[])[0])).toBe(true)
  })

  it('print as TypeScript', () => {
    expect(printValue([null, true, 1.5, "a'b\\"])).toBe("[null, true, 1.5, 'a\\'b\\\\']")
  })
})
