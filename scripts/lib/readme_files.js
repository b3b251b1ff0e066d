/**
 * The files that the README shows: every code block that follows a line `<!-- file: NAME -->`.
 * Tests write them to disk and run them, so that what the README says cannot drift from what works.
 */
import { readFileSync } from 'node:fs'

const FILE_BLOCK = /^<!-- file: (\S+) -->\n+```\w*\n([\s\S]*?)^```$/gm

/** Name -> text of the marked blocks of a Markdown file, in order; a name given twice is an error. */
export function readmeFiles(path) {
  const files = {}
  for (const [, name, text] of readFileSync(path, 'utf8').matchAll(FILE_BLOCK)) {
    if (name in files) throw new Error(`${path} has two blocks for ${name}`)
    files[name] = text
  }
  return files
}
