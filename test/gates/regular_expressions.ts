/**
 * Nothing asks generated text what it means: in src/codegen regular expressions stand only where names are
 * made from the author's texts.
 */
import { Visitor } from 'oxc-parser'
import type { Gate } from './gate.ts'
import { lineOf, parse, readSources, type SourceFile } from './source_files.ts'

const NAMES = 'src/codegen/thread/names.ts'

export const regularExpressions: Gate = {
  name: 'regular_expressions',
  check(root) {
    const files = readSources(root, ['src/codegen'])
    return { checked: files.length, problems: files.flatMap(problemsOf) }
  },
}

function problemsOf(file: SourceFile): string[] {
  if (file.path === NAMES) return []
  const lines = new Set<number>()
  new Visitor({
    Literal: (node) => {
      if ('regex' in node) lines.add(lineOf(file.text, node.start))
    },
    Identifier: ({ name, start }) => {
      if (name === 'RegExp') lines.add(lineOf(file.text, start))
    },
  }).visit(parse(file).program)
  return [...lines].map((line) => `${file.path}:${line} has a regular expression; names are made in ${NAMES}`)
}
