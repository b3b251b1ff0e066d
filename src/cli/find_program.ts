/**
 * Whether the user's program can be started, asked before anything is made for it. It is looked for where
 * the child will look: in the project's `node_modules/.bin`, as npm scripts do, then on PATH.
 */
import { accessSync, constants, statSync } from 'node:fs'
import { delimiter, dirname, extname, join, resolve } from 'node:path'
import { UsageError } from '../support/errors.ts'

/** Throws UsageError when there is no such program, or none that may be executed. */
export function checkProgram(word: string): void {
  const isPath = /[/\\]/.test(word)
  const found = (isPath ? [resolve(word)] : searchPath(word)).flatMap(withEndings).map(kindOf)
  if (found.includes('program')) return
  if (isPath && found.includes('folder')) throw cannotStart(word, 'it is a folder', TYPE_IT)
  if (found.includes('file')) throw cannotStart(word, 'it may not be executed', throughNode(word))
  if (!isPath && ['program', 'file'].includes(kindOf(resolve(word)) ?? ''))
    throw cannotStart(word, 'it is not on PATH, though a file of that name is here', throughNode(word))
  throw cannotStart(word, isPath ? 'there is no such file' : 'there is no such command', TYPE_IT)
}

const TYPE_IT = 'Give the command as you would type it: npx helion-aot -- node bench.js'

/** Where a bare word may lead, in the order in which it is looked for. */
function searchPath(word: string): readonly string[] {
  const local: string[] = []
  for (let folder = process.cwd(); ; folder = dirname(folder)) {
    local.push(join(folder, 'node_modules', '.bin'))
    if (folder === dirname(folder)) break
  }
  const onPath = (process.env.PATH ?? '/usr/bin:/bin').split(delimiter).filter((folder) => folder !== '')
  return [...local, dirname(process.execPath), ...onPath].map((folder) => join(folder, word))
}

function withEndings(path: string): readonly string[] {
  if (process.platform !== 'win32') return [path]
  const endings = (process.env.PATHEXT ?? '.COM;.EXE;.BAT;.CMD').split(';')
  return [path, ...endings.map((ending) => `${path}${ending.toLowerCase()}`)]
}

function kindOf(path: string): 'program' | 'file' | 'folder' | undefined {
  try {
    if (statSync(path).isDirectory()) return 'folder'
  } catch {
    return undefined
  }
  try {
    accessSync(path, constants.X_OK)
    return 'program'
  } catch {
    return 'file'
  }
}

function throughNode(file: string): string {
  const runner = /^\.[cm]?tsx?$/.test(extname(file)) ? 'npx tsx' : 'node'
  return `Say what runs it: npx helion-aot -- ${runner} ${file}`
}

function cannotStart(word: string, why: string, remedy: string): UsageError {
  return new UsageError(`cannot start ${JSON.stringify(word)}: ${why}`, { remedy })
}
