/**
 * Finds the line of the user's code that called into this package, from the stack of a fresh Error.
 * Works on V8 and on JavaScriptCore/SpiderMonkey stacks; `undefined` where the stack says nothing.
 */
import type { SourceLocation } from './errors.ts'

const PACKAGE_ROOT = packageRoot(import.meta.url)
/** No file is inside this folder. */
const NOWHERE = '\0'
const FRAME = /(?:\(|@|at )?((?:file:\/\/|https?:\/\/|\/|[A-Za-z]:[\\/])[^()\s]*?):(\d+):(\d+)\)?$/

/** The nearest caller outside this package. */
export function callSite(): SourceLocation | undefined {
  const limit = Error.stackTraceLimit
  Error.stackTraceLimit = 30
  const stack = new Error().stack ?? ''
  Error.stackTraceLimit = limit
  return parseStack(stack)
}

/**
 * Remembers the present stack; the place is worked out only when asked for, at a tenth of the cost of
 * callSite.
 */
export function lazyCallSite(): () => SourceLocation | undefined {
  const limit = Error.stackTraceLimit
  Error.stackTraceLimit = 8
  const here = new Error()
  Error.stackTraceLimit = limit
  return () => parseStack(here.stack ?? '')
}

/**
 * Remembers the caller of `entry`, a function that is on the stack: far cheaper than callSite, and right even
 * where everything is one file. Undefined where the engine cannot tell, or where the caller has no place of
 * its own (a function of JavaScript's, such as `Array.prototype.map`).
 */
export function callerOf(entry: (...args: never[]) => unknown): () => SourceLocation | undefined {
  const limit = Error.stackTraceLimit
  Error.stackTraceLimit = 1
  const here: { readonly stack?: string } = {}
  Error.captureStackTrace?.(here, entry)
  Error.stackTraceLimit = limit
  return () => parseStack(here.stack ?? '', NOWHERE)
}

/** The first frame of `stack` that is not inside this package. Exported for tests. */
export function parseStack(stack: string, root: string = PACKAGE_ROOT): SourceLocation | undefined {
  for (const text of stack.split('\n')) {
    const match = FRAME.exec(text.trim())
    if (!match?.[1] || match[1].startsWith('node:')) continue
    const file = toPath(match[1])
    if (file.startsWith(root)) continue
    return { file, line: Number(match[2]), column: Number(match[3]) }
  }
  return undefined
}

/** `file:` URLs become paths; other URLs stay as they are. */
export function toPath(url: string): string {
  if (!url.startsWith('file://')) return url
  const path = decodeURIComponent(url.slice('file://'.length).replace(/[?#].*$/, ''))
  return /^\/[A-Za-z]:\//.test(path) ? path.slice(1) : path
}

/** `src/` when run from source, the folder of the bundle otherwise. */
function packageRoot(moduleUrl: string): string {
  const path = toPath(moduleUrl)
  const source = path.lastIndexOf('/support/')
  return path.slice(0, source >= 0 ? source + 1 : path.lastIndexOf('/') + 1)
}
