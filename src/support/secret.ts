/**
 * Text that may be sent to one place and shown in none, such as the key of an API. It prints as `(hidden)`
 * however it is printed, and takes itself out of text that others wrote.
 */
import type { SettingKind } from './setting_kinds.ts'

const HIDDEN = '(hidden)'
/** So many characters in a row that also stand in the secret are no coincidence. */
const TELLING = 8

export class Secret {
  readonly #text: string

  constructor(text: string) {
    this.#text = text
  }

  /** The text itself, for the place that it is meant for. */
  reveal(): string {
    return this.#text
  }

  /** `text` without the secret, and without longer pieces of it. */
  hideIn(text: string): string {
    const least = Math.min(TELLING, this.#text.length)
    if (least === 0) return text
    let shown = ''
    for (let at = 0; at < text.length; ) {
      const length = this.#sharedAt(text, at, least)
      shown += length > 0 ? HIDDEN : text[at]
      at += Math.max(length, 1)
    }
    return shown
  }

  toString(): string {
    return HIDDEN
  }

  toJSON(): string {
    return HIDDEN
  }

  /** Characters from `at` on that also stand in a row in the secret; 0 when they are fewer than `least`. */
  #sharedAt(text: string, at: number, least: number): number {
    let length = least
    if (at + length > text.length || !this.#text.includes(text.slice(at, at + length))) return 0
    while (at + length < text.length && this.#text.includes(text.slice(at, at + length + 1))) length++
    return length
  }
}

/** A secret, or its text. A value of another kind is not shown either. */
export const SECRET: SettingKind<Secret> = {
  allowed: 'text, which is never shown',
  hidden: true,
  read(value) {
    if (value instanceof Secret) return value
    return typeof value === 'string' && value.trim() !== '' ? new Secret(value.trim()) : undefined
  },
}
