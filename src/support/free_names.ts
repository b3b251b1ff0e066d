/**
 * Which names a function's text takes from around it. Without a parser: the text is split into tokens, and
 * names that are declared anywhere in it count as its own, whatever their scope. What that gets wrong is a
 * name too few, where an inner scope has another thing of the same name.
 */

const KEYWORDS = new Set(
  (
    'arguments as async await break case catch class const continue debugger default delete do else ' +
    'extends false finally for function if in instanceof let new null of return static super switch this ' +
    'throw true try typeof undefined var void while yield'
  ).split(' '),
)
/** Before a block that is no body of a method. */
const STATEMENTS = new Set(['if', 'for', 'while', 'switch', 'catch', 'with', 'function'])
const SKIPPED = /(?:\s+|\/\/[^\n]*|\/\*[\s\S]*?\*\/)+/y
const TEXT = /'(?:\\[\s\S]|[^'\\])*'|"(?:\\[\s\S]|[^"\\])*"/y
const REGEXP = /\/(?:\\.|\[(?:\\.|[^\]\\])*\]|[^/\\\n[])+\/\w*/y
const TOKEN = /[\p{ID_Start}$_#][\p{ID_Continue}$]*|\.?\d[\w.]*|\.{3}|\?\.|=>|[=!<>]=+|[\s\S]/uy
/** A slash after one of these divides. */
const OPERAND = /^(?:[\p{ID_Continue}$]+|[)\]}]|"")$/u
const NO_OPERAND = /^(?:return|typeof|case|of|in|void|delete|yield|await|else|do)$/

/**
 * Names that a text uses and does not declare, each once, in order. Names that every program has are left
 * out.
 */
export function freeNames(text: string): readonly string[] {
  const tokens = tokensOf(text)
  const declared = declaredIn(tokens)
  const used = tokens.filter(
    (token, at) => isName(token) && !isProperty(tokens, at) && !declared.has(token) && !(token in globalThis),
  )
  return [...new Set(used)]
}

/** Texts and regular expressions become `""`; what a template holds stands in brackets. */
function tokensOf(text: string): readonly string[] {
  const tokens: string[] = []
  let at = 0
  const match = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at
    const [found] = pattern.exec(text) ?? []
    at += found?.length ?? 0
    return found
  }
  const isOperand = (token = ''): boolean => OPERAND.test(token) && !NO_OPERAND.test(token)
  while (at < text.length) {
    if (match(SKIPPED) !== undefined) continue
    if (text[at] === '`') {
      const { parts, end } = templateAt(text, at)
      tokens.push('""', ...parts.flatMap((part) => ['[', ...tokensOf(part), ']']))
      at = end
    } else if (match(TEXT) !== undefined) tokens.push('""')
    else if (text[at] === '/' && !isOperand(tokens.at(-1)) && match(REGEXP) !== undefined) tokens.push('""')
    else tokens.push(match(TOKEN) ?? '')
  }
  return tokens
}

/** The expressions of the template that begins there, and where it ends. */
function templateAt(
  text: string,
  begin: number,
): { readonly parts: readonly string[]; readonly end: number } {
  const parts: string[] = []
  let at = begin + 1
  while (at < text.length && text[at] !== '`') {
    if (text.startsWith('${', at)) {
      const end = closing(text, at + 2)
      parts.push(text.slice(at + 2, end))
      at = end
    } else if (text[at] === '\\') at++
    at++
  }
  return { parts, end: at + 1 }
}

/** Where the brace that is open at `begin` is closed. */
function closing(text: string, begin: number): number {
  let at = begin
  for (let depth = 1; at < text.length; at++) {
    TEXT.lastIndex = at
    if (text[at] === '`') at = templateAt(text, at).end - 1
    else if (TEXT.test(text)) at = TEXT.lastIndex - 1
    else if (text[at] === '{') depth++
    else if (text[at] === '}' && --depth === 0) break
  }
  return at
}

function isName(token: string): boolean {
  return /^[\p{ID_Start}$_]/u.test(token) && !KEYWORDS.has(token)
}

/** After a dot, a key of an object, a method of one, or a label. */
function isProperty(tokens: readonly string[], at: number): boolean {
  const [before = '', after = ''] = [tokens[at - 1], tokens[at + 1]]
  if (before === '.' || before === '?.') return true
  if (after === ':' && /^[{,;}]$/.test(before)) return true
  return after === '(' && isMethod(tokens, at)
}

function isMethod(tokens: readonly string[], at: number): boolean {
  return tokens[afterBrackets(tokens, at + 1)] === '{' && tokens[at - 1] !== 'new'
}

/** The position behind the bracket that closes the one at `at`. */
function afterBrackets(tokens: readonly string[], at: number): number {
  let depth = 0
  for (let i = at; i < tokens.length; i++) {
    const token = tokens[i] ?? ''
    if ('([{'.includes(token)) depth++
    else if (')]}'.includes(token) && --depth === 0) return i + 1
  }
  return tokens.length
}

function declaredIn(tokens: readonly string[]): ReadonlySet<string> {
  const names = new Set<string>()
  for (const [at, token] of tokens.entries()) {
    const next = tokens[at + 1] ?? ''
    if (token === 'const' || token === 'let' || token === 'var') bind(tokens, at + 1, tokens.length, names)
    else if (token === 'class' || token === 'function')
      names.add(next === '*' ? (tokens[at + 2] ?? '') : next)
    else if (next === '=>' && isName(token)) names.add(token)
    else if (token === '(') {
      const end = afterBrackets(tokens, at)
      const [follows, before = ''] = [tokens[end], tokens[at - 1]]
      const isParameters =
        follows === '=>' ||
        (follows === '{' && (!STATEMENTS.has(before) || /^(?:catch|function)$/.test(before)))
      if (isParameters) bind(tokens, at + 1, end - 1, names)
    }
  }
  return names
}

/** Adds the names of the patterns that begin there; values and keys are none. */
function bind(tokens: readonly string[], begin: number, end: number, names: Set<string>): void {
  let depth = 0
  for (let at = begin; at < end; at++) {
    const token = tokens[at] ?? ''
    if ('([{'.includes(token)) depth++
    else if (')]}'.includes(token)) {
      if (--depth < 0) return
    } else if (depth === 0 && (token === ';' || token === 'of' || token === 'in')) return
    else if (token === '=') at = valueEnd(tokens, at + 1, end) - 1
    else if (isName(token) && tokens[at + 1] !== ':') names.add(token)
    else if (depth === 0 && token !== ',' && token !== '...' && tokens[at + 1] !== ':') return
  }
}

/** Where a value ends: at a comma, or the bracket or statement around it. */
function valueEnd(tokens: readonly string[], begin: number, end: number): number {
  for (let at = begin; at < end; at++) {
    const token = tokens[at] ?? ''
    if (',;)]}'.includes(token)) return at
    if ('([{'.includes(token)) at = afterBrackets(tokens, at) - 1
  }
  return end
}
