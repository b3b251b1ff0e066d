/**
 * The package as a page runs it: bundled for browsers, in a context that has what pages have and nothing of
 * Node's.
 */
import { join } from 'node:path'
import { type Context, createContext, runInContext } from 'node:vm'
import { build, type Message } from 'esbuild'

/** The address of the script, which errors name. */
export const SCRIPT = 'https://example.org/bundle.js'

/** What a page has beside the language itself, as far as Node has it too. */
const WEB = {
  AbortController,
  clearInterval,
  clearTimeout,
  console,
  crypto,
  MessageChannel,
  performance,
  queueMicrotask,
  setInterval,
  setTimeout,
  structuredClone,
  TextDecoder,
  TextEncoder,
  URL,
  isSecureContext: true,
  navigator: {},
}

interface Bundle {
  readonly script: string
  readonly files: readonly string[]
  readonly warnings: readonly Message[]
}

/** Bundles the package, dynamic imports included, as a script that leaves its exports in `helion`. */
export async function bundleForPage(root: string): Promise<Bundle> {
  const { outputFiles, metafile, warnings } = await build({
    absWorkingDir: root,
    entryPoints: [join(root, 'src/index.ts')],
    bundle: true,
    write: false,
    metafile: true,
    platform: 'browser',
    format: 'iife',
    globalName: 'helion',
    // A script that can be run right here has no import.meta of its own.
    define: { 'import.meta.url': JSON.stringify(SCRIPT) },
    logLevel: 'silent',
  })
  return { script: outputFiles[0]?.text ?? '', files: Object.keys(metafile.inputs), warnings }
}

/** A page with these globals besides, after it has run the script. */
export function openPage(script: string, globals: object = {}): Context {
  const page = createContext({ ...WEB, ...globals })
  runInContext(script, page, { filename: SCRIPT })
  return page
}
