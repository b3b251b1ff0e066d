/** Where a build writes modules. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, expect, test } from 'vitest'
import { runBuild } from '../../../src/aot/evaluate/run_build.ts'
import { UsageError } from '../../../src/support/errors.ts'
import { temporaryFolder } from '../../temporary_folder.ts'

let folder: string
beforeEach(() => {
  folder = temporaryFolder()
})

function save(name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

/** A source that is there. */
function sourceAt(...names: string[]): string {
  mkdirSync(join(folder, ...names.slice(0, -1)), { recursive: true })
  return save(join(...names), '')
}

const recordsOf = (source: string): string => {
  const kernel = { event: 'kernel', kernel: 'made', source_file: source, source_hash: 'abc' }
  const measured = {
    event: 'measurement',
    kernel: 'made',
    shape_hash: 's',
    config: { tag: 1 },
    shape_features: { arg0_dim0: 4 },
    status: 'ok',
    samples: [1],
    timing_ms: 1,
  }
  return save('r.jsonl', [kernel, measured].map((record) => JSON.stringify(record)).join('\n'))
}

test('beside the source that the records name', () => {
  const measurements = [recordsOf(sourceAt('kernels', 'k.ts'))]
  const { written } = runBuild({ measurements, device: 'dev' })
  expect(written?.modules).toEqual([join(folder, 'kernels', '_helion_aot_made_dev.ts')])
  expect(readFileSync(written?.modules[0] ?? '', 'utf8')).toContain("sourceHash: 'abc'")
})

test('beside the records where the source is not here: they decide no folder', () => {
  const measurements = [recordsOf(join(folder, 'elsewhere', 'k.ts'))]
  const { written } = runBuild({ measurements, device: 'dev' })
  expect(written?.modules).toEqual([join(folder, '_helion_aot_made_dev.ts')])
  expect(readdirSync(folder)).not.toContain('elsewhere')
})

test('never outside of the project, whatever the records say', () => {
  const [other, name] = [temporaryFolder(), '_helion_aot_made_dev.ts']
  writeFileSync(join(other, 'k.ts'), '')
  writeFileSync(join(other, name), 'as it was')
  const measurements = [recordsOf(join(other, 'k.ts'))]
  expect(() => runBuild({ measurements, device: 'dev' })).toThrow(
    new UsageError(
      `${join(other, name)} would be written outside of this project, ` +
        'where the records say that the kernel stands',
      { remedy: 'Name a folder with --out-dir, or change into the project of the kernel.' },
    ),
  )
  expect([readdirSync(folder), readdirSync(other).sort()]).toEqual([['r.jsonl'], [name, 'k.ts']])
  expect(readFileSync(join(other, name), 'utf8')).toBe('as it was')
  expect(runBuild({ measurements, device: 'dev', outDir: other }).written?.modules).toEqual([
    join(other, name),
  ])
})

test('beside a source in another package of the same repository', () => {
  save('package.json', '{}')
  const source = sourceAt('packages', 'kernels', 'k.ts')
  mkdirSync(join(folder, 'packages', 'bench'), { recursive: true })
  save(join('packages', 'bench', 'package.json'), '{}')
  const records = save(join('packages', 'bench', 'r.jsonl'), readFileSync(recordsOf(source), 'utf8'))
  expect(runBuild({ measurements: [records], device: 'dev' }).written?.modules).toEqual([
    join(folder, 'packages', 'kernels', '_helion_aot_made_dev.ts'),
  ])
})

test('never among installed packages, unless a folder is named', () => {
  const installed = join(folder, 'node_modules', 'p', 'dist')
  const options = { measurements: [recordsOf(sourceAt('node_modules', 'p', 'dist', 'k.js'))], device: 'dev' }
  expect(() => runBuild(options)).toThrow(
    new UsageError(
      `${join(installed, '_helion_aot_made_dev.ts')} would be written among installed packages`,
      {
        remedy:
          'Say where the kernel stands with its option source: import.meta.url, in a file of your own, ' +
          'or name a folder with --out-dir.',
      },
    ),
  )
  expect([readdirSync(folder), readdirSync(installed)]).toEqual([['node_modules', 'r.jsonl'], ['k.js']])
  const outDir = join(folder, 'node_modules', 'mine')
  expect(runBuild({ ...options, outDir }).written?.modules).toEqual([join(outDir, '_helion_aot_made_dev.ts')])
})
