/**
 * Which lines errors name when the packed package runs as users run it: a program full of mistakes
 * (test/fixtures/places) in plain Node, under tsx, compiled with source maps, bundled, and bundled for
 * browsers, where it runs without Node's globals, also as in an engine that cannot find the caller of a
 * function. Needs no network and no GPU.
 */
import { spawnSync } from 'node:child_process'
import { readFileSync, realpathSync } from 'node:fs'
import { basename, join } from 'node:path'
import { createContext, runInContext } from 'node:vm'
import { originalPositionFor, TraceMap } from '@jridgewell/trace-mapping'
import * as esbuild from 'esbuild'
import { installPacked, ROOT, withFolder, writeFiles } from './lib/temp_project.js'

const PROGRAM = 'mistakes'
const SOURCE = readFileSync(join(ROOT, 'test', 'fixtures', 'places', `${PROGRAM}.ts`), 'utf8')
const URL_OF_PAGE = 'https://example.org/app.js'
const LEAST = 30

const COMPILER = {
  module: 'nodenext',
  target: 'es2022',
  lib: ['es2022', 'dom'],
  types: [],
  strict: true,
  rootDir: '.',
}

/** Each runs the program and says what it printed, and how to find the author's line from a place. */
const WAYS = {
  'plain Node': (project) => {
    compile(project, 'plain', { target: 'esnext' })
    const file = join('plain', `${PROGRAM}.js`)
    return { text: run(project, [file]), file, marks: readFileSync(join(project.folder, file), 'utf8') }
  },
  tsx: (project) => {
    const tsx = join(ROOT, 'node_modules', 'tsx', 'dist', 'cli.mjs')
    return { text: run(project, [tsx, `${PROGRAM}.ts`]), file: `${PROGRAM}.ts` }
  },
  'compiled, without the maps': (project) => {
    compile(project, 'compiled', { sourceMap: true })
    const file = join('compiled', `${PROGRAM}.js`)
    return { text: run(project, [file]), file, marks: readFileSync(join(project.folder, file), 'utf8') }
  },
  'compiled, with --enable-source-maps': (project) => {
    const file = join('compiled', `${PROGRAM}.js`)
    return { text: run(project, ['--enable-source-maps', file]), file: `${PROGRAM}.ts` }
  },
  'a bundle': (project) => inNode(project, { minify: false, sourcemap: 'external' }),
  'a minified bundle': (project) => inNode(project, { minify: true, sourcemap: 'external' }),
  'a minified bundle, with --enable-source-maps': (project) => {
    const { text } = inNode(project, { minify: true, sourcemap: 'linked' }, ['--enable-source-maps'])
    return { text, file: `${PROGRAM}.ts` }
  },
  'a bundle for browsers': (project) => inBrowser(project, { minify: false }),
  'a minified bundle for browsers': (project) => inBrowser(project, { minify: true }),
  'a browser that cannot find callers': (project) =>
    inBrowser(project, {
      minify: true,
      prelude: 'delete Error.captureStackTrace; Error.stackTraceLimit = 100',
    }),
}

await withFolder('places', async (path) => {
  const folder = realpathSync(path)
  const dependencies = await installPacked(folder)
  writeFiles(folder, { 'package.json': { type: 'module' }, [`${PROGRAM}.ts`]: SOURCE })
  for (const [name, way] of Object.entries(WAYS)) check(name, folder, way({ folder, dependencies }))
})

function compile({ folder }, outDir, options) {
  writeFiles(folder, {
    'tsconfig.json': { compilerOptions: { ...COMPILER, ...options, outDir }, files: [`${PROGRAM}.ts`] },
  })
  const compiler = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc')
  const { status, stdout } = spawnSync(process.execPath, [compiler], { cwd: folder, encoding: 'utf8' })
  if (status !== 0) throw new Error(`the program does not compile:\n${stdout}`)
}

function run({ folder }, options) {
  const { stdout, stderr } = spawnSync(process.execPath, options, { cwd: folder, encoding: 'utf8' })
  return stdout || stderr
}

function bundle({ folder }, outfile, options) {
  esbuild.buildSync({
    absWorkingDir: folder,
    entryPoints: [`${PROGRAM}.ts`],
    outfile,
    bundle: true,
    logLevel: 'error',
    ...options,
  })
}

function inNode(project, options, flags = []) {
  const file = join('bundles', `node_${options.minify}_${options.sourcemap}.js`)
  const node = { platform: 'node', format: 'esm', external: project.dependencies }
  bundle(project, file, { ...node, ...options })
  const text = run(project, [...flags, file])
  return { text, file, map: options.sourcemap === 'external' && mapOf(project, file) }
}

/** The page's globals are those that a bundle may use; Node's are not among them. */
function inBrowser(project, { minify, prelude = '' }) {
  const file = join('bundles', `browser_${minify}.js`)
  bundle(project, file, { platform: 'browser', format: 'iife', minify, sourcemap: 'external' })
  const printed = []
  const console = { log: (text) => printed.push(text), warn() {}, error() {} }
  const page = createContext({
    console,
    TextEncoder,
    TextDecoder,
    URL,
    performance,
    queueMicrotask,
    setTimeout,
  })
  try {
    runInContext(prelude, page)
    runInContext(readFileSync(join(project.folder, file), 'utf8'), page, { filename: URL_OF_PAGE })
  } catch (error) {
    printed.push(String(error.stack))
  }
  return { text: printed.join('\n'), file: URL_OF_PAGE, map: mapOf(project, file) }
}

function mapOf({ folder }, file) {
  return new TraceMap(readFileSync(join(folder, `${file}.map`), 'utf8'))
}

/** Compares what a run printed with the marks of the source, or of the file that ran. */
function check(way, folder, { text, file, map, marks = SOURCE }) {
  const problems = []
  const expected = markedLines(marks)
  const { found, kernels } = parsed(text)
  const home = file.startsWith('https:') ? file : join(folder, file)
  for (const { name, ...place } of found) {
    const at = map && place.file === home ? originalOf(map, place) : place
    const wanted = `${map ? `${PROGRAM}.ts` : basename(file)}:${expected.get(name)}`
    const named = `${basename(String(at.file))}:${at.line}`
    if (named !== wanted) problems.push(`${name}: ${named} instead of ${wanted}`)
  }
  if (found.length < LEAST || found.length !== expected.size) {
    problems.push(`${found.length} mistakes for ${expected.size} marks:\n${text}`)
  }
  for (const [name, place] of Object.entries(kernels)) {
    if (place !== home) problems.push(`the kernel ${name} stands in ${place} instead of ${home}`)
  }
  console.log(`${problems.length === 0 ? 'ok' : 'FAILED'}: the places of ${found.length} mistakes: ${way}`)
  for (const problem of problems) console.log(`  ${problem}`)
  if (problems.length > 0) process.exitCode = 1
}

function parsed(text) {
  try {
    return JSON.parse(text)
  } catch {
    return { found: [], kernels: {} }
  }
}

function originalOf(map, { line, column }) {
  const { source, line: original } = originalPositionFor(map, { line, column: column - 1 })
  return { file: source, line: original }
}

/** Mistake -> its line: the marked one among its lines, or the one whose mark names it. */
function markedLines(text) {
  const lines = new Map()
  let current
  for (const [i, line] of text.split('\n').entries()) {
    current = /^ +'(.*?)':/.exec(line)?.[1] ?? current
    const mark = /\/\/ ✗ ?(.*)$/.exec(line)
    if (mark) lines.set(mark[1] || current, i + 1)
  }
  return lines
}
