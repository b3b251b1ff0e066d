/**
 * Wraps comments at 110 columns, which the formatter leaves alone: text that sticks out moves to the next
 * line of its paragraph. Part of `npm run format`.
 * Usage: node scripts/wrap_comments.js [file...], by default every file that git knows.
 */
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'

const WIDTH = 110
const ONE_LINE_DOC = /^(\s*)\/\*\* (.*) \*\/$/
const COMMENT_LINE = /^(\s*(?:\*|\/\/) )(\s*(?:[-*] |\d+\. )?)(.*)$/
/** Text that starts a paragraph of its own: lists, tags, tables, code, the end of the comment. */
const NEW_PARAGRAPH = /^(\s|[-*@|`/]|\d+\. |Usage: |$)/

function wrap(text) {
  const lines = text.split('\n')
  for (let i = 0; i < lines.length; i++) {
    if (lines[i].length <= WIDTH) continue
    const doc = ONE_LINE_DOC.exec(lines[i])
    if (doc) lines.splice(i, 1, `${doc[1]}/**`, `${doc[1]} * ${doc[2]}`, `${doc[1]} */`)
    else wrapLine(lines, i)
  }
  return lines.join('\n')
}

/** Moves what sticks out of line `i` to the next line, or to a new one. */
function wrapLine(lines, i) {
  const match = COMMENT_LINE.exec(lines[i])
  if (!match || match[3].startsWith('|')) return
  const [, prefix, bullet, words] = match
  const end = words.lastIndexOf(' ', WIDTH - prefix.length - bullet.length)
  if (end < 0) return
  const rest = words.slice(end + 1)
  const hanging = prefix + ' '.repeat(bullet.length)
  const next = lines[i + 1] ?? ''
  const continues = next.startsWith(hanging) && !NEW_PARAGRAPH.test(next.slice(hanging.length))
  lines[i] = prefix + bullet + words.slice(0, end)
  lines.splice(
    i + 1,
    continues ? 1 : 0,
    `${hanging}${rest}${continues ? ` ${next.slice(hanging.length)}` : ''}`,
  )
}

const known = [
  'ls-files',
  '--cached',
  '--others',
  '--exclude-standard',
  '*.ts',
  '*.js',
  ':!test/fixtures',
  ':!**/_helion_aot_*',
]
const files =
  process.argv.length > 2
    ? process.argv.slice(2)
    : execFileSync('git', known, { encoding: 'utf8' }).split('\n')
for (const file of files.filter(Boolean)) {
  const text = readFileSync(file, 'utf8')
  const wrapped = wrap(text)
  if (wrapped !== text) writeFileSync(file, wrapped)
}
