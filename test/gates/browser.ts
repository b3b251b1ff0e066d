/**
 * The package works in browsers: everything reachable from src/index.ts, dynamic imports included, bundles
 * for one without Node's modules, and the bundle runs where there is neither `process` nor `require`.
 */
import { join } from 'node:path'
import { createContext, runInContext } from 'node:vm'
import { type BuildFailure, build, type Message } from 'esbuild'
import type { Gate, GateResult } from './gate.ts'

/** What a page has beside the language itself, as far as Node has it too. */
const WEB = {
  AbortController,
  clearTimeout,
  console,
  crypto,
  performance,
  queueMicrotask,
  setTimeout,
  structuredClone,
  TextDecoder,
  TextEncoder,
  URL,
  navigator: {},
}

export const browser: Gate = {
  name: 'browser',
  async check(root) {
    try {
      return await bundleAndRun(root)
    } catch (error) {
      const { errors } = error as Partial<BuildFailure>
      if (!errors) throw error
      return { checked: 1, problems: errors.map(describe) }
    }
  },
}

async function bundleAndRun(root: string): Promise<GateResult> {
  const { outputFiles, metafile, warnings } = await build({
    absWorkingDir: root,
    entryPoints: [join(root, 'src/index.ts')],
    bundle: true,
    write: false,
    metafile: true,
    platform: 'browser',
    format: 'iife',
    // A script that can be run right here has no import.meta of its own.
    define: { 'import.meta.url': JSON.stringify('https://example.org/bundle.js') },
    logLevel: 'silent',
  })
  const problems = warnings.map(describe)
  try {
    runInContext(outputFiles[0]?.text ?? '', createContext({ ...WEB }))
  } catch (error) {
    problems.push(`the bundle throws when it is loaded: ${error}`)
  }
  return { checked: Object.keys(metafile.inputs).length, problems }
}

function describe({ text, location }: Message): string {
  const [line = ''] = text.split('\n')
  return location ? `${location.file}:${location.line} ${line}` : line
}
