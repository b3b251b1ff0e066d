/**
 * Files that are either the old or the new version, whatever happens while they are written, and names that
 * stay in their folder. Node only.
 */
import type { Stats } from 'node:fs'
import { DataError } from './errors.ts'
import { atPath } from './file_errors.ts'
import { requireNode } from './node.ts'

const DRAFT = /^\..*\.[0-9a-f-]{36}\.tmp$/

/** Writes `text` beside `path`, flushes it to the disk and renames it; creates the folders above. */
export function writeFileAtomic(path: string, text: string): void {
  const fs = requireNode('fs', `writing ${path}`)
  const { dirname, join, basename } = requireNode('path', `writing ${path}`)
  makeFolder(dirname(path))
  atPath(path, () => {
    const draft = join(dirname(path), draftName(basename(path)))
    const file = fs.openSync(draft, 'wx')
    try {
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
  })
}

/**
 * A name for what becomes the file `name`. Unlike any other, on machines that share a folder too; not made
 * from the whole name, which may be as long as names may be.
 */
export function draftName(name: string): string {
  const id = requireNode('crypto', `writing ${name}`).randomUUID()
  return `.${name.slice(0, 60)}.${id}.tmp`
}

/** Whether a name is one that `draftName` makes. */
export function isDraft(name: string): boolean {
  return DRAFT.test(name)
}

/**
 * Makes a folder and those above it. Not by `mkdir` with `recursive`, which never ends where a folder cannot
 * be made though the one above it is there, as under /proc.
 */
export function makeFolder(path: string): void {
  const fs = requireNode('fs', `making ${path}`)
  const { dirname, resolve } = requireNode('path', `making ${path}`)
  const isThere = (): boolean => {
    try {
      return fs.statSync(path).isDirectory()
    } catch {
      return false
    }
  }
  if (isThere()) return
  const parent = dirname(resolve(path))
  if (parent !== path) makeFolder(parent)
  try {
    fs.mkdirSync(path)
  } catch (error) {
    // Another process may have made it in between.
    if (!isThere()) throw error
  }
}

/** The text of a file; a byte order mark is dropped. Throws DataError as `refuseEndless` does. */
export function readText(path: string): string {
  const { readFileSync } = requireNode('fs', `reading ${path}`)
  refuseEndless(path)
  return atPath(path, () => readFileSync(path, 'utf8').replace(/^\uFEFF/, ''))
}

/** Makes a file hold a text, or end with it; for small files that may be lost. Throws as `openAppending`. */
export function writeText(
  path: string,
  text: string,
  { append = false }: { readonly append?: boolean } = {},
): void {
  const { appendFileSync, writeFileSync } = requireNode('fs', `writing ${path}`)
  refuseEndless(path, WRITING)
  atPath(path, () => (append ? appendFileSync : writeFileSync)(path, text))
}

/** Opens or creates a file to append to and to read. Throws DataError as `refuseEndless` does. */
export function openAppending(path: string): number {
  refuseEndless(path, WRITING)
  return requireNode('fs', `writing ${path}`).openSync(path, 'a+')
}

interface Use {
  readonly verb: string
  readonly remedy: string
}
const READING: Use = { verb: 'read', remedy: 'Write its contents to a file, and name that.' }
const WRITING: Use = { verb: 'write', remedy: 'Remove or rename it.' }

/**
 * Throws DataError where a pipe, a socket or a device stands: to read or to write it may take for ever. What
 * else may be wrong with a path is said by who uses it.
 */
export function refuseEndless(path: string, { verb, remedy }: Use = READING): void {
  const stat = statOf(path)
  if (stat === undefined || stat.isFile() || stat.isDirectory()) return
  const kind = stat.isFIFO() ? 'a pipe' : stat.isSocket() ? 'a socket' : 'a device'
  throw new DataError(`cannot ${verb} ${path}: ${kind} is there where a file belongs`, { remedy })
}

function statOf(path: string): Stats | undefined {
  try {
    return requireNode('fs', `reading ${path}`).statSync(path)
  } catch {
    return undefined
  }
}

/** Longest name of a file that common file systems take, in bytes. */
const LONGEST_NAME = 255

/**
 * The path of a file in a folder, for a name that comes from data. Throws DataError for a name that would
 * lead out of the folder, or that no file can have.
 */
export function insideFolder(folder: string, name: string): string {
  const isPlain = name !== '' && name !== '.' && name !== '..' && !UNSAFE.test(name)
  if (isPlain && new TextEncoder().encode(name).length <= LONGEST_NAME)
    return requireNode('path', `a file in ${folder}`).join(folder, name)
  const shown = name.length > 80 ? `${name.slice(0, 80)}…` : name
  throw new DataError(`${JSON.stringify(shown)} cannot be the name of a file in ${folder}`, {
    remedy: isPlain
      ? `Use a name of at most ${LONGEST_NAME} bytes.`
      : 'Use a name without `/`, `\\`, `:` and control characters.',
  })
}

const UNSAFE = /[/\\:\p{Cc}]/u
