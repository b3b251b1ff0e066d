/**
 * scripts/build.js on small packages: what it writes, when it has nothing to do, and how it fails.
 */
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { beforeEach, expect, it } from 'vitest'
import { temporaryFolder } from '../temporary_folder.ts'

const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url))

const SOURCES = {
  'src/index.ts': "export { shared, type Shared } from './shared.ts'\n",
  'src/kernels.ts': "export { shared } from './shared.ts'\n",
  'src/tuning.ts': "export { shared } from './shared.ts'\n",
  'src/shared.ts':
    "/** Both entries use it. */\nexport const shared: Shared = 'one'\nexport type Shared = string\n",
  'src/autotuner/isolation/trial_worker.ts':
    "import { shared } from '../../shared.ts'\nconsole.log(shared)\n",
  'src/cli/main.ts': "import { shared } from '../shared.ts'\nexport const main = (): string => shared\n",
}

let root = ''

beforeEach(() => {
  root = temporaryFolder()
  for (const name of ['package.json', 'tsconfig.json', 'tsconfig.build.json']) {
    cpSync(join(REPOSITORY, name), join(root, name))
  }
  symlinkSync(join(REPOSITORY, 'node_modules'), join(root, 'node_modules'), 'junction')
  for (const [path, text] of Object.entries(SOURCES)) write(path, text)
})

it('bundles the entries around one copy of what they share', async () => {
  expect(build()).toEqual({ status: 0, message: 'built dist/\n' })
  const index = await import(pathToFileURL(join(root, 'dist/index.js')).href)
  const cli = await import(pathToFileURL(join(root, 'dist/cli/main.js')).href)
  expect([index.shared, cli.main()]).toEqual(['one', 'one'])
  const bundles = read('dist/index.js') + read('dist/cli/main.js')
  expect(bundles).not.toContain('"one"')
  expect(bundles).toContain('sourceMappingURL=index.js.map')
})

it('writes declarations whose imports exist in the package', () => {
  build()
  expect(read('dist/types/index.d.ts')).toContain("from './shared.js'")
  expect(read('dist/types/shared.d.ts')).toContain('Both entries use it')
})

it('does nothing until a source changes', () => {
  build()
  expect(build()).toEqual({ status: 0, message: 'dist/ is up to date\n' })
  write('src/shared.ts', "export const shared: Shared = 'two'\nexport type Shared = string\n")
  write('dist/stale.js', '')
  expect(build().message).toBe('built dist/\n')
  expect(existsSync(join(root, 'dist/stale.js'))).toBe(false)
})

it('names an entry that is missing', () => {
  rmSync(join(root, 'src/index.ts'))
  expect(build()).toEqual({ status: 1, message: `build failed: src/index.ts not found in ${root}\n` })
})

it('keeps the old dist when the code is broken', () => {
  build()
  write('src/shared.ts', 'export const shared = (\n')
  const { status, message } = build()
  expect([status, message.includes('src/shared.ts:2:0')]).toEqual([1, true])
  expect(existsSync(join(root, 'dist/index.js'))).toBe(true)
})

it('takes warnings of the bundler for errors', () => {
  write('src/index.ts', 'export const never = (x: number): boolean => x === NaN\n')
  const { status, message } = build()
  expect([status, message.includes('build failed: esbuild warned about the code')]).toEqual([1, true])
})

function build(): { status: number | null; message: string } {
  const script = join(REPOSITORY, 'scripts/build.js')
  const { status, stderr } = spawnSync(process.execPath, [script, root], { encoding: 'utf8' })
  return { status, message: stderr }
}

function read(path: string): string {
  return readFileSync(join(root, path), 'utf8')
}

function write(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true })
  writeFileSync(join(root, path), text)
}
