/**
 * Every source file opens with a doc comment of one to eight lines that says what the file is for.
 */
import type { Gate } from './gate.ts'
import { readSources } from './source_files.ts'

const HEADER = /^(?:#!.*\n)?\/\*\*([\s\S]*?)\*\//
const MAX_HEADER_LINES = 8

export const headers: Gate = {
  name: 'headers',
  check(root) {
    const files = readSources(root, ['src', 'bin', 'scripts', 'benchmarks', 'examples', 'pretuned_kernels'])
    const problems = files.flatMap(({ path, text }) => {
      const problem = judge(text)
      return problem ? [`${path}: ${problem}`] : []
    })
    return { checked: files.length, problems }
  },
}

function judge(text: string): string | undefined {
  const header = HEADER.exec(text)?.[1]
  if (header === undefined) return 'does not open with a doc comment'
  const lines = header.split('\n').filter((line) => /[^\s*]/.test(line)).length
  if (lines === 0) return 'opens with an empty doc comment'
  return lines > MAX_HEADER_LINES
    ? `opens with ${lines} lines of comment, more than ${MAX_HEADER_LINES}`
    : undefined
}
