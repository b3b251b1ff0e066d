/**
 * Loads a generated module from a file. JavaScript, and TypeScript where the runtime understands it (tsx,
 * newer versions of Node), is imported as it is; otherwise esbuild strips the types. Node only.
 */
import type * as Esbuild from 'esbuild'
import { DataError, errorMessage } from '../support/errors.ts'
import { refuseEndless } from '../support/files.ts'
import { importNodePackage, requireNode } from '../support/node.ts'
import type { ModuleNamespace } from './module.ts'

/** What a file may be called behind its name, in the order of preference. */
export const MODULE_EXTENSIONS: readonly string[] = ['.ts', '.mts', '.js', '.mjs']

/** A module is data and two functions, there within milliseconds; it waits for nothing, unless edited. */
const MOST_SECONDS = 5

/** URLs of modules that took longer: nobody waits for them again, until somebody changes them. */
const stuck = new Set<string>()

/** The module in a file as it is now. Rejects with DataError naming the file and what is wrong with it. */
export async function loadModule(path: string): Promise<ModuleNamespace> {
  refuseEndless(path)
  try {
    return await inTime(path, (url) => importEither(path, url))
  } catch (error) {
    if (error instanceof StuckModule) throw error
    throw new DataError(`cannot load ${path}: ${errorMessage(error)}`, { remedy: REMEDY, cause: error })
  }
}

/** A module that does not come to its end. */
export class StuckModule extends DataError {
  constructor(path: string) {
    const what = `it had not finished after ${MOST_SECONDS} s, as with an \`await\` that nothing ends`
    super(`cannot load ${path}: ${what}`, { remedy: REMEDY })
  }
}

const REMEDY = 'Generate it again with `npx helion-aot`, or remove it.'

/** What is loaded in time. Seconds count in which this thread was free: it loads nothing while it is not. */
async function inTime<T>(path: string, load: (url: string) => Promise<T>): Promise<T> {
  const url = urlOf(path)
  if (stuck.has(url)) throw new StuckModule(path)
  let left = MOST_SECONDS
  let clock: ReturnType<typeof setInterval> | undefined
  const late = new Promise<never>((_, reject) => {
    clock = setInterval(() => {
      if (--left > 0) return
      stuck.add(url)
      reject(new StuckModule(path))
    }, 1000)
  })
  return await Promise.race([load(url), late]).finally(() => clearInterval(clock))
}

async function importEither(path: string, url: string): Promise<ModuleNamespace> {
  try {
    return await importNodePackage(url)
  } catch (native) {
    // Plain JavaScript needs esbuild too, where package.json makes `.js` mean CommonJS.
    return await importStripped(path).catch((error: unknown) => {
      throw error instanceof NoEsbuild ? native : error
    })
  }
}

/** The time of change in it makes a file that was written anew a new module. */
function urlOf(path: string): string {
  const { mtimeMs } = requireNode('fs', 'loading a module').statSync(path)
  const { href } = requireNode('url', 'loading a module').pathToFileURL(path)
  return `${href}?changed=${mtimeMs}`
}

/** Bundled, so that a module that was edited may import others beside it. */
async function importStripped(path: string): Promise<ModuleNamespace> {
  const { build } = await importNodePackage<typeof Esbuild>('esbuild').catch(() => {
    throw new NoEsbuild()
  })
  const { outputFiles } = await build({
    entryPoints: [path],
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'node',
    packages: 'external',
    target: 'es2022',
    logLevel: 'silent',
  })
  const code = outputFiles[0]?.contents ?? new Uint8Array()
  return await importNodePackage(`data:text/javascript;base64,${Buffer.from(code).toString('base64')}`)
}

class NoEsbuild extends Error {}
