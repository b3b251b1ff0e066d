/**
 * Runs `npm ci` when node_modules does not hold what package-lock.json names; does nothing otherwise.
 * So `npm test` and `npm run quickstart` work on a fresh clone. Contents are compared, not dates: a checkout
 * touches files, and npm writes its two lock files in no fixed order. Uses Node's built-in modules only.
 * Usage: node scripts/install_if_missing.js [folder of the package]
 */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

/** A package of the lock file that node_modules lacks or has in another version, or `undefined`. */
function missingPackage(root) {
  const wanted = readPackages(join(root, 'package-lock.json'))
  if (!wanted) throw new Error(`no readable package-lock.json in ${root}`)
  // npm keeps this list of what it installed last.
  const installed = readPackages(join(root, 'node_modules', '.package-lock.json')) ?? {}
  return Object.keys(wanted).find((path) => {
    if (path === '') return false
    const { version, optional } = wanted[path]
    // Optional packages may be for other platforms, or may have failed to install.
    return installed[path] ? installed[path].version !== version : !optional
  })
}

/** Installs if something is missing. Returns the exit code of npm, 0 when nothing had to be done. */
function installIfMissing(root) {
  const missing = missingPackage(root)
  if (missing === undefined) return 0
  console.error(`installing packages (${missing} is missing or of another version)`)
  const options = ['ci', '--include=dev', '--include=optional', '--no-audit', '--no-fund']
  const npm = process.env.npm_execpath
  // Under `npm run` the running npm is used; on Windows npm alone is a script, which needs a shell.
  const result = npm?.endsWith('npm-cli.js')
    ? spawnSync(process.execPath, [npm, ...options], { cwd: root, stdio: 'inherit' })
    : spawnSync(`npm ${options.join(' ')}`, { cwd: root, stdio: 'inherit', shell: true })
  if (result.error) throw result.error
  return result.status ?? 1
}

function readPackages(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8')).packages
  } catch {
    return undefined
  }
}

process.exitCode = installIfMissing(resolve(process.argv[2] ?? fileURLToPath(new URL('..', import.meta.url))))
