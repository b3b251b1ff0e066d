/**
 * Type-checks a project that uses the packed package, as strictly as a user can: declarations of libraries
 * included, with both ways of resolving modules, and with nothing installed but what the package depends on.
 * The TypeScript files of the README are part of that project. Then bundles it for a browser, and a program
 * that only serves, which must come without the tuner. Needs no network.
 */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import * as esbuild from 'esbuild'
import { readmeFiles } from './lib/readme.js'
import { installPacked, ROOT, withFolder, writeFiles } from './lib/temp_project.js'

const EVERYTHING = ['*.ts']
const FOR_BROWSERS = { bundle: true, write: false, platform: 'browser', format: 'esm', logLevel: 'warning' }

/** How a user resolves modules, which library is there, and which files: the README's need a console. */
const USERS = {
  'nodenext, no DOM': { resolution: 'nodenext', lib: ['es2022'], include: ['consumer.ts'] },
  nodenext: { resolution: 'nodenext', lib: ['es2022', 'dom'], include: EVERYTHING },
  bundler: { resolution: 'bundler', lib: ['es2022', 'dom'], include: EVERYTHING },
}

const CONSUMER = `import * as helion from 'helion-aot'
export const names: string[] = Object.keys(helion)

declare const scaled: helion.Kernel<(x: helion.Tensor, by: number) => helion.Tensor>
declare const x: helion.Tensor
declare const lists: readonly [helion.Tensor, number][]
export const configs: Promise<helion.Config>[] = [
  scaled.autotune([x, 2], { initialPopulation: 20 }),
  scaled.autotuneMulti([[x, 2], [x, 3]], { aggregation: 'max', relativeTo: 'default', copies: 2 }),
  scaled.autotuneMulti(lists),
  // @ts-expect-error Each list has the arguments of a call.
  scaled.autotuneMulti([[x, 2], [x]]),
  // @ts-expect-error A list of lists.
  scaled.autotuneMulti([x, 2]),
  // @ts-expect-error No such aggregation.
  scaled.autotuneMulti([[x, 2]], { aggregation: 'mean' }),
]
`

await withFolder('types', async (folder) => {
  await installPacked(folder)
  const examples = typescriptOfReadme()
  writeFiles(folder, { 'package.json': { type: 'module' }, 'consumer.ts': CONSUMER, ...examples })
  console.log(`files of the README: ${Object.keys(examples).join(', ') || 'none'}`)
  const failed = Object.entries(USERS).filter(([name, options]) => !typeCheck(folder, name, options))
  if (failed.length > 0 || !(await bundleForBrowser(folder)) || !(await bundleOfServing(folder)))
    process.exitCode = 1
})

function typescriptOfReadme() {
  const readme = join(ROOT, 'README.md')
  if (!existsSync(readme)) return {}
  return Object.fromEntries(Object.entries(readmeFiles(readme)).filter(([name]) => name.endsWith('.ts')))
}

function typeCheck(folder, name, { resolution, lib, include }) {
  const compilerOptions = {
    module: resolution === 'bundler' ? 'esnext' : resolution,
    moduleResolution: resolution,
    target: 'es2022',
    lib,
    types: [],
    strict: true,
    skipLibCheck: false,
    noEmit: true,
  }
  writeFiles(folder, { 'tsconfig.json': { compilerOptions, include } })
  const compiler = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc')
  const result = spawnSync(process.execPath, [compiler, '--project', '.'], { cwd: folder, stdio: 'inherit' })
  console.log(`types for a user with ${name}: ${result.status === 0 ? 'ok' : 'FAILED'}`)
  return result.status === 0
}

/** esbuild finds every import, and none of Node's modules. */
async function bundleForBrowser(folder) {
  const { warnings } = await esbuild
    .build({ ...FOR_BROWSERS, absWorkingDir: folder, entryPoints: [join(folder, 'consumer.ts')] })
    .catch((failure) => ({ warnings: failure.errors }))
  console.log(`bundle for browsers: ${warnings.length === 0 ? 'ok' : 'FAILED'}`)
  return warnings.length === 0
}

/** A bundler leaves the tuner, which only a dynamic import leads to, out of what a page loads at first. */
async function bundleOfServing(folder) {
  const contents = `import { aotKernel, hl } from 'helion-aot'; console.log(aotKernel, hl)`
  const dynamic = (build) =>
    build.onResolve({ filter: /./ }, ({ kind }) =>
      kind === 'dynamic-import' ? { external: true } : undefined,
    )
  const { outputFiles } = await esbuild.build({
    ...FOR_BROWSERS,
    stdin: { contents, resolveDir: folder },
    minify: true,
    keepNames: true,
    plugins: [{ name: 'dynamic imports are files of their own', setup: dynamic }],
  })
  const [{ text }] = outputFiles
  const found = ['PatternSearch', 'RandomSearch', 'TrialCosts'].filter((name) => text.includes(`"${name}")`))
  const kilobytes = Math.round(text.length / 1000)
  const verdict = found.length === 0 ? 'ok' : `FAILED: it has ${found.join(', ')}`
  console.log(`bundle of a program that only serves, ${kilobytes} kB: ${verdict}`)
  return found.length === 0
}
