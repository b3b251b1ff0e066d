/**
 * scripts/install_if_missing.js against made-up lock files, with a stand-in for npm that reports its
 * arguments.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeEach, expect, it } from 'vitest'
import { temporaryFolder } from '../temporary_folder.ts'

const SCRIPT = fileURLToPath(new URL('../../scripts/install_if_missing.js', import.meta.url))
const CALLED = 'npm ci --include=dev --include=optional --no-audit --no-fund\n'

const WANTED = {
  '': { name: 'root', version: '1.0.0' },
  'node_modules/tool': { version: '1.2.3' },
  'node_modules/tool-for-another-platform': { version: '1.2.3', optional: true },
}
const INSTALLED = { 'node_modules/tool': { version: '1.2.3' } }

let root = ''

beforeEach(() => {
  root = temporaryFolder()
  writeFileSync(join(root, 'npm-cli.js'), "console.log('npm', ...process.argv.slice(2)); process.exit(7)")
  writeLock('package-lock.json', WANTED)
})

it('does nothing when every package is there', () => {
  writeLock('node_modules/.package-lock.json', INSTALLED)
  expect(install()).toEqual({ status: 0, output: '', message: '' })
})

it('installs on a fresh clone, and passes on the exit code of npm', () => {
  const message = 'installing packages (node_modules/tool is missing or of another version)\n'
  expect(install()).toEqual({ status: 7, output: CALLED, message })
})

it('installs when a package has another version', () => {
  writeLock('node_modules/.package-lock.json', { 'node_modules/tool': { version: '1.2.2' } })
  expect(install().output).toBe(CALLED)
})

it('installs when an optional package has another version', () => {
  const other = { 'node_modules/tool-for-another-platform': { version: '1.0.0', optional: true } }
  writeLock('node_modules/.package-lock.json', { ...INSTALLED, ...other })
  expect(install().output).toBe(CALLED)
})

it('needs a lock file', () => {
  rmSync(join(root, 'package-lock.json'))
  const { status, message } = install()
  expect([status, message.includes(`no readable package-lock.json in ${root}`)]).toEqual([1, true])
})

function install(): { status: number | null; output: string; message: string } {
  const env = { ...process.env, npm_execpath: join(root, 'npm-cli.js') }
  const { status, stdout, stderr } = spawnSync(process.execPath, [SCRIPT, root], { encoding: 'utf8', env })
  return { status, output: stdout, message: stderr }
}

function writeLock(path: string, packages: object): void {
  mkdirSync(join(root, 'node_modules'), { recursive: true })
  writeFileSync(join(root, path), JSON.stringify({ packages }))
}
