/** A program of `children/` in a process of its own, bundled as users' programs are. */
import { spawnSync } from 'node:child_process'
import { symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { buildSync } from 'esbuild'
import { temporaryFolder } from '../temporary_folder.ts'

/**
 * What the program prints, as JSON, or its words where that is nothing. Its argument is a
 * program that throws.
 */
export function resultsOfThreads(child: string): Record<string, unknown> {
  const home = temporaryFolder()
  symlinkSync(join(import.meta.dirname, '..', '..', 'node_modules'), join(home, 'node_modules'))
  writeFileSync(join(home, 'package.json'), '{ "type": "module" }')
  const [program, broken] = [join(home, 'program.js'), join(home, 'broken.js')]
  buildSync({
    entryPoints: [join(import.meta.dirname, 'children', child)],
    outfile: program,
    bundle: true,
    format: 'esm',
    platform: 'node',
    packages: 'external',
  })
  writeFileSync(broken, 'throw new Error("no thread")')
  const { stdout, stderr } = spawnSync(process.execPath, [program, broken], { encoding: 'utf8' })
  return JSON.parse(stdout || JSON.stringify({ stderr }))
}
