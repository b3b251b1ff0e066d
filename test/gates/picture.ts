/**
 * The picture of the house in docs/architecture.md, drawn from the imports: what `src` is made of, and what
 * `src/codegen` is. An arrow means that code of one calls code of the other; arrows that follow from others
 * are left out, and folders that need each other share a box. `npm run picture` draws it anew.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Gate } from './gate.ts'
import { parse, readSources, resolveImport } from './source_files.ts'

/** The page that holds the pictures. */
export const PAGE = 'docs/architecture.md'
const PICTURES = /<!-- picture of (\S+) -->\n.*?<!-- end of picture -->/gs

/** By part: the parts that it needs. */
type Needs = ReadonlyMap<string, ReadonlySet<string>>

export const picture: Gate = {
  name: 'picture',
  check(root) {
    const page = existsSync(join(root, PAGE)) ? readFileSync(join(root, PAGE), 'utf8') : ''
    const checked = [...page.matchAll(PICTURES)].length
    const isFresh = withPictures(page, root) === page
    return { checked, problems: isFresh ? [] : [`${PAGE}: its pictures are of before; npm run picture`] }
  },
}

/** The page with its pictures drawn anew. */
export function withPictures(page: string, root: string): string {
  return page.replace(PICTURES, (_, folder: string) => {
    const drawn = ['```mermaid', 'flowchart TD', ...arrows(needsIn(root, folder)), '```']
    return [`<!-- picture of ${folder} -->`, ...drawn, '<!-- end of picture -->'].join('\n')
  })
}

/** Parts are the folders and files right in `folder`; imports of types alone count for nothing. */
function needsIn(root: string, folder: string): Needs {
  const partOf = (path: string): string => path.slice(folder.length + 1).split('/')[0] ?? ''
  const needs = new Map<string, Set<string>>()
  for (const file of readSources(root, [folder])) {
    const needed = needs.get(partOf(file.path)) ?? new Set()
    needs.set(partOf(file.path), needed)
    for (const { moduleRequest, entries } of parse(file).module.staticImports) {
      const target = resolveImport(file.path, moduleRequest.value)
      const isCode = entries.length === 0 || entries.some(({ isType }) => !isType)
      if (isCode && target.startsWith(`${folder}/`)) needed.add(partOf(target))
    }
  }
  return needs
}

function arrows(needs: Needs): readonly string[] {
  const reach = new Map([...needs.keys()].map((part) => [part, reachable(needs, part)]))
  const reaches = (a: string, b: string): boolean => reach.get(a)?.has(b) ?? false
  // Each box is named for the first of its parts.
  const boxes = new Map<string, string[]>()
  for (const part of [...needs.keys()].sort()) {
    const box = [...boxes.keys()].find((other) => reaches(other, part) && reaches(part, other)) ?? part
    boxes.set(box, [...(boxes.get(box) ?? []), part])
  }
  const names = [...boxes.keys()]
  const below = (a: string, b: string): boolean => a !== b && reaches(a, b)
  const lines = names.map((box) => `  ${idOf(box)}["${boxes.get(box)?.join('<br/>')}"]`)
  const drawn = names.flatMap((a) => {
    const direct = names.filter((b) => below(a, b) && !names.some((c) => below(a, c) && below(c, b)))
    return direct.map((b) => `  ${idOf(a)} --> ${idOf(b)}`)
  })
  return [...lines, ...drawn]
}

function reachable(needs: Needs, from: string, found: Set<string> = new Set()): ReadonlySet<string> {
  for (const next of needs.get(from) ?? []) {
    if (found.has(next)) continue
    found.add(next)
    reachable(needs, next, found)
  }
  return found
}

function idOf(part: string): string {
  return part.replaceAll(/\W/g, '_')
}
