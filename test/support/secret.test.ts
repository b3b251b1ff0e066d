import { inspect } from 'node:util'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SECRET, Secret } from '../../src/support/secret.ts'

describe('Secret', () => {
  it('is not printed', () => {
    const secret = new Secret('sk-1234567890')
    const held = { secret, list: [secret] }
    for (const text of [
      String(secret),
      `${secret}`,
      JSON.stringify(held),
      inspect(held, { showHidden: true }),
    ])
      expect(text).not.toContain('1234')
    expect(JSON.stringify(held)).toBe('{"secret":"(hidden)","list":["(hidden)"]}')
    expect(secret.reveal()).toBe('sk-1234567890')
  })

  it('takes itself and pieces of itself out of text', () => {
    const secret = new Secret('sk-1234567890')
    expect(secret.hideIn('the key sk-1234567890 is wrong')).toBe('the key (hidden) is wrong')
    expect(secret.hideIn('Bearer 34567890, sk-12345***')).toBe('Bearer (hidden), (hidden)***')
    expect(secret.hideIn('sk-123 is short')).toBe('sk-123 is short')
    expect(new Secret('ab').hideIn('cab')).toBe('c(hidden)')
  })

  it('leaves no eight characters of itself in any text', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 30 })
    fc.assert(
      fc.property(letters, fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 8 }), (text, key) => {
        const shown = new Secret(key).hideIn(text).split('(hidden)')
        for (const part of shown)
          for (let at = 0; at + 8 <= part.length; at++) expect(key).not.toContain(part.slice(at, at + 8))
      }),
    )
  })
})

describe('the kind SECRET', () => {
  it('reads text and secrets', () => {
    expect(SECRET.read(' abc\n')?.reveal()).toBe('abc')
    const secret = new Secret('x')
    expect(SECRET.read(secret)).toBe(secret)
    for (const value of ['', ' ', 7, null, { key: 'x' }]) expect(SECRET.read(value)).toBeUndefined()
  })
})
