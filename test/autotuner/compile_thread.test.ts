/** Compiling ahead of a device, in a thread with devices of its own. */
import { spawnSync } from 'node:child_process'
import { symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { buildSync } from 'esbuild'
import { expect, it } from 'vitest'
import { temporaryFolder } from '../temporary_folder.ts'

it('compiles ahead, is given up where that is of no use, and never stands in the way', () => {
  const home = temporaryFolder()
  symlinkSync(join(import.meta.dirname, '..', '..', 'node_modules'), join(home, 'node_modules'))
  writeFileSync(join(home, 'package.json'), '{ "type": "module" }')
  const [program, broken] = [join(home, 'program.js'), join(home, 'broken.js')]
  buildSync({
    entryPoints: [join(import.meta.dirname, 'children', 'compile_ahead.ts')],
    outfile: program,
    bundle: true,
    format: 'esm',
    platform: 'node',
    packages: 'external',
  })
  writeFileSync(broken, 'throw new Error("no thread")')
  const { stdout, stderr } = spawnSync(process.execPath, [program, broken], { encoding: 'utf8' })
  const results = JSON.parse(stdout || JSON.stringify({ stderr }))
  expect(results).toMatchObject({
    refusal: 'GpuError',
    // The device has at once what the thread has compiled.
    useful: true,
    // Each device compiles anew on adapters of tests.
    givenUp: true,
    compiled: true,
    // The thread has ended.
    endedMs: 1,
    end: true,
  })
  expect(results.ms).toBeGreaterThan(1)
  expect(results.without).toBeGreaterThan(0)
})
