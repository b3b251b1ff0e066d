/** Code that is generated in threads. */
import { spawnSync } from 'node:child_process'
import { symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { buildSync } from 'esbuild'
import { expect, it } from 'vitest'
import { temporaryFolder } from '../temporary_folder.ts'

it('is the same as here, comes here where a thread ends, and keeps no program from its end', () => {
  const home = temporaryFolder()
  symlinkSync(join(import.meta.dirname, '..', '..', 'node_modules'), join(home, 'node_modules'))
  writeFileSync(join(home, 'package.json'), '{ "type": "module" }')
  const [program, broken] = [join(home, 'program.js'), join(home, 'broken.js')]
  buildSync({
    entryPoints: [join(import.meta.dirname, 'children', 'codegen_ahead.ts')],
    outfile: program,
    bundle: true,
    format: 'esm',
    platform: 'node',
    packages: 'external',
  })
  writeFileSync(broken, 'throw new Error("no thread")')
  const { stdout, stderr } = spawnSync(process.execPath, [program, broken], { encoding: 'utf8' })
  const results = JSON.parse(stdout || JSON.stringify({ stderr }))
  expect(results).toMatchObject({ same: 30, asked: 30, without: true })
  expect(results.elsewhere).toBeGreaterThan(15)
})
