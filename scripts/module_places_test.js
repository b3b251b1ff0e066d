/**
 * Where the packed package writes modules of kernels that do not say where they stand: beside the source that
 * the author wrote, in every way of running, and never among installed packages. Each run tunes a kernel of
 * two configs, in a process for trials, and calls it again. Needs no network.
 */
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, realpathSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import * as esbuild from 'esbuild'
import { installPacked, ROOT, withFolder, writeFiles } from './lib/temp_project.js'

const KERNEL = `import { aotKernel, hl } from 'helion-aot'

export const twice = aotKernel({ configs: [{ num_warps: 1 }, { num_warps: 2 }] }, function twice(x) {
  const out = hl.emptyLike(x)
  for (const t of hl.tile(x.shape[0])) out.at(t).set(x.at(t).mul(2))
  return out
})
`
const program = (kernel) => `import { ones } from 'helion-aot'
import { twice } from '${kernel}'

console.log(...await twice(ones([3])).data())
`
const FILES = {
  'package.json': { type: 'module' },
  'kernels/twice.js': KERNEL,
  'app.js': program('./kernels/twice.js'),
  'src/kernels/twice.ts': KERNEL.replace('(x)', '(x: Tensor)').replace('hl }', 'hl, type Tensor }'),
  'src/app.ts': program('./kernels/twice.js'),
  'node_modules/library/package.json': { name: 'library', type: 'module', exports: './lib/twice.js' },
  'node_modules/library/lib/twice.js': KERNEL,
  'foreign.js': program('library'),
}
/** Said where no process for trials is found. */
const IN_PROCESS = 'configs are tried in this process'
const SOURCE = 'src/kernels'
const MAPS = '--enable-source-maps'
const TSX = join(ROOT, 'node_modules', 'tsx', 'dist', 'cli.mjs')

/** The command after `node`, and the folder of the module; no folder where it is refused. */
const WAYS = {
  'plain Node': { command: ['app.js'], module: 'kernels' },
  tsx: { command: [TSX, 'src/app.ts'], module: SOURCE },
  'compiled, without the maps': { command: ['built/app.js'], module: SOURCE },
  'compiled, with --enable-source-maps': { command: [MAPS, 'built/app.js'], module: SOURCE },
  'a minified bundle with a map': { command: ['mapped/app.js'], module: SOURCE },
  'a minified bundle with a map, with --enable-source-maps': {
    command: [MAPS, 'mapped/app.js'],
    module: SOURCE,
  },
  'a minified bundle': { command: ['bundled/app.js'], module: 'bundled' },
  'an installed package': { command: ['foreign.js'], module: undefined },
  'an installed package, with --out-dir': {
    command: ['foreign.js'],
    flags: ['--out-dir', 'out'],
    module: 'out',
  },
}

await withFolder('modules', async (path) => {
  const folder = realpathSync(path)
  const external = await installPacked(folder)
  writeFiles(folder, FILES)
  const options = { absWorkingDir: folder, format: 'esm', platform: 'node', logLevel: 'error' }
  const sources = ['src/app.ts', 'src/kernels/twice.ts']
  esbuild.buildSync({ ...options, entryPoints: sources, outdir: 'built', sourcemap: true })
  const bundle = { ...options, entryPoints: ['src/app.ts'], bundle: true, minify: true, external }
  esbuild.buildSync({ ...bundle, outdir: 'mapped', sourcemap: true })
  esbuild.buildSync({ ...bundle, outdir: 'bundled' })
  for (const [name, way] of Object.entries(WAYS)) check(folder, name, way)
})

function check(folder, name, { command, flags = [], module }) {
  const cli = join(folder, 'node_modules', 'helion-aot', 'bin', 'helion-aot.js')
  const tuned = run(folder, [cli, '--effort', 'quick', ...flags, '--', 'node', ...command])
  const found = modulesIn(folder)
  const problems = []
  if (
    filesBelow(folder, /\.log$/).some((file) => readFileSync(join(folder, file), 'utf8').includes(IN_PROCESS))
  )
    problems.push('configs were tried in the process of the program')
  if ((tuned.status === 0) !== (module !== undefined)) problems.push(`exit code ${tuned.status}`)
  if (module === undefined && !tuned.stderr.includes('installed packages'))
    problems.push('no reason was given')
  if (found.map((file) => dirname(file)).join() !== (module ?? '')) {
    problems.push(`modules: ${found.join(', ') || 'none'}; expected in ${module ?? 'no folder'}`)
  }
  if (module !== undefined && flags.length === 0) {
    const { status, stdout, stderr } = run(folder, command)
    if (status !== 0 || stdout !== '2 2 2\n' || stderr !== '') problems.push(`then: ${stdout}${stderr}`)
  }
  console.log(`${problems.length === 0 ? 'ok' : 'FAILED'}: the place of the module: ${name}`)
  if (problems.length > 0) {
    process.exitCode = 1
    console.log(`  ${problems.join('\n  ')}\n${tuned.stdout}${tuned.stderr}`)
  }
  for (const file of found) rmSync(join(folder, file))
}

function modulesIn(folder) {
  return filesBelow(folder, /(^|\/)_helion_aot_[^/]*\.ts$/)
}

function filesBelow(folder, pattern) {
  return readdirSync(folder, { recursive: true })
    .map((file) => file.replaceAll('\\', '/'))
    .filter((file) => pattern.test(file))
}

function run(cwd, options) {
  const env = { ...process.env, HELION_ADAPTER: process.env.HELION_ADAPTER || 'swiftshader' }
  return spawnSync(process.execPath, options, { cwd, env, encoding: 'utf8' })
}
