/**
 * Finds the JSON in what a language model wrote: whole, in a code fence, with prose around it, with literals
 * of Python, cut off. The text is hostile until proven otherwise: nothing here runs it, recurses into it, or
 * takes longer than its length allows.
 */

/** Characters of an answer that are looked at; those asked for have some ten thousand. */
const MOST_CHARACTERS = 2 ** 16
/** Brackets within brackets; configs need four. */
const MOST_DEPTH = 16
/** Brackets without an end that are passed over. */
const MOST_UNCLOSED = 64

/** Parsed values, the likeliest first: the whole text, what stands in fences, each bracketed piece. */
export function* jsonIn(answer: string): Generator<unknown> {
  const text = answer.slice(0, MOST_CHARACTERS)
  for (const piece of [text, ...fenced(text)]) {
    const value = parse(piece.trim())
    if (value !== undefined) yield value
  }
  yield* bracketed(text)
}

function fenced(text: string): readonly string[] {
  return text
    .split('```')
    .filter((_, index) => index % 2 === 1)
    .map((block) => block.replace(/^\w*\s*\n/, ''))
}

/** Pieces from a bracket to its partner; those within a piece that was found are not looked at. */
function* bracketed(text: string): Generator<unknown> {
  let unclosed = 0
  for (let at = 0; at < text.length && unclosed < MOST_UNCLOSED; at++) {
    if (text[at] !== '{' && text[at] !== '[') continue
    const end = partner(text, at)
    const value = end === undefined ? undefined : parse(text.slice(at, end + 1))
    if (end === undefined || value === undefined) unclosed++
    else {
      yield value
      at = end
    }
  }
}

/** Where the bracket at `start` closes; undefined where it never does, or holds too many others. */
function partner(text: string, start: number): number | undefined {
  let depth = 0
  let quoted = false
  for (let at = start; at < text.length; at++) {
    const character = text[at]
    if (quoted) {
      if (character === '\\') at++
      else if (character === '"') quoted = false
    } else if (character === '"') quoted = true
    else if (character === '{' || character === '[') {
      depth++
      if (depth > MOST_DEPTH) return undefined
    } else if (character === '}' || character === ']') {
      depth--
      if (depth === 0) return at
    }
  }
  return undefined
}

/** The value of JSON, or of what Python prints; undefined for other text, scalars and what is too deep. */
function parse(text: string): unknown {
  if (!/^[{[]/.test(text) || partner(text, 0) !== text.length - 1) return undefined
  return parseJson(text) ?? parseJson(asJson(text))
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const LITERALS: Readonly<Record<string, string>> = { True: 'true', False: 'false', None: 'null' }

/** Literals, quotes and tuples of Python, and commas before a closing bracket, made JSON. */
function asJson(text: string): string {
  return text.replace(
    /"(?:[^"\\]|\\.)*(?:"|$)|'(?:[^'\\]|\\.)*(?:'|$)|\b(?:True|False|None)\b|,(?=\s{0,99}[}\])])|[()]/gs,
    (found) => {
      if (found === ',') return ''
      if (found === '(') return '['
      if (found === ')') return ']'
      if (found.startsWith("'")) return JSON.stringify(found.slice(1, -1).replaceAll("\\'", "'"))
      return LITERALS[found] ?? found
    },
  )
}
