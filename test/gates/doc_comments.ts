/**
 * What editors show when one points at a public name: everything that src/index.ts exports, and each member
 * of what it exports, has a doc comment. Comments pass into the emitted declarations as they are.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Visitor } from 'oxc-parser'
import type { Gate } from './gate.ts'
import { parse, resolveImport, type SourceFile } from './source_files.ts'

const INDEX = 'src/index.ts'

interface Found {
  readonly file: SourceFile
  readonly name: string
}

export const docComments: Gate = {
  name: 'doc_comments',
  check(root) {
    const search = new Search(root)
    for (const { name, from } of search.exportsOf(search.file(INDEX))) search.look({ file: from, name })
    return { checked: search.checked, problems: search.problems }
  },
}

class Search {
  readonly problems: string[] = []
  checked = 0
  readonly #root: string
  readonly #files = new Map<string, SourceFile>()
  readonly #seen = new Set<string>()

  constructor(root: string) {
    this.#root = root
  }

  file(path: string): SourceFile {
    const known = this.#files.get(path) ?? { path, text: readFileSync(join(this.#root, path), 'utf8') }
    this.#files.set(path, known)
    return known
  }

  /** The names of a file with the files that they come from. */
  exportsOf(file: SourceFile): readonly { readonly name: string; readonly from: SourceFile }[] {
    return parse(file).module.staticExports.flatMap(({ entries }) =>
      entries.flatMap(({ exportName, moduleRequest }) => {
        const from = moduleRequest ? this.file(resolveImport(file.path, moduleRequest.value)) : file
        if (exportName.name === null) return this.exportsOf(from)
        return { name: exportName.name, from }
      }),
    )
  }

  /** Checks the declaration of a name, its members, and those of what it extends or stands for. */
  look({ file, name }: Found): void {
    const key = `${file.path} ${name}`
    if (this.#seen.has(key)) return
    this.#seen.add(key)
    const { program } = parse(file)
    const passedOn = this.exportsOf(file).find((other) => other.name === name && other.from !== file)
    if (passedOn) {
      this.look({ file: passedOn.from, name })
      return
    }
    new Visitor({
      TSInterfaceDeclaration: (node) => {
        if (node.id.name !== name) return
        for (const member of node.body.body)
          if ('key' in member && member.key.type !== 'Literal') this.#require(file, member.start, name)
        for (const { expression } of node.extends)
          if (expression.type === 'Identifier') this.#follow(file, expression.name)
      },
      TSTypeAliasDeclaration: (node) => {
        if (node.id.name !== name) return
        for (const part of file.text.slice(node.start, node.end).match(/\b[A-Z]\w+/g) ?? [])
          if (part !== name) this.#follow(file, part)
      },
      ClassDeclaration: (node) => {
        if (node.id?.name !== name || name.endsWith('Error')) return
        for (const member of node.body.body) {
          const isPublic =
            'key' in member && member.key.type === 'Identifier' && member.key.name !== 'constructor'
          if (isPublic && !('override' in member && member.override)) this.#require(file, member.start, name)
        }
      },
      ExportNamedDeclaration: ({ declaration, start }) => {
        const ids =
          declaration?.type === 'VariableDeclaration'
            ? declaration.declarations.map(({ id }) => id)
            : declaration && 'id' in declaration
              ? [declaration.id]
              : []
        if (ids.some((id) => id?.type === 'Identifier' && id.name === name)) this.#require(file, start, name)
      },
    }).visit(program)
  }

  /** The declaration behind a name in a file: there, or where it is imported from. */
  #follow(file: SourceFile, name: string): void {
    const from = parse(file).module.staticImports.find(({ entries }) =>
      entries.some(({ localName }) => localName.value === name),
    )?.moduleRequest.value
    if (from === undefined) this.look({ file, name })
    else if (from.startsWith('.')) this.look({ file: this.file(resolveImport(file.path, from)), name })
  }

  #require({ path, text }: SourceFile, start: number, of: string): void {
    this.checked++
    if (/\*\/\s*$/.test(text.slice(0, start))) return
    const line = text.slice(0, start).split('\n').length
    const words = text
      .slice(start)
      .split(/[\n(:=]/)[0]
      ?.trim()
    this.problems.push(`${path}:${line} ${of}: ${words} has no doc comment`)
  }
}
