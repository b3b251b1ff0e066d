/**
 * Whatever stands where a file of ours belongs, nothing waits for it for ever: files are opened, read and
 * written where a pipe or a device is refused first.
 */
import type { Gate } from './gate.ts'
import { oneHome } from './one_home.ts'

const OPENING = new Set(
  ['read', 'write', 'append']
    .flatMap((verb) => [`${verb}File`, `${verb}FileSync`])
    .concat(['createReadStream', 'createWriteStream', 'openSync']),
)

export const plainFiles: Gate = oneHome({
  name: 'plain_files',
  home: 'src/support/files.ts',
  others: {
    'src/aot/lines.ts': 'refuses first',
    'src/autotuner/cache/entry_folder.ts': 'asks what it is',
    'src/autotuner/cache/file_share_cache.ts': 'asks what it is',
    'src/autotuner/isolation/handover.ts': 'a new file in a folder of its own',
    'src/autotuner/isolation/serve.ts': 'the file that handover made',
    'src/runtime/adapter/swiftshader.ts': 'refuses first',
  },
  visitor: (report) => ({
    CallExpression: ({ callee, start }) => {
      const name = callee.type === 'MemberExpression' ? callee.property : callee
      if (name.type === 'Identifier' && OPENING.has(name.name))
        report(start, `calls ${name.name}; files are opened`)
    },
  }),
})
