/**
 * The pretuned kernels on the adapter at hand: right answers, with the module that was made for this very
 * adapter, or with the documented fallback when that is missing.
 */
import { cpSync, existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { beforeAll, expect, it } from 'vitest'
import { deviceFamily } from '../../src/heuristics/device_family.ts'
import { getDevice } from '../../src/index.ts'
import { temporaryFolder } from '../temporary_folder.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const CHILD = fileURLToPath(new URL('./children/call_kernels.ts', import.meta.url))
const NAMES = ['vector_add', 'softmax', 'layer_norm', 'matmul']

let family = ''

beforeAll(async () => {
  const device = await getDevice()
  family = deviceFamily(device.info, device.limits)
})

function moduleOf(root: string, name: string): string {
  return join(root, 'pretuned_kernels', name, `_helion_aot_${name}_${family}.ts`)
}

/** What the kernels below `root` say when they are called. */
async function call(root: string): Promise<{ readonly stdout: string; readonly stderr: string }> {
  const folders = NAMES.map((name) => dirname(moduleOf(root, name)))
  return await execa('node', ['--import', import.meta.resolve('tsx'), CHILD, ...folders], {
    cwd: root,
    env: { HELION_AOT_VERBOSE: '1', TSX_TSCONFIG_PATH: join(ROOT, 'tsconfig.json') },
  })
}

it('run right with their own module', async () => {
  for (const name of NAMES) expect([name, existsSync(moduleOf(ROOT, name))]).toEqual([name, true])
  const { stdout, stderr } = await call(ROOT)
  expect(stdout.match(/^\w+: 0 of \d+ wrong$/gm)).toHaveLength(NAMES.length)
  for (const name of NAMES) expect(stderr).toContain(basename(moduleOf(ROOT, name)))
})

it('fall back to their default config, and say how to get a module', async () => {
  const root = temporaryFolder()
  cpSync(join(ROOT, 'pretuned_kernels'), join(root, 'pretuned_kernels'), { recursive: true })
  writeFileSync(join(root, 'package.json'), '{ "type": "module" }')
  mkdirSync(join(root, 'node_modules'))
  symlinkSync(ROOT, join(root, 'node_modules', 'helion-aot'))
  for (const name of NAMES) rmSync(moduleOf(root, name))
  const { stdout, stderr } = await call(root)
  expect(stdout.match(/^\w+: 0 of \d+ wrong$/gm)).toHaveLength(NAMES.length)
  for (const name of NAMES) expect(stderr).toContain(`no heuristic for the kernel ${name} on ${family}`)
  expect(stderr).toContain('npx helion-aot -- ')
})
