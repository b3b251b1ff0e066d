/**
 * The generated modules in this repository are fresh: each is named for the kernel and the device that it is
 * about, was made for the kernel as it stands beside it, type-checks as strictly as can be, holds its
 * decision as data, and reads as the generator of today would write it.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { fileURLToPath } from 'node:url'
import { codeHashes } from '../../src/aot/evaluate/emit/code_hash.ts'
import { configLines, dataLiteral } from '../../src/aot/evaluate/emit/literals.ts'
import { readModule } from '../../src/aot/evaluate/emit/read_module.ts'
import { isOpen } from '../../src/config/value.ts'
import { moduleExports, moduleFileName } from '../../src/heuristics/module_names.ts'
import { errorMessage } from '../../src/support/errors.ts'
import { type LoadedModule, runModule } from '../aot/evaluate/run_module.ts'
import type { Gate } from './gate.ts'
import { listFiles } from './source_files.ts'

const HERE = fileURLToPath(new URL('../..', import.meta.url))
const CHILD = fileURLToPath(new URL('./children/kernel_hashes.ts', import.meta.url))
const STRICTEST = [
  ...['--ignoreConfig', '--noEmit', '--pretty', 'false', '--target', 'es2022', '--module', 'nodenext'],
  ...['--strict', '--noUncheckedIndexedAccess', '--exactOptionalPropertyTypes', '--isolatedDeclarations'],
  ...['--declaration', '--noUnusedLocals', '--noUnusedParameters', '--erasableSyntaxOnly', '--types', ''],
]

/** By file of a kernel, relative to the root: name of the kernel to the hash of its source. */
type Kernels = Readonly<Record<string, Readonly<Record<string, string>>>>

export const generatedModules: Gate = {
  name: 'generated_modules',
  check(root) {
    const files = listFiles(root, ['pretuned_kernels'])
    const modules = files.filter(isModule)
    const folders = new Set(modules.map((path) => posix.dirname(path)))
    const beside = files.filter((path) => folders.has(posix.dirname(path)) && /\.ts$/.test(path))
    const kernels = kernelsIn(
      root,
      beside.filter((path) => !isModule(path)),
    )
    const problems = modules.flatMap((path) => problemsOf(root, path, kernels))
    return { checked: modules.length, problems: [...problems, ...typeErrors(root, modules)].sort() }
  },
}

function isModule(path: string): boolean {
  return posix.basename(path).startsWith('_helion_aot_')
}

/** The kernels in some files below `root`, as another process finds them. */
export function kernelsIn(root: string, files: readonly string[]): Kernels {
  if (files.length === 0) return {}
  const paths = files.map((file) => join(root, file))
  const output = execFileSync(process.execPath, ['--import', 'tsx', CHILD, ...paths], {
    cwd: HERE,
    encoding: 'utf8',
  })
  const byPath = JSON.parse(output) as Kernels
  return Object.fromEntries(files.map((file, index) => [file, byPath[paths[index] ?? ''] ?? {}]))
}

function problemsOf(root: string, path: string, kernels: Kernels): readonly string[] {
  const text = readFileSync(join(root, path), 'utf8')
  const kernel = /^ {2}kernel: '(\w+)',$/m.exec(text)?.[1] ?? ''
  try {
    const module = runModule(text, kernel, path)
    const { held, own } = codeHashes(text)
    if (held !== own) return [`${path}: was edited, its codeHash should be '${own}'`]
    readModule(text, kernel, path)
    return [
      ...misnamed(path, module),
      ...stale(path, module, kernels),
      ...incomplete(path, module),
      ...(template(kernel, module).test(text)
        ? []
        : [`${path}: is not as this version writes it; build it again`]),
    ]
  } catch (error) {
    return [errorMessage(error).split('\n')[0] ?? '']
  }
}

function misnamed(path: string, { meta }: LoadedModule): readonly string[] {
  const name = moduleFileName(meta.kernel ?? '', meta.device ?? '')
  return posix.basename(path) === name ? [] : [`${path}: should be named ${name}`]
}

function stale(path: string, { meta }: LoadedModule, kernels: Kernels): readonly string[] {
  const folder = posix.dirname(path)
  const [hash] = Object.entries(kernels).flatMap(([file, hashes]) =>
    posix.dirname(file) === folder ? (hashes[meta.kernel ?? ''] ?? []) : [],
  )
  if (hash === undefined) return [`${path}: there is no kernel ${meta.kernel} beside it`]
  return hash === meta.sourceHash
    ? []
    : [`${path}: was made for another version of ${meta.kernel}; tune again`]
}

/** `{}` is the default config of each shape; what that was when it was measured must be told beside it. */
function incomplete(path: string, { configs, meta }: LoadedModule): readonly string[] {
  const isUntold = configs.some(isOpen) && meta.defaults === undefined
  return isUntold ? [`${path}: holds a config without fields; tune again`] : []
}

/** What the generator writes for this data, whatever it decides. */
function template(kernel: string, { configs, meta }: LoadedModule): RegExp {
  const { key, autotune } = moduleExports(kernel)
  const known: Readonly<Record<string, string>> = {
    configs: configLines(configs),
    meta: dataLiteral(meta, 0),
    keyName: key,
    autotuneName: autotune,
  }
  const text = readFileSync(join(HERE, 'templates/heuristic_module.txt'), 'utf8')
  const parts = text.split(/\{\{(\w+)\}\}/)
  const pattern = parts.map((part, index) => {
    const fixed = index % 2 === 0 ? part : known[part]
    return fixed === undefined ? '[\\s\\S]*?' : fixed.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')
  })
  return new RegExp(`^${pattern.join('')}$`)
}

function typeErrors(root: string, modules: readonly string[]): readonly string[] {
  if (modules.length === 0) return []
  const tsc = join(HERE, 'node_modules/typescript/bin/tsc')
  const { stdout } = spawnSync(process.execPath, [tsc, ...STRICTEST, ...modules], {
    cwd: root,
    encoding: 'utf8',
  })
  return stdout.split('\n').filter((line) => line !== '')
}
