/**
 * The hash at the end of a generated module, of all that stands before it. By it a reader knows whether the
 * data in `meta` still tells what the code does, or somebody has edited the file.
 */
import { sha16 } from '../../../support/stable.ts'

const END = '\n} as const\n'
const HASH = /\n {2}codeHash: '([0-9a-f]{16})',\n\} as const\n$/
/** Licences and notes may be put before a module. */
const HEADER = /^(?:\s|\/\/[^\n]*\n|\/\*[\s\S]*?\*\/)*/

/** A module's text with `codeHash` for the last entry of `meta`. */
export function withCodeHash(text: string): string {
  if (!text.endsWith(END)) throw new Error('a module ends with its meta')
  const before = text.slice(0, -END.length)
  return `${before}\n  codeHash: '${hashOf(before)}',${END}`
}

/** The hash that a module holds, `undefined` for none, and the one that its text has. */
export function codeHashes(text: string): { readonly held: string | undefined; readonly own: string } {
  const found = HASH.exec(text)
  return { held: found?.[1], own: hashOf(text.slice(0, found?.index ?? text.length)) }
}

function hashOf(code: string): string {
  return sha16(code.replace(HEADER, ''))
}
