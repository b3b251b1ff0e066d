/**
 * The architecture as a rule: imports in src, of types too, point downwards in the tables of layers, never
 * sideways between the parts of one layer, never in a circle between files; and only the runtime names the
 * GPU.
 */
import { Visitor } from 'oxc-parser'
import type { Gate } from './gate.ts'
import { importsOf, lineOf, parse, readSources, resolveImport, type SourceFile } from './source_files.ts'

/** Folder -> what is in it, from the bottom up. The parts of one row do not know each other. */
const LAYERS: Readonly<Record<string, readonly (readonly string[])[]>> = {
  src: [
    ['support'],
    ['config', 'ir'],
    ['language', 'codegen', 'heuristics'],
    ['runtime'],
    ['kernel'],
    ['autotuner'],
    ['aot'],
    ['cli'],
    ['kernels.ts', 'tuning.ts'],
    ['index.ts'],
  ],
  'src/runtime': [
    ['adapter'],
    ['memory'],
    ['pipelines'],
    ['commands'],
    ['device.ts'],
    ['stream.ts', 'compile_helpers.ts'],
    ['default_device.ts'],
    ['tensor'],
    ['timing'],
  ],
  'src/autotuner/search': [
    ['history.ts'],
    ['model'],
    ['session'],
    ['search.ts'],
    ['pattern_search.ts', 'random_search.ts', 'finite_search.ts', 'lfbo', 'evolution'],
    ['searches.ts', 'start_options.ts'],
  ],
  'src/codegen': [
    ['program.ts'],
    ['thread'],
    ['analysis', 'layout', 'wgsl', 'schedule'],
    ['plan', 'interpreter'],
    ['passes', 'sums', 'state', 'space'],
    ['values'],
    ['memory', 'reductions', 'contraction/matrix'],
    ['contraction'],
    ['loops'],
    ['lower'],
    ['compile.ts', 'grid_counts.ts'],
    ['facts.ts'],
  ],
}

/** Folders that know less than their layer allows. */
const FORBIDDEN: Readonly<Record<string, readonly string[]>> = {
  // Pure: records in, text out; it must run where there is neither a GPU nor a kernel.
  'src/aot/evaluate/': ['ir', 'language', 'codegen', 'runtime', 'kernel', 'autotuner'],
}

/** Interfaces of WebGPU, and the object that leads to them. */
const GPU_NAME = /^(GPU[A-Z]\w*|navigator)$/

export const layers: Gate = {
  name: 'layers',
  check(root) {
    const files = readSources(root, ['src'])
    const graph = new Map(files.map((file) => [file.path, new Set<string>()]))
    const problems = files.flatMap((file) => [...checkImports(file, graph), ...checkGpuNames(file)])
    return { checked: files.length, problems: [...problems, ...findCycles(graph)] }
  },
}

function checkImports(file: SourceFile, graph: Map<string, Set<string>>): string[] {
  const problems: string[] = []
  for (const { specifier, line } of importsOf(file)) {
    if (!specifier.startsWith('.')) continue
    const target = resolveImport(file.path, specifier)
    if (graph.has(target)) graph.get(file.path)?.add(target)
    const problem = graph.has(target) ? judge(file.path, target) : 'there is no such source file'
    if (problem) problems.push(`${file.path}:${line} imports ${target}: ${problem}`)
  }
  for (const folder of foldersAround(file.path)) {
    const part = partOf(folder, file.path)
    if (rank(folder, part) < 0) problems.push(`${file.path}: ${part} is in no layer`)
  }
  return problems
}

/** What is wrong with an import, or `undefined`. */
function judge(from: string, to: string): string | undefined {
  const forbidden = Object.entries(FORBIDDEN).find(([prefix]) => from.startsWith(prefix))
  const unit = partOf('src', to)
  if (forbidden?.[1].includes(unit)) return `${forbidden[0]} must not know ${unit}`
  return foldersAround(from)
    .filter((folder) => to.startsWith(`${folder}/`))
    .map((folder) => judgeWithin(folder, from, to))
    .find((problem) => problem !== undefined)
}

function judgeWithin(folder: string, from: string, to: string): string | undefined {
  const [user, used] = [partOf(folder, from), partOf(folder, to)]
  if (user === used) return undefined
  const [own, other] = [rank(folder, user), rank(folder, used)]
  if (own === other) return `sideways, ${user} and ${used} are neighbours`
  return own < other ? `upwards, from ${user} to ${used}` : undefined
}

function checkGpuNames(file: SourceFile): string[] {
  if (file.path.startsWith('src/runtime/')) return []
  const problems: string[] = []
  new Visitor({
    Identifier(node) {
      if (!GPU_NAME.test(node.name)) return
      const place = `${file.path}:${lineOf(file.text, node.start)}`
      problems.push(`${place} names ${node.name}: only src/runtime touches the GPU`)
    },
  }).visit(parse(file).program)
  return problems
}

/** The folders with layers that a file is in. */
function foldersAround(path: string): readonly string[] {
  return Object.keys(LAYERS).filter((folder) => path.startsWith(`${folder}/`))
}

/** The part of `folder` that a file belongs to: a folder or file right in it, or one that has its own row. */
function partOf(folder: string, path: string): string {
  const inner = path.slice(folder.length + 1)
  const parts = (LAYERS[folder] ?? []).flat().filter((part) => `${inner}/`.startsWith(`${part}/`))
  return parts.sort((a, b) => b.length - a.length)[0] ?? inner.split('/')[0] ?? ''
}

function rank(folder: string, part: string): number {
  return (LAYERS[folder] ?? []).findIndex((row) => row.includes(part))
}

/** One line for each circle found by a depth-first walk that returns to a file it has not left. */
function findCycles(graph: ReadonlyMap<string, ReadonlySet<string>>): string[] {
  const cycles: string[] = []
  const done = new Set<string>()
  const visit = (path: string, trail: readonly string[]): void => {
    const start = trail.indexOf(path)
    if (start >= 0) cycles.push(`imports in a circle: ${[...trail.slice(start), path].join(' -> ')}`)
    if (start >= 0 || done.has(path)) return
    for (const next of [...(graph.get(path) ?? [])].sort()) visit(next, [...trail, path])
    done.add(path)
  }
  for (const path of [...graph.keys()].sort()) visit(path, [])
  return cycles
}
