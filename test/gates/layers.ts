/**
 * The architecture as a rule: imports in src, of types too, point downwards in the table of layers, never
 * sideways between folders of one layer, never in a circle between files; and only the runtime names the GPU.
 */
import { Visitor } from 'oxc-parser'
import type { Gate } from './gate.ts'
import { importsOf, lineOf, parse, readSources, resolveImport, type SourceFile } from './source_files.ts'

/** From the bottom up. The folders of one row do not know each other. */
const LAYERS: readonly (readonly string[])[] = [
  ['support'],
  ['config', 'ir'],
  ['language', 'codegen', 'heuristics'],
  ['runtime'],
  ['kernel'],
  ['autotuner'],
  ['aot'],
  ['cli'],
  ['index.ts'],
]

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
  if (rank(file.path) < 0) problems.push(`${file.path}: ${unitOf(file.path)} is in no layer`)
  return problems
}

/** What is wrong with an import, or `undefined`. */
function judge(from: string, to: string): string | undefined {
  const forbidden = Object.entries(FORBIDDEN).find(([prefix]) => from.startsWith(prefix))
  if (forbidden?.[1].includes(unitOf(to))) return `${forbidden[0]} must not know ${unitOf(to)}`
  if (unitOf(from) === unitOf(to)) return undefined
  if (rank(from) === rank(to)) return `sideways, ${unitOf(from)} and ${unitOf(to)} are neighbours`
  if (rank(from) < rank(to)) return `upwards, from ${unitOf(from)} to ${unitOf(to)}`
  return undefined
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

/** The folder or file directly below src. */
function unitOf(path: string): string {
  return path.split('/')[1] ?? ''
}

function rank(path: string): number {
  return LAYERS.findIndex((row) => row.includes(unitOf(path)))
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
