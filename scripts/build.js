/**
 * Builds the package into dist/: JavaScript by esbuild (bundled, shared code split into chunks, dependencies
 * left outside), declarations by tsc. Everything is made in a folder beside dist and moved there at the end,
 * so that no half-built dist is ever seen; when no input changed since the last build, nothing is done.
 * Types are not checked here but by `npm run check:types`: with isolatedDeclarations tsc need not know them.
 * Usage: node scripts/build.js [folder of the package]
 */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as esbuild from 'esbuild'

/** Name in dist -> source. `bin/` and the exports map of package.json lead here. */
const ENTRIES = {
  index: 'src/index.ts',
  kernels: 'src/kernels.ts',
  tuning: 'src/tuning.ts',
  'cli/main': 'src/cli/main.ts',
  trial_worker: 'src/autotuner/isolation/trial_worker.ts',
}
/**
 * Script of the report's page: a file of its own in dist/, with everything in it, that is inlined as text.
 */
const REPORT_CLIENT = 'src/aot/evaluate/report/client/main.ts'

/** Script of the Web Worker that tries programs: text within the package, since pages cannot read files. */
const WEB_WORKER = 'src/autotuner/isolation/trial_web_worker.ts'

/** Besides everything under src: what a build depends on. */
const OTHER_INPUTS = [
  'package.json',
  'package-lock.json',
  'tsconfig.json',
  'tsconfig.build.json',
  'scripts/build.js',
]

/**
 * Builds the package in folder `root` and says whether there was anything to do.
 * Throws when an entry is missing or esbuild or tsc fail; the previous dist then stays as it is.
 */
async function build(root) {
  const missing = Object.values(ENTRIES).filter((source) => !existsSync(join(root, source)))
  if (missing.length > 0) throw new Error(`${missing.join(', ')} not found in ${root}`)
  const dist = join(root, 'dist')
  const key = buildKey(root)
  if (readKey(dist) === key) return false
  const staging = `${dist}.${process.pid}`
  try {
    await bundle(root, staging)
    await bundleReportClient(root, staging)
    emitDeclarations(root, staging)
    writeFileSync(keyFile(staging), key)
    replaceFolder(staging, dist)
  } finally {
    rmSync(staging, { recursive: true, force: true })
  }
  return true
}

async function bundle(root, outdir) {
  const { warnings } = await esbuild.build({
    absWorkingDir: root,
    entryPoints: ENTRIES,
    outdir,
    bundle: true,
    splitting: true,
    chunkNames: 'chunks/[name]-[hash]',
    format: 'esm',
    platform: 'neutral',
    packages: 'external',
    target: 'es2022',
    sourcemap: true,
    define: { HELION_TRIAL_SCRIPT: JSON.stringify(await webWorkerScript(root)) },
    logLevel: 'warning',
  })
  if (warnings.length > 0) throw new Error('esbuild warned about the code; see above')
}

async function bundleReportClient(root, outdir) {
  if (!existsSync(join(root, REPORT_CLIENT))) return
  await bundleScript(root, REPORT_CLIENT, { outfile: join(outdir, 'report_client.js') })
}

async function webWorkerScript(root) {
  if (!existsSync(join(root, WEB_WORKER))) return ''
  // A script from a Blob has no import.meta; only Node's side asks for it.
  const define = { 'import.meta.url': '""' }
  const { outputFiles } = await bundleScript(root, WEB_WORKER, { write: false, define })
  return outputFiles[0].text
}

/** Everything that `entry` needs in one script for browsers. */
function bundleScript(root, entry, options) {
  return esbuild.build({
    absWorkingDir: root,
    entryPoints: [entry],
    bundle: true,
    format: 'iife',
    platform: 'browser',
    target: 'es2022',
    minify: true,
    logLevel: 'warning',
    ...options,
  })
}

function emitDeclarations(root, outdir) {
  const compiler = join(
    dirname(createRequire(import.meta.url).resolve('typescript/package.json')),
    'bin',
    'tsc',
  )
  const types = join(outdir, 'types')
  const options = ['--project', join(root, 'tsconfig.build.json'), '--outDir', types, '--noCheck']
  execFileSync(process.execPath, [compiler, ...options], { cwd: root, stdio: 'inherit' })
  // tsc leaves `./x.ts` in declarations, where no x.ts is shipped; `./x.js` is what every tool resolves.
  for (const file of filesBelow(types)) {
    const text = readFileSync(file, 'utf8')
    writeFileSync(
      file,
      text.replace(/(\b(?:from|import|module) |\bimport\()(['"])(\.[^'"\n]+)\.ts\2/g, '$1$2$3.js$2'),
    )
  }
}

/** A hash over the contents of all inputs. */
function buildKey(root) {
  const hash = createHash('sha256').update(JSON.stringify(ENTRIES))
  const others = OTHER_INPUTS.map((file) => join(root, file)).filter((file) => existsSync(file))
  for (const file of [...filesBelow(join(root, 'src')), ...others]) {
    hash.update(`\0${relative(root, file)}\0`).update(readFileSync(file))
  }
  return hash.digest('hex')
}

function filesBelow(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
}

function keyFile(folder) {
  return join(folder, '.build_key')
}

function readKey(dist) {
  return existsSync(keyFile(dist)) ? readFileSync(keyFile(dist), 'utf8') : undefined
}

function replaceFolder(from, to) {
  const old = `${from}.old`
  if (existsSync(to)) renameSync(to, old)
  renameSync(from, to)
  rmSync(old, { recursive: true, force: true })
}

const root = resolve(process.argv[2] ?? fileURLToPath(new URL('..', import.meta.url)))
try {
  console.error((await build(root)) ? 'built dist/' : 'dist/ is up to date')
} catch (error) {
  console.error(`build failed: ${error.message}`)
  process.exitCode = 1
}
