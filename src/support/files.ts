/** Files that are either the old or the new version, whatever happens while they are written. Node only. */
import { nodeProcess, requireNode } from './node.ts'

let writes = 0

/** Writes `text` beside `path`, flushes it to the disk and renames it; creates the folders above. */
export function writeFileAtomic(path: string, text: string): void {
  const fs = requireNode('fs', `writing ${path}`)
  const { dirname, join, basename } = requireNode('path', `writing ${path}`)
  fs.mkdirSync(dirname(path), { recursive: true })
  const draft = join(dirname(path), `.${basename(path)}.${nodeProcess?.pid ?? 0}.${writes++}.tmp`)
  try {
    const file = fs.openSync(draft, 'w')
    try {
      fs.writeFileSync(file, text)
      fs.fsyncSync(file)
    } finally {
      fs.closeSync(file)
    }
    fs.renameSync(draft, path)
  } catch (error) {
    fs.rmSync(draft, { force: true })
    throw error
  }
}
