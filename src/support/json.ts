/** JSON from outside: from files, servers and variables of the environment, as somebody left it there. */

/** Far beyond what anything of ours has. */
const MOST_DEPTH = 100

/**
 * The value of a text, of a depth that can be walked through. JSON may be nested deeper than any stack, and
 * `JSON.parse` reads it, but `JSON.stringify`, or whatever else looks at all of it, ends in a RangeError.
 * Throws SyntaxError.
 */
export function parseJson(text: string): unknown {
  const value: unknown = JSON.parse(text)
  if (isDeeper(value, MOST_DEPTH)) throw new SyntaxError(`it is nested deeper than ${MOST_DEPTH}`)
  return value
}

/** Undefined where the text is no such JSON. */
export function jsonIn(text: string): unknown {
  try {
    return parseJson(text)
  } catch {
    return undefined
  }
}

/** A value for a message: short, whatever it is. */
export function show(value: unknown): string {
  if (typeof value === 'number') return String(value)
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 60)).slice(0, 60)
  try {
    return (JSON.stringify(value) ?? String(value)).slice(0, 60)
  } catch {
    return 'something nested too deeply'
  }
}

function isDeeper(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  return depth === 0 || Object.values(value).some((part) => isDeeper(part, depth - 1))
}
