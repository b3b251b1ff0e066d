/** `npm run quickstart`, with short searches: what a newcomer sees, and that a second run repeats nothing. */
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, expect, it } from 'vitest'
import { temporaryFolder } from '../temporary_folder.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const folder = temporaryFolder()

interface Seen {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

function script(name: string, ...args: readonly string[]): Seen {
  const env = { ...process.env, HELION_AUTOTUNE_BUDGET_SECONDS: '0.3', HELION_AOT_DENSIFY: '0' }
  return spawnSync(process.execPath, [join(ROOT, 'scripts', name), ...args], { env, encoding: 'utf8' })
}

function quickstart(): Seen {
  const folders = ['--output-dir', join(folder, 'runs'), '--out-dir', join(folder, 'modules')]
  return script('quickstart.js', '--run-id', 'first', '--threshold', '1000', ...folders)
}

beforeAll(() => {
  expect(script('build.js')).toMatchObject({ status: 0 })
})

it('tunes two kernels end to end, shows a table and where the modules are; the second time is quick', () => {
  const first = quickstart()
  expect([first.status, first.stderr]).toEqual([
    0,
    expect.stringMatching(/^helion-aot: run first on webgpu_/m),
  ])
  const modules = readdirSync(join(folder, 'modules'))
  expect(modules).toHaveLength(2)
  for (const kernel of ['softmax', 'vector_add']) {
    // Four shapes are too few for times on shapes held out.
    const row = `^${kernel} +4 +\\d+( +\\d+\\.\\d\\dx){2} +– +\\d+\\.\\d\\dx$`
    expect(first.stdout).toMatch(new RegExp(row, 'm'))
    expect(modules.join()).toContain(`_helion_aot_${kernel}_webgpu_`)
  }
  const lines = first.stdout.split('\n')
  for (const file of modules) {
    const path = join(folder, 'modules', file)
    expect([path, relative(process.cwd(), path)]).toContain(lines.find((line) => line.includes(file))?.trim())
  }
  expect(first.stdout.match(/^right {2}/gm)).toHaveLength(24)
  expect(first.stdout).not.toContain('WRONG')
  const second = quickstart()
  expect(second.status).toBe(0)
  expect(second.stderr).not.toMatch(/tuned in|configs in/)
})
