/** Places of the caller's code are added to errors that have none. */
import { describe, expect, it } from 'vitest'
import { AdapterError, GpuError, UsageError, withLocation } from '../../src/support/errors.ts'

const PLACE = { file: 'a.ts', line: 1, column: 2 }

describe('withLocation', () => {
  it('adds the place and keeps kind, remedy and cause', () => {
    const cause = new Error('deep')
    const error = withLocation(new AdapterError('gone', { remedy: 'Try again.', cause }), PLACE)
    expect(error).toBeInstanceOf(AdapterError)
    expect(error.message).toBe('gone\n  at a.ts:1:2\n  Try again.')
    expect([error.cause, error.exitCode, error.location]).toEqual([cause, 4, PLACE])
  })

  it('leaves an error alone that has a place, or when there is none to add', () => {
    const located = new UsageError('bad', { location: PLACE })
    expect(withLocation(located, { ...PLACE, line: 9 })).toBe(located)
    const bare = new UsageError('bad')
    expect(withLocation(bare, undefined)).toBe(bare)
  })

  it('makes a GpuError of anything else', () => {
    const cause = new TypeError('odd')
    const error = withLocation(cause, PLACE)
    expect(error).toBeInstanceOf(GpuError)
    expect([error.message, error.cause]).toEqual(['odd\n  at a.ts:1:2', cause])
    expect(withLocation('text', undefined).message).toBe('text')
  })
})
