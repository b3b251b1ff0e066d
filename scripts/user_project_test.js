/**
 * The package as a user meets it: the README's first kernel, its commands run word for word in empty folders,
 * in TypeScript and in JavaScript; only the name of the package is replaced by that of the packed tarball.
 * The command tunes, the module stands beside the kernel's source, and the program uses it. Then the layout
 * of pnpm, in which the embedded adapter must be found. Needs the npm registry.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readmeCommands, readmeFiles } from './lib/readme.js'
import { packPackage, ROOT, withFolder, writeFiles } from './lib/temp_project.js'

const README = join(ROOT, 'README.md')
const FILES = readmeFiles(README)
const COMMANDS = readmeCommands(README)
const EMITTED = /^_helion_aot_softmax_webgpu_\w+\.ts$/
const MARK = 'the emitted module decides'
const TUNING = /^npx helion-aot .*-- (.*)$/

/** What the folder of each project of the README holds. */
const PROJECTS = {
  typescript: pick('softmax.ts', 'bench.ts'),
  javascript: { ...pick('softmax.js'), 'bench.js': pick('bench.ts')['bench.ts'] },
}

/** Short searches, and packages that the cache of npm has already. */
const ENVIRONMENT = {
  HELION_AUTOTUNE_BUDGET_SECONDS: '2',
  npm_config_prefer_offline: 'true',
  ...process.env,
  HELION_ADAPTER: process.env.HELION_ADAPTER || 'swiftshader',
}

const ADAPTER_PROGRAM = `import { tensor } from 'helion-aot'
console.log(...await tensor([1, 2]).data())
`

let failures = 0

await withFolder('user', async (folder) => {
  const tarball = packPackage(folder)
  for (const [name, files] of Object.entries(PROJECTS)) followReadme(name, join(folder, name), files, tarball)
  usePnpm(join(folder, 'pnpm'), tarball)
})
console.log(failures === 0 ? 'user projects: ok' : `user projects: ${failures} FAILED`)
process.exitCode = failures === 0 ? 0 : 1

/** Files of the README; it is an error when they are not marked there. */
function pick(...names) {
  const missing = names.filter((name) => !(name in FILES))
  if (missing.length > 0)
    throw new Error(`README.md has no block marked <!-- file: ${missing.join(', ')} -->`)
  return Object.fromEntries(names.map((name) => [name, FILES[name]]))
}

function followReadme(name, home, files, tarball) {
  mkdirSync(home)
  for (const command of COMMANDS.everywhere ?? []) expectSuccess(name, home, command, tarball)
  writeFiles(home, files)
  const commands = COMMANDS[name] ?? []
  const tuning = commands.findLast((command) => TUNING.test(command))
  const program = TUNING.exec(tuning ?? '')?.[1]
  if (program === undefined) throw new Error(`README.md does not tune the ${name} project`)
  for (const command of commands) {
    const result = expectSuccess(name, home, command, tarball)
    if (command !== program) continue
    expect(name, 'without a module the program names the command', result, ({ stderr }) =>
      stderr.includes('helion-aot'),
    )
  }
  useModule(name, home, program)
}

/** After tuning: the program runs by the module, as long as there is one. */
function useModule(name, home, program) {
  const modules = readdirSync(home).filter((file) => EMITTED.test(file))
  const warm = run(home, program)
  expect(name, 'one module stands beside the source of the kernel', warm, () => modules.length === 1)
  if (modules.length !== 1) return
  expect(name, 'with the module there is no warning', warm, ({ status, stderr }) => {
    return status === 0 && !stderr.includes('helion-aot')
  })
  const module = join(home, modules[0])
  leaveMark(module)
  expect(name, 'the program asks the module', run(home, program), ({ stderr }) => stderr.includes(MARK))
  rmSync(module)
  expect(name, 'a removed module is not used', run(home, program), ({ stderr }) => !stderr.includes(MARK))
}

/** Dependencies of the package are not among those of the project. */
function usePnpm(home, tarball) {
  mkdirSync(home)
  writeFiles(home, { 'package.json': { private: true, type: 'module' }, 'adapter.js': ADAPTER_PROGRAM })
  expectSuccess('pnpm', home, 'npx --yes pnpm@10 add helion-aot', tarball)
  const found = run(home, 'node adapter.js')
  expect('pnpm', 'the adapter is found', found, ({ status, stdout }) => status === 0 && stdout === '1 2\n')
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

function expectSuccess(project, home, command, tarball) {
  const start = performance.now()
  const result = run(home, command.replace(/(install|add) helion-aot$/, `$1 "${tarball}"`))
  const seconds = ((performance.now() - start) / 1000).toFixed(0)
  expect(project, `${command} (${seconds} s)`, result, ({ status }) => status === 0)
  return result
}

function run(cwd, command) {
  return spawnSync(command, { cwd, env: ENVIRONMENT, encoding: 'utf8', shell: true })
}

function expect(project, what, result, holds) {
  const ok = holds(result)
  console.log(`${ok ? 'ok' : 'FAILED'}: ${project}: ${what}`)
  if (ok) return
  failures++
  console.log(`exit code ${result.status}\n${result.stdout}${result.stderr}`)
}
