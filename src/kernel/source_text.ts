/**
 * The text of a kernel function in a form that survives compilers: comments, layout, quotes and optional
 * punctuation are gone, so that the same kernel run from TypeScript and from compiled JavaScript is
 * recognised.
 */

const TOKEN =
  /\/\/[^\n]*|\/\*[\s\S]*?\*\/|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`|[\w$]+|\s+|[^\s\w$]/g

/** The text of a function that was renamed, as it was under another name. */
export function renamed(canonical: string, name: string): string {
  return canonical.replace(/^((?:async )?function (?:\* )?)[\w$]+ /, `$1${name} `)
}

/** Tokens of JavaScript source separated by spaces. */
export function canonicalText(source: string): string {
  const tokens = (source.match(TOKEN) ?? []).filter((token) => !/^(?:\s|\/[/*]|;$)/.test(token)).map(unquoted)
  return tokens
    .filter((token, i) => !(token === ',' && /^[)\]}]$/.test(tokens[i + 1] ?? '')))
    .join(' ')
    .replace(/\( ([\w$]+) \) = >/g, '$1 = >')
}

/** Strings in single quotes, whichever they had. */
function unquoted(token: string): string {
  if (!/^["']/.test(token)) return token
  const text = token.slice(1, -1).replace(/\\(["'])/g, '$1')
  return `'${text.replaceAll("'", "\\'")}'`
}
