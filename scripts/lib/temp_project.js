/**
 * A project of a user, somewhere in the folder for temporary files: what the tests of the packed package run
 * in.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as tar from 'tar'

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

/**
 * Builds and packs this package; returns the path of the tarball, in `folder`. HELION_PACKED names one that
 * is there already, for scripts that run one after the other.
 */
export function packPackage(folder) {
  if (process.env.HELION_PACKED) return process.env.HELION_PACKED
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

/**
 * Puts the packed package and links to its dependencies, but to nothing else, into node_modules of `folder`.
 * Returns the names of the dependencies.
 */
export async function installPacked(folder) {
  const home = join(folder, 'node_modules', 'helion-aot')
  mkdirSync(home, { recursive: true })
  await tar.extract({ file: packPackage(folder), cwd: home, strip: 1 })
  const { dependencies, optionalDependencies } = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8'))
  for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
    const [target, link] = [ROOT, folder].map((root) => join(root, 'node_modules', name))
    mkdirSync(dirname(link), { recursive: true })
    if (existsSync(target)) symlinkSync(target, link, 'junction')
  }
  return Object.keys(dependencies)
}
