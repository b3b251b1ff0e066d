/**
 * A project of a user, somewhere in the folder for temporary files: what the tests of the packed package run
 * in.
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The folder of this package. */
export const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** Calls `use` with a new folder that is removed afterwards, unless HELION_KEEP_PROJECT is set. */
export async function withFolder(name, use) {
  const folder = mkdtempSync(join(tmpdir(), `helion_aot_${name}_`))
  try {
    return await use(folder)
  } finally {
    if (process.env.HELION_KEEP_PROJECT) console.error(`kept ${folder}`)
    else rmSync(folder, { recursive: true, force: true })
  }
}

/** Writes `files` (path -> text, or data for JSON) below `folder`. */
export function writeFiles(folder, files) {
  for (const [path, content] of Object.entries(files)) {
    const file = join(folder, path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, typeof content === 'string' ? content : `${JSON.stringify(content, undefined, 2)}\n`)
  }
}

/** Builds and packs this package; returns the path of the tarball, in `folder`. */
export function packPackage(folder) {
  const options = ['pack', '--json', '--loglevel=error', '--pack-destination', folder]
  const output = execFileSync('npm', options, {
    cwd: ROOT,
    encoding: 'utf8',
    shell: process.platform === 'win32',
  })
  // A prepack script may print before the JSON.
  const [packed] = JSON.parse(output.slice(output.indexOf('[\n')))
  return join(folder, packed.filename)
}
