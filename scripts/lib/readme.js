/**
 * What the README shows: files are the code blocks that follow a line `<!-- file: NAME -->`, commands those
 * after `<!-- run: PROJECT -->`. Tests write the files and run the commands, so that what the README says
 * cannot drift from what works.
 */
import { readFileSync } from 'node:fs'

const FILE_BLOCK = /^<!-- file: (\S+) -->\n+```\w*\n([\s\S]*?)^```$/gm
const RUN_BLOCK = /^<!-- run: (\S+) -->\n+```sh\n([\s\S]*?)^```$/gm

/** Name -> text of the marked files of a Markdown file, in order; a name given twice is an error. */
export function readmeFiles(path) {
  return blocks(path, FILE_BLOCK)
}

/** Project -> its commands, in order. */
export function readmeCommands(path) {
  const texts = Object.entries(blocks(path, RUN_BLOCK))
  return Object.fromEntries(texts.map(([name, text]) => [name, text.trim().split('\n')]))
}

function blocks(path, pattern) {
  const found = {}
  for (const [, name, text] of readFileSync(path, 'utf8').matchAll(pattern)) {
    if (name in found) throw new Error(`${path} has two blocks for ${name}`)
    found[name] = text
  }
  return found
}
