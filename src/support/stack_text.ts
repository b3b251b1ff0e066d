/** Reads the stacks of V8, JavaScriptCore and SpiderMonkey: the places that their lines name. */
import type { SourceLocation } from './errors.ts'

/** `at name (place)`, `at place`, `name@place`; a place is anything that ends in `:line:column`. */
const V8 = /^at (?:async )?(?:[^(]*? \((.+)\)|(.+))$/
const OTHERS = /^[^@]*@(.+)$/
const PLACE = /^(.+?):(\d+):(\d+)$/
/** Code made by `eval` has the place of that call. */
const EVAL = /^eval at .*?\(([^()]+:\d+:\d+)\)/

/** The places in a stack, innermost first; functions of the engine have none. */
export function placesIn(stack: unknown): readonly SourceLocation[] {
  // Programs that replace `Error.prepareStackTrace` may give anything.
  if (typeof stack !== 'string') return []
  return stack.split('\n').flatMap((text) => placeIn(text.trim()) ?? [])
}

function placeIn(line: string): SourceLocation | undefined {
  const [, inParentheses, alone] = V8.exec(line) ?? []
  const text = inParentheses ?? alone ?? OTHERS.exec(line)?.[1] ?? ''
  const [, file, row, column] = PLACE.exec(EVAL.exec(text)?.[1] ?? text) ?? []
  if (!file || file.startsWith('node:')) return undefined
  return { file: toPath(file), line: Number(row), column: Number(column) }
}

/** `file:` URLs become paths; other URLs stay as they are. */
export function toPath(url: string): string {
  if (!url.startsWith('file://')) return url
  const path = decoded(url.slice('file://'.length).replace(/[?#].*$/, ''))
  return /^\/[A-Za-z]:\//.test(path) ? path.slice(1) : path
}

/** Text that is no encoding, as where people wrote `file://` before a path, is one already. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
