/**
 * What users can name: everything src/index.ts exports, and the entry points of package.json. The list is
 * kept in test/gates/public_api.txt, so that a name can neither appear nor vanish unnoticed.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Gate } from './gate.ts'
import { parse, resolveImport, type SourceFile } from './source_files.ts'

const LIST = 'test/gates/public_api.txt'
const INDEX = 'src/index.ts'

export const publicApi: Gate = {
  name: 'public_api',
  check(root) {
    const found = [...exportedNames(root), ...entryPoints(root)].sort()
    const listed = lines(root)
    const added = found.filter((name) => !listed.includes(name))
    const gone = listed.filter((name) => !found.includes(name))
    const problems = [
      ...added.map((name) => `new and not in ${LIST}: ${name}`),
      ...gone.map((name) => `gone but still in ${LIST}: ${name}`),
    ]
    return { checked: found.length, problems }
  },
}

function exportedNames(root: string): string[] {
  return namesOf(root, INDEX)
}

/** Stars are followed: the list has the names that they let through. */
function namesOf(root: string, path: string): string[] {
  const file: SourceFile = { path, text: readFileSync(join(root, path), 'utf8') }
  return parse(file).module.staticExports.flatMap(({ entries }) =>
    entries.flatMap(({ exportName, isType, moduleRequest }) => {
      if (exportName.name !== null) return `${isType ? 'type' : 'value'} ${exportName.name}`
      return namesOf(root, resolveImport(path, moduleRequest?.value ?? ''))
    }),
  )
}

/** `exports . types ./dist/…`, one line for each leaf of the map. */
function entryPoints(root: string): string[] {
  const { exports, bin } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Record<
    string,
    unknown
  >
  return [...leaves('exports', exports), ...leaves('bin', bin)]
}

function leaves(name: string, value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [`${name} ${String(value)}`]
  return Object.entries(value).flatMap(([key, inner]) => leaves(`${name} ${key}`, inner))
}

function lines(root: string): string[] {
  const path = join(root, LIST)
  return existsSync(path) ? readFileSync(path, 'utf8').split('\n').filter(Boolean) : []
}
