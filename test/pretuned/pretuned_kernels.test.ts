/**
 * The pretuned kernels on the adapter at hand: right answers, with the module that was made for this very
 * adapter, or with the documented fallback when that is missing; and sweeps that are worth tuning for.
 */
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { beforeAll, describe, expect, it } from 'vitest'
import { deviceFamily } from '../../src/heuristics/device_family.ts'
import { getDevice } from '../../src/index.ts'
import { temporaryFolder } from '../temporary_folder.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const CHILD = fileURLToPath(new URL('./children/call_kernels.ts', import.meta.url))
const FOLDER = join(ROOT, 'pretuned_kernels')
const NAMES = readdirSync(FOLDER).filter((name) => existsSync(join(FOLDER, name, `${name}.ts`)))
/** What every sweep can be made of: GPUs have more. */
const LEAST_CALLS = 20

interface Sweep {
  readonly kernel: { readonly definition: { readonly name: string } }
  readonly models: readonly {
    readonly model: string
    readonly dtypes: readonly string[]
    readonly sizes: readonly unknown[]
  }[]
}

let family = ''

beforeAll(async () => {
  const device = await getDevice()
  family = deviceFamily(device.info, device.limits)
})

function moduleOf(root: string, name: string): string {
  return join(root, 'pretuned_kernels', name, `_helion_aot_${name}_${family}.ts`)
}

/** What kernels below `root` say when they are called. */
async function call(
  root: string,
  names: readonly string[],
): Promise<{ readonly stdout: string; readonly stderr: string }> {
  const folders = names.map((name) => dirname(moduleOf(root, name)))
  return await execa('node', ['--import', import.meta.resolve('tsx'), CHILD, ...folders], {
    cwd: root,
    env: { HELION_AOT_VERBOSE: '1', TSX_TSCONFIG_PATH: join(ROOT, 'tsconfig.json') },
  })
}

/** All lines of the child, of which each says that a kernel is right. */
function right(stdout: string): readonly string[] {
  const lines = stdout.split('\n').filter((line) => /^\w+ f\d+: /.test(line))
  expect(lines.filter((line) => !line.endsWith(': right'))).toEqual([])
  return lines.map((line) => line.split(' ')[0] ?? '')
}

it('run right with their own module', async () => {
  for (const name of NAMES) expect([name, existsSync(moduleOf(ROOT, name))]).toEqual([name, true])
  const { stdout, stderr } = await call(ROOT, NAMES)
  expect(new Set(right(stdout))).toEqual(new Set(NAMES))
  for (const name of NAMES) expect(stderr).toContain(basename(moduleOf(ROOT, name)))
})

it('fall back to their default config, and say how to get a module', async () => {
  const names = ['softmax', 'vector_add']
  const root = temporaryFolder()
  for (const folder of ['pretuned_kernels', 'examples'])
    cpSync(join(ROOT, folder), join(root, folder), { recursive: true })
  writeFileSync(join(root, 'package.json'), '{ "type": "module" }')
  mkdirSync(join(root, 'node_modules'))
  symlinkSync(ROOT, join(root, 'node_modules', 'helion-aot'))
  for (const name of names) rmSync(moduleOf(root, name))
  const { stdout, stderr } = await call(root, names)
  expect(new Set(right(stdout))).toEqual(new Set(names))
  for (const name of names) expect(stderr).toContain(`no heuristic for the kernel ${name} on ${family}`)
  expect(stderr).toContain('npx helion-aot -- ')
})

describe.each(NAMES)('the sweep of %s', async (name) => {
  const { SWEEP } = (await import(join(FOLDER, name, `${name}.ts`))) as { SWEEP: Sweep }

  it('is of its kernel, and has enough different calls of named models', () => {
    expect(SWEEP.kernel.definition.name).toBe(name)
    const calls = SWEEP.models.flatMap(({ dtypes, sizes }) =>
      dtypes.flatMap((dtype) => sizes.map((one) => `${dtype} ${String(one)}`)),
    )
    expect(new Set(calls).size).toBe(calls.length)
    expect(calls.length).toBeGreaterThanOrEqual(LEAST_CALLS)
    expect(SWEEP.models.filter(({ model }) => model.trim() === '')).toEqual([])
  })
})
