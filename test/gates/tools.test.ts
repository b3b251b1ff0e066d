/**
 * The tools behind `npm run check`, with this repository's settings, each seen to fail on bad code.
 */
import { spawnSync } from 'node:child_process'
import { cpSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeEach, expect, it } from 'vitest'
import { temporaryFolder } from '../temporary_folder.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

let folder = ''

beforeEach(() => {
  folder = temporaryFolder()
})

it('biome finds any, non-null assertions, wrong format and unused imports', () => {
  prepare('lint', 'biome.json')
  const { status, output } = run('biome', 'check', '--error-on-warnings', '--vcs-enabled=false', 'src')
  expect(status).toBe(1)
  expect(output).toMatch(/bad\.ts:\S+ lint\/suspicious\/noExplicitAny/)
  expect(output).toMatch(/bad\.ts:\S+ lint\/style\/noNonNullAssertion/)
  expect(output).toMatch(/bad\.ts format/)
  expect(output).toMatch(/warning\.ts:\S+ lint\/correctness\/noUnusedImports/)
  expect(output).not.toContain('good.ts:')
})

it('biome fails for a warning alone', () => {
  prepare('lint', 'biome.json')
  expect(run('biome', 'check', '--error-on-warnings', '--vcs-enabled=false', 'src/warning.ts').status).toBe(1)
  expect(run('biome', 'check', '--error-on-warnings', '--vcs-enabled=false', 'src/good.ts').status).toBe(0)
})

it('tsc refuses what cannot be stripped, inferred exports, unchecked indexing and unmarked types', () => {
  prepare('types', 'tsconfig.json')
  const { status, output } = run('tsc', '--noEmit', '--pretty', 'false')
  expect(status).not.toBe(0)
  const errors = [...output.matchAll(/bad\.ts\((\d+),\d+\): error (TS\d+)/g)]
  expect(errors.map(([, line, code]) => `${line} ${code}`)).toEqual([
    '1 TS1294',
    '5 TS1294',
    '7 TS9010',
    '8 TS2322',
    '9 TS1484',
  ])
})

it('knip finds unused files, exports and dependencies', () => {
  prepare('dead', 'knip.json', 'tsconfig.json')
  const { status, output } = run('knip')
  expect(status).toBe(1)
  expect(output).toContain('src/orphan.ts')
  expect(output).toMatch(/unused\s+src\/module\.ts:2/)
  expect(output).toMatch(/execa\s+package\.json/)
})

it('publint finds wrong entry points', () => {
  prepare('package')
  const { status, output } = run('publint', '--strict')
  expect(status).toBe(1)
  expect(output).toContain('src/tool.js')
  expect(output).toMatch(/types.*should be the first/)
})

/** A copy of a fixture with settings of this repository. */
function prepare(fixture: string, ...settings: string[]): void {
  cpSync(join(ROOT, 'test/fixtures/gates', fixture), folder, { recursive: true })
  for (const name of settings) cpSync(join(ROOT, name), join(folder, name))
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'), 'junction')
}

function run(tool: string, ...options: string[]): { status: number | null; output: string } {
  const path = join(ROOT, 'node_modules', '.bin', tool)
  const result = spawnSync(path, options, {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1' },
  })
  return { status: result.status, output: result.stdout + result.stderr }
}
