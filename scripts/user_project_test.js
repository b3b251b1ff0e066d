/**
 * The package as a user meets it: packed, installed into a new project elsewhere, with the README's first
 * kernel. In each of three projects (plain JavaScript, compiled TypeScript, tsx) it tunes through the
 * command, finds the module beside the kernel's source, and sees that the program uses it. Needs the npm
 * registry.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readmeFiles } from './lib/readme_files.js'
import { packPackage, ROOT, withFolder, writeFiles } from './lib/temp_project.js'

const KERNEL = 'softmax.ts'
const PROGRAM = 'bench.ts'
const EMITTED = /^_helion_aot_softmax_webgpu_\w+\.ts$/
const MARK = 'the emitted module decides'

const TSCONFIG = {
  compilerOptions: {
    module: 'nodenext',
    target: 'es2022',
    strict: true,
    sourceMap: true,
    outDir: 'build',
    skipLibCheck: false,
  },
  files: [PROGRAM],
}

/** Short searches; a goal that no noise of a busy machine misses. */
const FLAGS = ['--effort', 'quick', '--threshold', '1000']
const SECONDS_PER_SHAPE = '2'

/**
 * How users run things: the files of the project, the program, and what stands before it on the command line.
 */
const PROJECTS = {
  javascript: {
    files: (readme, folder) => stripTypes(readme, folder),
    program: ['node', 'bench.js'],
    command: ['helion-aot', ...FLAGS],
  },
  compiled: {
    files: (readme) => ({ ...readme, 'tsconfig.json': TSCONFIG }),
    prepare: ['tsc'],
    program: ['node', join('build', 'bench.js')],
    command: ['helion-aot', ...FLAGS, '--'],
  },
  tsx: {
    files: (readme) => readme,
    program: ['npx', 'tsx', 'bench.ts'],
    command: ['helion-aot', ...FLAGS, '--'],
  },
}

let failures = 0

await withFolder('user', async (folder) => {
  const readme = firstKernel()
  install(folder)
  for (const [name, project] of Object.entries(PROJECTS)) {
    const home = join(folder, name)
    mkdirSync(home)
    writeFiles(home, { 'package.json': { type: 'module' }, ...project.files(readme, folder) })
    testProject(name, home, project)
  }
})
console.log(failures === 0 ? 'user projects: ok' : `user projects: ${failures} FAILED`)
process.exitCode = failures === 0 ? 0 : 1

/** The files of the README that the test needs; it is an error when they are not marked there. */
function firstKernel() {
  const files = readmeFiles(join(ROOT, 'README.md'))
  const missing = [KERNEL, PROGRAM].filter((name) => !(name in files))
  if (missing.length > 0)
    throw new Error(`README.md has no block marked <!-- file: ${missing.join(', ')} -->`)
  return { [KERNEL]: files[KERNEL], [PROGRAM]: files[PROGRAM] }
}

function install(folder) {
  const { devDependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
  const tools = ['tsx', 'typescript', '@types/node'].map((name) => `${name}@${devDependencies[name]}`)
  writeFiles(folder, { 'package.json': { private: true, type: 'module' } })
  const result = run(folder, ['npm', 'install', '--no-audit', '--no-fund', packPackage(folder), ...tools])
  if (result.status !== 0) throw new Error(`npm install failed:\n${result.stderr}`)
}

function testProject(name, home, { prepare, program, command }) {
  if (prepare) expect(name, 'it compiles', run(home, ['npx', ...prepare]), ({ status }) => status === 0)
  const cold = run(home, program)
  expect(name, 'without a module the program runs, and names the command', cold, ({ status, stderr }) => {
    return status === 0 && stderr.includes('helion-aot')
  })
  const tuning = run(home, ['npx', ...command, ...program])
  expect(name, `npx ${[...command, ...program].join(' ')}`, tuning, ({ status }) => status === 0)
  const modules = emitted(home)
  expect(name, 'one module stands beside the source of the kernel', tuning, () => modules.length === 1)
  if (modules.length !== 1) return
  const warm = run(home, program)
  expect(name, 'with the module there is no warning', warm, ({ status, stderr }) => {
    return status === 0 && !stderr.includes('helion-aot')
  })
  leaveMark(modules[0])
  expect(name, 'the program asks the module', run(home, program), ({ stderr }) => stderr.includes(MARK))
  rmSync(modules[0])
  expect(name, 'a removed module is not used', run(home, program), ({ stderr }) => !stderr.includes(MARK))
}

function emitted(home) {
  return readdirSync(home)
    .filter((file) => EMITTED.test(file))
    .map((file) => join(home, file))
}

/** Makes the functions of an emitted module say when they are called. */
function leaveMark(file) {
  const text = readFileSync(file, 'utf8')
  const marked = text.replace(
    /^(export function (?:autotune|key)_softmax\([\s\S]*?\{)$/gm,
    `$1\n  console.error('${MARK}')`,
  )
  if (marked === text) throw new Error(`found no function to mark in ${file}`)
  writeFileSync(file, marked)
}

/** The files as their author would have written them in JavaScript. */
function stripTypes(files, folder) {
  const home = join(folder, 'stripped')
  mkdirSync(home)
  writeFiles(home, { 'package.json': { type: 'module' }, 'tsconfig.json': TSCONFIG, ...files })
  const { status, stdout } = run(home, ['npx', 'tsc', '--sourceMap', 'false', '--target', 'esnext'])
  if (status !== 0) throw new Error(`the README does not compile:\n${stdout}`)
  const names = Object.keys(files).map((name) => name.replace(/\.ts$/, '.js'))
  return Object.fromEntries(names.map((name) => [name, readFileSync(join(home, 'build', name), 'utf8')]))
}

function run(cwd, [command, ...options]) {
  const env = {
    HELION_AUTOTUNE_BUDGET_SECONDS: SECONDS_PER_SHAPE,
    ...process.env,
    HELION_ADAPTER: process.env.HELION_ADAPTER || 'swiftshader',
  }
  return spawnSync(command, options, { cwd, env, encoding: 'utf8', shell: process.platform === 'win32' })
}

function expect(project, what, result, holds) {
  const ok = holds(result)
  console.log(`${ok ? 'ok' : 'FAILED'}: ${project}: ${what}`)
  if (ok) return
  failures++
  console.log(`exit code ${result.status}\n${result.stdout}${result.stderr}`)
}
