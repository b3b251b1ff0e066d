/** JSON from outside is read where its depth is limited: what is deeper is no RangeError somewhere later. */
import { Visitor } from 'oxc-parser'
import type { Gate } from './gate.ts'
import { lineOf, parse, readSources, type SourceFile } from './source_files.ts'

const HOME = 'src/support/json.ts'
/** The others, each with what keeps it from depths. */
const OTHERS: Readonly<Record<string, string>> = {
  'src/autotuner/llm/json_in_text.ts': 'counts brackets first',
  'src/aot/evaluate/report/client/main.ts': 'what stands in its own page',
}

export const outsideJson: Gate = {
  name: 'outside_json',
  check(root) {
    const files = readSources(root, ['src'])
    return { checked: files.length, problems: files.flatMap(problemsOf) }
  },
}

function problemsOf(file: SourceFile): string[] {
  if (file.path === HOME || file.path in OTHERS) return []
  const problems: string[] = []
  new Visitor({
    MemberExpression: ({ object, property, start }) => {
      const isParse = object.type === 'Identifier' && object.name === 'JSON'
      if (isParse && property.type === 'Identifier' && property.name === 'parse')
        problems.push(`${file.path}:${lineOf(file.text, start)} calls JSON.parse; JSON is read in ${HOME}`)
    },
  }).visit(parse(file).program)
  return problems
}
