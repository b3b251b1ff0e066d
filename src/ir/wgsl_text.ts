/** Expressions as text: when an operand needs parentheses, and when it has too many. */

/** True for identifiers and plain literals: expressions that need no name and no parentheses. */
export function isName(expression: string): boolean {
  return /^[A-Za-z_][\w.]*$|^\d+[uif]?$/.test(expression)
}

/** True for numbers, signed and with any suffix, and for truth values. */
export function isLiteral(expression: string): boolean {
  return /^-?[\d.]+(e[+-]?\d+)?[uifh]?$|^true$|^false$/.test(expression)
}

/** An expression as an operand: parenthesised unless it is a name, a literal, a call or an element access. */
export function operand(expression: string): string {
  if (isName(expression) || /^-?\d[\w.]*$/.test(expression))
    return expression.startsWith('-') ? `(${expression})` : expression
  return isSingleCall(expression) ? expression : `(${expression})`
}

/** Without parentheses around the whole of it. */
export function withoutParentheses(expression: string): string {
  return expression.startsWith('(') && closesAtEnd(expression, 0) ? expression.slice(1, -1) : expression
}

/** `name(…)` or `name[…]` where the bracket closes at the very end. */
function isSingleCall(expression: string): boolean {
  const head = /^[A-Za-z_][\w.<>]*(?=[([])/.exec(expression)?.[0]
  return head !== undefined && closesAtEnd(expression, head.length)
}

/** True when the bracket that opens at `start` closes at the end of the text. */
function closesAtEnd(expression: string, start: number): boolean {
  let depth = 0
  for (let i = start; i < expression.length; i++) {
    const char = expression[i]
    if (char === '(' || char === '[') depth++
    if (char === ')' || char === ']') depth--
    if (depth === 0) return i === expression.length - 1
  }
  return false
}
