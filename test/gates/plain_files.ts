/**
 * Whatever stands where a file of ours belongs, nothing waits for it for ever: files are opened, read and
 * written where a pipe or a device is refused first.
 */
import { Visitor } from 'oxc-parser'
import type { Gate } from './gate.ts'
import { lineOf, parse, readSources, type SourceFile } from './source_files.ts'

const HOME = 'src/support/files.ts'
/** The others, each with what keeps it from waiting. */
const OTHERS: Readonly<Record<string, string>> = {
  'src/aot/lines.ts': 'refuses first',
  'src/autotuner/cache/entry_folder.ts': 'asks what it is',
  'src/autotuner/cache/file_share_cache.ts': 'asks what it is',
  'src/autotuner/isolation/handover.ts': 'a new file in a folder of its own',
  'src/autotuner/isolation/serve.ts': 'the file that handover made',
  'src/runtime/swiftshader.ts': 'refuses first',
}
const OPENING = new Set(
  ['read', 'write', 'append']
    .flatMap((verb) => [`${verb}File`, `${verb}FileSync`])
    .concat(['createReadStream', 'createWriteStream', 'openSync']),
)

export const plainFiles: Gate = {
  name: 'plain_files',
  check(root) {
    const files = readSources(root, ['src'])
    return { checked: files.length, problems: files.flatMap(problemsOf) }
  },
}

function problemsOf(file: SourceFile): string[] {
  if (file.path === HOME || file.path in OTHERS) return []
  const problems: string[] = []
  new Visitor({
    CallExpression: ({ callee, start }) => {
      const name = callee.type === 'MemberExpression' ? callee.property : callee
      if (name.type === 'Identifier' && OPENING.has(name.name))
        problems.push(
          `${file.path}:${lineOf(file.text, start)} calls ${name.name}; files are opened in ${HOME}`,
        )
    },
  }).visit(parse(file).program)
  return problems
}
