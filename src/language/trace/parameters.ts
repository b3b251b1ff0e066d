/** What the text of a function says of its parameters. */
import type { Signature } from '../../support/signature.ts'

type AnyFunction = (...args: never[]) => unknown

/** Comments, which go, and text, whose brackets and commas mean nothing. */
const COMMENT_OR_TEXT = /\/\*[\s\S]*?\*\/|\/\/[^\n]*|'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|`(?:[^`\\]|\\.)*`/g

/** Names of a function's parameters, as far as its text tells; only used in messages. */
export function parameterNames(fn: AnyFunction): readonly string[] {
  return parametersIn(textOf(fn)).map(
    (text, i) => /^(?:\.\.\.)?([A-Za-z_$][\w$]*)/.exec(text)?.[1] ?? `arg${i}`,
  )
}

/** How many arguments a function takes, of any kind; no limit where its text does not tell. */
export function signatureOfFunction(fn: AnyFunction): Signature {
  const text = textOf(fn)
  const parameters = parametersIn(text)
  const isOpen =
    parameters.length < fn.length ||
    parameters.at(-1)?.startsWith('...') ||
    /\barguments\b|\[native code\]/.test(text)
  return {
    text: parameterNames(fn).join(', '),
    parameters: [],
    least: 0,
    most: isOpen ? Number.POSITIVE_INFINITY : parameters.length,
    options: undefined,
    orElse: false,
  }
}

function textOf(fn: AnyFunction): string {
  const source = Function.prototype.toString.call(fn)
  return source.replace(COMMENT_OR_TEXT, (found) => (found.startsWith('/') ? '' : "''"))
}

/** The text of each parameter. */
function parametersIn(source: string): readonly string[] {
  const single = /^(?:async\s+)?([A-Za-z_$][\w$]*)\s*=>/.exec(source)?.[1]
  if (single) return [single]
  const open = source.indexOf('(')
  const found: string[] = []
  let depth = 0
  let start = open + 1
  for (let i = open; i >= 0 && i < source.length; i++) {
    const char = source[i] ?? ''
    if ('([{'.includes(char)) depth++
    if (')]}'.includes(char)) depth--
    if ((char === ',' && depth === 1) || depth === 0) {
      found.push(source.slice(start, i).trim())
      start = i + 1
    }
    if (depth === 0) break
  }
  return found.filter((text) => text !== '')
}
