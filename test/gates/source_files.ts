/**
 * Finds and parses source files for the gates. Paths are relative to the root and use forward slashes.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { type ParseResult, parseSync, Visitor } from 'oxc-parser'

/** Never looked into: installed, generated, or bad on purpose. */
const SKIPPED = new Set(['node_modules', 'dist', 'coverage', 'fixtures', '__snapshots__'])

const CODE = /\.[jt]s$/
/** Modules written by the tool itself. */
const EMITTED = /(^|\/)_helion_aot_[^/]*$/

export interface SourceFile {
  readonly path: string
  readonly text: string
}

export interface ImportUse {
  readonly specifier: string
  readonly line: number
}

/** All files below the given folders of `root` (those that exist), sorted; hidden ones are left out. */
export function listFiles(root: string, folders: readonly string[]): string[] {
  return folders
    .filter((folder) => existsSync(join(root, folder)))
    .flatMap((folder) => walk(root, folder))
    .sort()
}

/** TypeScript and JavaScript written by hand, below the given folders. */
export function readSources(root: string, folders: readonly string[]): SourceFile[] {
  return listFiles(root, folders)
    .filter((path) => CODE.test(path) && !EMITTED.test(path))
    .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }))
}

/** The syntax tree; throws where the file cannot be parsed. */
export function parse(file: SourceFile): ParseResult {
  const result = parseSync(file.path, file.text)
  const [error] = result.errors
  if (error) throw new Error(`${file.path}: ${error.message}`)
  return result
}

/** Counts from 1. */
export function lineOf(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length
}

/** Every module that a file names: imports, re-exports, `import()` and types `import('…').T`. */
export function importsOf(file: SourceFile): ImportUse[] {
  const uses: ImportUse[] = []
  const add = (source: unknown, start: number): void => {
    const specifier = (source as { readonly value?: unknown } | null | undefined)?.value
    if (typeof specifier === 'string') uses.push({ specifier, line: lineOf(file.text, start) })
  }
  new Visitor({
    ImportDeclaration: (node) => add(node.source, node.start),
    ExportAllDeclaration: (node) => add(node.source, node.start),
    ExportNamedDeclaration: (node) => add(node.source, node.start),
    ImportExpression: (node) => add(node.source, node.start),
    TSImportType: (node) => add(node.source, node.start),
  }).visit(parse(file).program)
  return uses
}

/** The path that a relative import in `from` means. */
export function resolveImport(from: string, specifier: string): string {
  return posix.normalize(posix.join(posix.dirname(from), specifier))
}

function walk(root: string, folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    if (entry.name.startsWith('.') || SKIPPED.has(entry.name)) return []
    const path = posix.join(folder, entry.name)
    return entry.isDirectory() ? walk(root, path) : [path]
  })
}
