/**
 * The files in which a kernel stands: the one that its author wrote, found through the source map of the
 * code that runs, and the one that runs. Generated modules stand beside either. Node only; elsewhere there
 * are none.
 */
import type * as TraceMapping from '@jridgewell/trace-mapping'
import type { SourceLocation } from '../support/errors.ts'
import { readText } from '../support/files.ts'
import { importNodePackage, nodeBuiltin, requireNode } from '../support/node.ts'
import { toPath } from '../support/stack_text.ts'

export interface KernelPlace {
  /** The file of the kernel as the running program knows it. */
  readonly sourceFile: string | undefined
  /** Where the kernel was made. */
  readonly location: SourceLocation | undefined
}

const MAP_COMMENT = /^\/\/[#@] ?sourceMappingURL=(\S+)\s*$/gm

/** The author's file first; only files that exist. */
export async function sourceFiles({ sourceFile, location }: KernelPlace): Promise<readonly string[]> {
  const fs = nodeBuiltin('fs')
  if (!fs || !sourceFile) return []
  const original = await originalOf(sourceFile, location).catch(() => undefined)
  const files = [original, sourceFile].filter((file) => file !== undefined && fs.existsSync(file))
  return [...new Set(files as string[])]
}

/** The file that `file` was compiled from, at the place of the kernel. */
async function originalOf(file: string, location: SourceLocation | undefined): Promise<string | undefined> {
  const map = await sourceMapOf(file)
  if (!map) return undefined
  const { trace, originalPositionFor } = map
  const sources = trace.resolvedSources.map((source) => (source === null ? '' : toPath(source)))
  if (location?.file === file) {
    const { source } = originalPositionFor(trace, { line: location.line, column: location.column - 1 })
    return source === null ? undefined : toPath(source)
  }
  // Stacks name the author's file where Node maps them itself.
  if (location && sources.includes(location.file)) return location.file
  return sources.length === 1 ? sources[0] : undefined
}

async function sourceMapOf(file: string) {
  const fs = requireNode('fs', 'reading a source map')
  const { pathToFileURL } = requireNode('url', 'reading a source map')
  if (!fs.existsSync(file)) return undefined
  const reference = [...readText(file).matchAll(MAP_COMMENT)].at(-1)?.[1]
  if (!reference) return undefined
  const url = new URL(reference, pathToFileURL(file))
  const text = url.protocol === 'data:' ? dataOf(reference) : readText(toPath(url.href))
  const base = url.protocol === 'data:' ? pathToFileURL(file).href : url.href
  const { TraceMap, originalPositionFor } =
    await importNodePackage<typeof TraceMapping>('@jridgewell/trace-mapping')
  return { trace: new TraceMap(text, base), originalPositionFor }
}

function dataOf(url: string): string {
  const [, kind = '', data = ''] = /^data:([^,]*),(.*)$/s.exec(url) ?? []
  return kind.endsWith(';base64') ? Buffer.from(data, 'base64').toString('utf8') : decodeURIComponent(data)
}
