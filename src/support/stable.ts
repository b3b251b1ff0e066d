/**
 * The one way to make a key from data: text that does not depend on property order, and its hash.
 * Every cache key, config hash and shape hash of the package comes from here.
 */
import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js'

/** JSON with sorted object keys; NaN, infinities, -0, undefined and bigint keep their identity. */
export function stableStringify(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(stableStringify).join(',')}]`
  if (value !== null && typeof value === 'object') {
    const entries = Object.entries(value).filter(([, v]) => v !== undefined)
    entries.sort(([a], [b]) => (a < b ? -1 : 1))
    return `{${entries.map(([k, v]) => `${JSON.stringify(k)}:${stableStringify(v)}`).join(',')}}`
  }
  if (typeof value === 'number' && (!Number.isFinite(value) || Object.is(value, -0)))
    return `<${String(value)}${Object.is(value, -0) ? '-' : ''}>`
  if (typeof value === 'bigint') return `<${value}n>`
  return JSON.stringify(value) ?? '<undefined>'
}

/** SHA-256 of a text, in hex. */
export function sha256Hex(text: string): string {
  return bytesToHex(sha256(utf8ToBytes(text)))
}

/** First 16 hex digits of the SHA-256 of the stable text of `value` (a string is hashed as it is). */
export function sha16(value: unknown): string {
  return sha256Hex(typeof value === 'string' ? value : stableStringify(value)).slice(0, 16)
}
