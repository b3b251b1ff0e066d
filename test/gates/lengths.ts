/**
 * Files of at most 400 lines, functions of at most 60 and lines of at most 110 characters, so that each can
 * be read in one go; in the code generator files of at most 300 lines, and folders of at most 12 files. In
 * tests the length of functions is free: `describe` takes its whole file as one.
 */
import { Visitor } from 'oxc-parser'
import type { Gate } from './gate.ts'
import { lineOf, parse, readSources, type SourceFile } from './source_files.ts'

const MAX_FILE_LINES = 400
const MAX_FUNCTION_LINES = 60
const MAX_LINE_LENGTH = 110

const CODEGEN = 'src/codegen/'
const MAX_CODEGEN_LINES = 300
const MAX_CODEGEN_FILES = 12

const FOLDERS = ['src', 'bin', 'scripts', 'templates', 'pretuned_kernels', 'examples', 'benchmarks', 'test']

export const lengths: Gate = {
  name: 'lengths',
  check(root) {
    const files = readSources(root, FOLDERS)
    const problems = files.flatMap((file) => [
      ...longFile(file),
      ...longLines(file),
      ...(file.path.startsWith('test/') ? [] : longFunctions(file)),
    ])
    return { checked: files.length, problems: [...problems, ...fullFolders(files)] }
  },
}

function longFile({ path, text }: SourceFile): string[] {
  const lines = text.trimEnd().split('\n').length
  const most = path.startsWith(CODEGEN) ? MAX_CODEGEN_LINES : MAX_FILE_LINES
  return lines > most ? [`${path} has ${lines} lines, more than ${most}`] : []
}

function fullFolders(files: readonly SourceFile[]): string[] {
  const counts = new Map<string, number>()
  for (const { path } of files) {
    const folder = path.slice(0, path.lastIndexOf('/') + 1)
    if (folder.startsWith(CODEGEN)) counts.set(folder, (counts.get(folder) ?? 0) + 1)
  }
  return [...counts].flatMap(([folder, count]) =>
    count > MAX_CODEGEN_FILES ? [`${folder} has ${count} files, more than ${MAX_CODEGEN_FILES}`] : [],
  )
}

function longLines({ path, text }: SourceFile): string[] {
  return text.split('\n').flatMap((line, index) => {
    const length = [...line].length
    if (length <= MAX_LINE_LENGTH) return []
    return [`${path}:${index + 1} has ${length} characters, more than ${MAX_LINE_LENGTH}`]
  })
}

function longFunctions(file: SourceFile): string[] {
  const problems: string[] = []
  const measure = (node: { readonly start: number; readonly end: number }): void => {
    const first = lineOf(file.text, node.start)
    const lines = lineOf(file.text, node.end) - first + 1
    if (lines <= MAX_FUNCTION_LINES) return
    problems.push(`${file.path}:${first} is a function of ${lines} lines, more than ${MAX_FUNCTION_LINES}`)
  }
  new Visitor({
    FunctionDeclaration: measure,
    FunctionExpression: measure,
    ArrowFunctionExpression: measure,
  }).visit(parse(file).program)
  return problems
}
