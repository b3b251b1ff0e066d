/** Words as a shell takes them, for commands that messages tell people to type. */

/** What a terminal would obey instead of showing it; ends of lines and tabs are harmless. */
const CONTROLS = /[^\P{Cc}\n\t]|\p{Cf}/u
const CONTROLS_OR_QUOTES = /\p{Cc}|\p{Cf}|['\\]/gu

export function shellWords(words: readonly string[]): string {
  return words.map(quoted).join(' ')
}

function quoted(word: string): string {
  if (CONTROLS.test(word)) return `$'${word.replace(CONTROLS_OR_QUOTES, escaped)}'`
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`
}

function escaped(character: string): string {
  const code = (character.codePointAt(0) ?? 0).toString(16)
  if (/['\\]/.test(character)) return `\\${character}`
  return code.length > 4 ? `\\U${code.padStart(8, '0')}` : `\\u${code.padStart(4, '0')}`
}
